"""RedisLink: what hosts tell one another over the bus, and what other software says on it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

import structlog

from leadboost.clock import Clock
from leadboost.domain.echo import FRESH_S
from leadboost.domain.timeline import EXTERNAL_KIND
from leadboost.errors import InputError, MirrorError
from leadboost.messages.events import EventsCommitted, EventsNumbered, ForeignSaid, HaltTripped
from leadboost.messages.mirror import Echoed, HostNews
from leadboost.mirror import keys, wire
from leadboost.mirror.bus import PAYLOAD, EventBus, Fields

TRIPPED = b"tripped"
COMMITTED = b"committed"
BEAT = b"beat"
EVENTS_KEPT = timedelta(hours=1)
"""What people said is not to outlive its deletion in Redis; whoever is late reads the database."""
_COMPLAIN_EVERY_S = 10.0

Heard = HaltTripped | EventsNumbered | EventsCommitted | ForeignSaid | Echoed

_log = structlog.get_logger(__name__)


class RedisLink:
    """``HostLink`` on an EventBus. ``hear`` is called with what came from elsewhere, and never waits.

    Each beat goes through a stream and through Pub/Sub; when one of the two does not come back within three
    seconds, listening ends with an error, however healthy the connections look. What no host of this database
    sealed is left aside: whoever may write to Redis could show viewers what never happened.
    """

    def __init__(
        self, bus: EventBus, *, key: bytes, origin: str, clock: Clock, hear: Callable[[Heard], None]
    ) -> None:
        """``key`` is what the hosts of this database alone know."""
        self._bus = bus
        self._key = key
        self._origin = f"{wire.OURS}{origin}"
        self._clock = clock
        self._hear = hear
        self._unheard: dict[str, float] = {}
        self._deafness: asyncio.Timeout | None = None
        self._refused = 0
        self._complain_at = 0.0
        bus.subscribe(keys.EVENTS, self._hear_events)
        bus.subscribe(keys.CONTROL, self._hear_control)
        bus.subscribe(keys.ECHO, self._hear_echo)
        bus.subscribe(keys.SYSTEM_EVENTS, self._hear_foreign)

    async def send(self, news: HostNews) -> None:
        messages: list[tuple[str, Mapping[str, str | bytes | int]]] = []
        for halt in news.trips:
            messages.append((keys.CONTROL, self._control(TRIPPED, wire.trip_payload(halt))))
        if news.committed:
            messages.append((keys.CONTROL, self._control(COMMITTED)))
        if news.beat:
            messages += [(keys.CONTROL, self._control(BEAT)), (keys.ECHO, {"payload": self._origin})]
        for event in news.events:
            sealed = wire.sealed(self._key, wire.event_fields(event, self._origin))
            messages.append((keys.EVENTS, sealed))
            public = wire.public_event(event, self._origin)
            if public is not None and event.kind != EXTERNAL_KIND:  # they know what they said
                messages.append((keys.SYSTEM_EVENTS, {"payload": public}))
        if news.beat:
            self._expect_echo()  # beforehand: it may be back before we know that it left
        try:
            await self._bus.publish_all(
                messages, forget_before=self._clock.now() - EVENTS_KEPT if news.beat else None
            )
        except MirrorError:
            self._unheard.clear()
            self._wait_for_echo()
            raise

    def _control(self, kind: bytes, payload: bytes = b"") -> Mapping[str, bytes]:
        return wire.sealed(self._key, {"kind": kind, "origin": self._origin, "payload": payload})

    async def listen(self) -> None:
        self._unheard.clear()
        try:
            async with asyncio.timeout(None) as self._deafness:
                await self._bus.redis_listener()
        except TimeoutError as error:
            raise MirrorError(f"what was sent did not come back within {FRESH_S:g} s") from error
        finally:
            self._deafness = None

    # -- echo -------------------------------------------------------------------------------------

    def _expect_echo(self) -> None:
        now = self._clock.monotonic()
        for way in (keys.CONTROL, keys.ECHO):
            self._unheard.setdefault(way, now)
        self._wait_for_echo()

    def _note_echo(self, way: str) -> None:
        self._unheard.pop(way, None)
        self._wait_for_echo()
        if not self._unheard:
            self._hear(Echoed())

    def _wait_for_echo(self) -> None:
        if self._deafness is not None and not self._deafness.expired():
            oldest = min(self._unheard.values(), default=None)
            self._deafness.reschedule(None if oldest is None else oldest + FRESH_S)

    # -- what comes in ----------------------------------------------------------------------------

    def _is_mine(self, fields: Fields) -> bool:
        return fields.get(b"origin") == self._origin.encode()

    def _sound(self, messages: Sequence[Fields]) -> Iterator[Fields]:
        for each in messages:
            if wire.is_sealed(self._key, each):
                yield each
            else:
                self._complain("a stream holds what no host of this database wrote")

    def _hear_events(self, messages: Sequence[Fields]) -> None:
        theirs = (each for each in self._sound(messages) if not self._is_mine(each))
        events = [wire.event_of(each) for each in theirs]
        sound = tuple(event for event in events if event is not None)
        if sound:
            self._hear(EventsNumbered(events=sound))

    def _hear_control(self, messages: Sequence[Fields]) -> None:
        for each in self._sound(messages):
            mine = self._is_mine(each)
            match each.get(b"kind"):
                case b"beat" if mine:
                    self._note_echo(keys.CONTROL)
                case b"committed" if not mine:
                    self._hear(EventsCommitted())
                case b"tripped" if not mine:
                    halt = wire.trip_of(each.get(PAYLOAD, b""))
                    if halt is not None:
                        self._hear(HaltTripped(halt=halt))

    def _hear_echo(self, messages: Sequence[Fields]) -> None:
        if any(each[PAYLOAD] == self._origin.encode() for each in messages):
            self._note_echo(keys.ECHO)

    def _hear_foreign(self, messages: Sequence[Fields]) -> None:
        for each in messages:
            payload = each[PAYLOAD]
            try:
                message = wire.foreign_message(payload)
            except InputError as error:
                self._complain(f"system_events: {error}")
                continue
            if not wire.is_ours(message):
                digest = wire.digest_of(payload)
                self._hear(ForeignSaid(message=message, digest=digest, at=self._clock.now()))

    def _complain(self, reason: str) -> None:
        """Now and then: whoever may publish must not fill our log."""
        self._refused += 1
        now = self._clock.monotonic()
        if now >= self._complain_at:
            self._complain_at = now + _COMPLAIN_EVERY_S
            _log.warning("messages refused", count=self._refused, reason=reason)
