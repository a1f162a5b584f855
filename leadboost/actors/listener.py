"""Listener: journals what other software says, once over all hosts."""

from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

import structlog

from leadboost.clock import uuid7
from leadboost.domain.timeline import EXTERNAL_KIND
from leadboost.errors import LeaseLostError, StoreError
from leadboost.messages.events import EventsCommitted, ForeignSaid
from leadboost.ports import ForeignStore, Lease, LeaseStore, NewEvent
from leadboost.runtime import Actor, Event, Message, Topic

LEASE = "external"
KEEP_S = 2.0
RECALL = timedelta(seconds=20)
SKEW = timedelta(seconds=10)
MOST_WAITING = 5_000
AT_ONCE = 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keep(Event):
    """Renew the lease, or see whether it is free; and write what could not be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept(Message[None]):
    """The lease, None while another host holds it."""

    lease: Lease | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Digests(Message[None]):
    """What was journalled lately, by whoever held the lease; ``epoch`` is the term that asked."""

    epoch: int
    found: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded(Message[None]):
    """What was being written stands in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _NotKept(Message[None]):
    """Nobody knows whether the lease is ours."""

    error: StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class _NotRecorded(Message[None]):
    """The journal was not read, or not written."""

    error: StoreError


_Told = ForeignSaid | _Keep | _Kept | _Digests | _Recorded | _NotKept | _NotRecorded


class Listener(Actor[_Told]):
    """Every host hears the same; the one that holds the lease ``external`` writes it down.

    What was said in the last 20 s is remembered, so that whoever takes over can write what the last holder
    did not come to: the journal tells how often each was written, by digest. Under a flood the oldest of
    what waits is dropped, as Pub/Sub itself would.
    """

    def __init__(
        self, *, store: ForeignStore, leases: LeaseStore, holder: str, committed: Topic[EventsCommitted]
    ) -> None:
        self._store = store
        self._leases = leases
        self._holder = holder
        self._committed = committed
        self._lease: Lease | None = None
        self._recent: deque[ForeignSaid] = deque(maxlen=MOST_WAITING)
        self._waiting: deque[NewEvent] = deque(maxlen=MOST_WAITING)
        self._caught_up = 0  # the epoch of the term that knows what its predecessors wrote
        self._recording: Sequence[NewEvent] = ()
        self._keeping = self._busy = False

    async def on_start(self) -> None:
        self.every(KEEP_S, _Keep())
        self._keep()

    async def on_stop(self) -> None:
        if self._lease is not None:
            with suppress(StoreError):  # it runs out by itself
                await self._leases.release(self._lease)

    async def on_gap(self, count: int) -> None:
        _log.warning("messages of other software dropped", count=count)

    async def receive(self, message: _Told) -> None:
        match message:
            case ForeignSaid():
                self._hear(message)
            case _Keep():
                self._keep()
            case _Kept(lease=lease):
                self._keeping, self._lease = False, lease
            case _Digests(epoch=epoch, found=found):
                self._busy = False
                self._catch_up(epoch, found)
            case _Recorded():
                self._busy, self._recording = False, ()
                self._committed.publish(EventsCommitted())
            case _NotKept(error=error):
                self._keeping = False
                _log.warning("lease not kept", name=LEASE, error=str(error))
            case _NotRecorded(error=error):
                self._not_recorded(error)
                return  # tried again when the lease is kept
            case _:
                assert_never(message)
        self._write()

    def _hear(self, said: ForeignSaid) -> None:
        self._recent.append(said)
        while said.at - self._recent[0].at > RECALL:
            self._recent.popleft()
        if self._lease is not None and self._caught_up == self._lease.epoch:
            self._waiting.append(self._event(said))

    def _event(self, said: ForeignSaid) -> NewEvent:
        data = {"channel": "system_events", "message": said.message, "digest": said.digest}
        return NewEvent(id=uuid7(self.clock, self.rng), kind=EXTERNAL_KIND, at=said.at, data=data)

    def _keep(self) -> None:
        if not self._keeping:
            self._keeping = True
            self.spawn(
                "keep lease",
                self._leases.keep(LEASE, self._holder, self._lease),
                then=lambda lease: _Kept(lease=lease),
                otherwise=lambda error: _NotKept(error=_expected(error)),
            )

    def _write(self) -> None:
        lease = self._lease
        if self._busy or lease is None or self.clock.monotonic() >= lease.trusted_until:
            return
        if self._caught_up != lease.epoch:
            self._ask_what_stands(lease.epoch)
        elif self._waiting:
            count = min(len(self._waiting), AT_ONCE)
            self._recording = [self._waiting.popleft() for _ in range(count)]
            self._busy = True
            self.spawn(
                "record",
                self._store.record(self._recording, lease),
                then=lambda _: _Recorded(),
                otherwise=lambda error: _NotRecorded(error=_expected(error)),
            )

    def _ask_what_stands(self, epoch: int) -> None:
        self._busy = True
        since = self.clock.now() - RECALL - SKEW
        self.spawn(
            "read digests",
            self._store.digests(since),
            then=lambda found: _Digests(epoch=epoch, found=found),
            otherwise=lambda error: _NotRecorded(error=_expected(error)),
        )

    def _catch_up(self, epoch: int, found: Sequence[str]) -> None:
        """Of what was heard lately, write what does not stand in the journal yet."""
        written = Counter(found)
        self._waiting.clear()
        for said in self._recent:
            if written[said.digest] > 0:
                written[said.digest] -= 1
            elif self.clock.now() - said.at <= RECALL:
                self._waiting.append(self._event(said))
        self._caught_up = epoch

    def _not_recorded(self, error: StoreError) -> None:
        """Ids are drawn: what may have been written can be written again under the same lease."""
        self._busy = False
        room = MOST_WAITING - len(self._waiting)
        self._waiting.extendleft(reversed(self._recording[-room:] if room else ()))
        self._recording = ()
        if isinstance(error, LeaseLostError):
            self._lease = None
        else:
            _log.warning("messages of other software not journalled", error=str(error))


def _expected(error: Exception) -> StoreError:
    if not isinstance(error, StoreError):
        raise error
    return error
