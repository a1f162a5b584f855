"""Mirror: tells other hosts what happens here, and listens to them."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import structlog

from leadboost.domain.echo import Echo
from leadboost.domain.halt import Halt
from leadboost.errors import MirrorError
from leadboost.messages.events import EventsCommitted, EventsNumbered, HaltTripped
from leadboost.messages.health import ComponentHealth
from leadboost.messages.journal import JournalEvent
from leadboost.messages.mirror import Echoed, HostNews
from leadboost.ports import HostLink
from leadboost.runtime import Actor, Event

BEAT_S = 1.0
LISTEN_AGAIN_S = 0.2
EVENTS_KEPT = 10_000
EVENTS_AT_ONCE = 500
TRIPS_KEPT = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beat(Event):
    """Send what should come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent(Event):
    """A sending is over; ``error`` says that it is not known what arrived."""

    error: MirrorError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deaf(Event):
    """Listening ended."""

    error: MirrorError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listen(Event):
    """Listen again."""


_Told = HaltTripped | EventsNumbered | EventsCommitted | Echoed | _Beat | _Sent | _Deaf | _Listen


class Mirror(Actor[_Told]):
    """Passes on what the Journal of this host numbers, one sending at a time.

    What cannot be sent is dropped, but for trips: whoever misses it reads it from the database. ``health``
    hears each second whether a beat came back.
    """

    def __init__(self, *, link: HostLink, echo: Echo, health: Callable[[ComponentHealth], None]) -> None:
        self._link = link
        self._echo = echo
        self._health = health
        self._events: deque[JournalEvent] = deque(maxlen=EVENTS_KEPT)
        self._trips: deque[Halt] = deque(maxlen=TRIPS_KEPT)
        self._sending_trips: tuple[Halt, ...] = ()
        self._committed = self._beat = False
        self._sending = False
        self._trouble: str | None = None

    async def on_start(self) -> None:
        self._listen()
        self.every(BEAT_S, _Beat())
        self._beat = True
        self._send()

    async def receive(self, message: _Told) -> None:
        match message:
            case HaltTripped(halt=halt):
                self._trips.append(halt)
            case EventsNumbered(events=events):
                self._events.extend(events)
            case EventsCommitted():
                self._committed = True
            case Echoed():
                self._echo.note()
                self._note_trouble(None)
            case _Beat():
                self._beat = True
                self._tell_health()
            case _Sent(error=error):
                self._sent(error)
                if error is not None:
                    return  # a trip goes out again with the next beat
            case _Deaf(error=error):
                self._note_trouble(error)
                self.after(LISTEN_AGAIN_S, _Listen())
            case _Listen():
                self._listen()
            case _:
                assert_never(message)
        self._send()

    def _listen(self) -> None:
        self.spawn("listen", self._link.listen(), otherwise=_deaf)

    def _send(self) -> None:
        if self._sending or not (self._trips or self._events or self._committed or self._beat):
            return
        count = min(len(self._events), EVENTS_AT_ONCE)
        events = tuple(self._events.popleft() for _ in range(count))
        self._sending_trips = tuple(self._trips)
        self._trips.clear()
        news = HostNews(trips=self._sending_trips, events=events, committed=self._committed, beat=self._beat)
        self._committed = self._beat = False
        self._sending = True
        self.spawn("send", self._link.send(news), then=lambda _: _Sent(), otherwise=_not_sent)

    def _sent(self, error: MirrorError | None) -> None:
        self._sending = False
        if error is not None:
            self._events.clear()
            self._trips.extendleft(reversed(self._sending_trips))
            self._note_trouble(error)

    def _note_trouble(self, error: MirrorError | None) -> None:
        if error is not None and self._trouble is None:
            _log.warning("mirror troubled", error=str(error))
        elif error is None and self._trouble is not None:
            _log.info("mirror works again")
        self._trouble = None if error is None else str(error)

    def _tell_health(self) -> None:
        failure = self._echo.failure()
        if failure is None:
            self._health(ComponentHealth(name="redis", state="RUNNING"))
            return
        detail = f"{failure}: {self._trouble}" if self._trouble else failure
        self._health(ComponentHealth(name="redis", state="DEGRADED", detail=detail))


def _deaf(error: Exception) -> _Deaf:
    return _Deaf(error=_expected(error))


def _not_sent(error: Exception) -> _Sent:
    return _Sent(error=_expected(error))


def _expected(error: Exception) -> MirrorError:
    if not isinstance(error, MirrorError):
        raise error
    return error
