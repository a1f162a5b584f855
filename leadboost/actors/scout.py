"""Scout: hears signals, told or polled, and keeps each content once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never
from uuid import UUID

import structlog

from leadboost.clock import uuid7
from leadboost.domain.signal import content_hash
from leadboost.domain.signal_intake import read_signal
from leadboost.errors import (
    InputError,
    SourceError,
    SourceGoneError,
    StoreDataError,
    StoreError,
    WorkLimitError,
)
from leadboost.messages.events import EventsCommitted, SignalsStored, StepReported
from leadboost.messages.scout import (
    BeginIntake,
    HearSignals,
    ListSignals,
    ListSources,
    SignalRejection,
    SignalsHeard,
    SourceStatus,
    StoredSignal,
)
from leadboost.ports import Fetched, NewSignal, SignalStore, Source, SourceState, SourceStore
from leadboost.runtime import Actor, Event, Message, Topic

CHUNK = 100  # validating one takes about 15 ms, a pause that no sale notices
BUSY_S = 5.0
STORE_AWAY_S = 30.0
FIRST_BACKOFF_S = 300.0
LONGEST_BACKOFF_S = 6 * 3_600.0
LONGEST_WAIT_S = 86_400.0
SHORTEST_WAIT_S = 0.05
JITTER = 0.1
REASON_CHARS = 500
STEP = "radar"

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Intake:
    """Whether sources may be polled; outlives the actor, so that a restarted Scout goes on."""

    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Poll(Event):
    """On the event lane, where a flood of told signals cannot crowd it out."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched(Message[None]):
    name: str
    fetched: Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed(Message[None]):
    name: str
    error: Exception


class Scout(Actor[HearSignals | ListSignals | ListSources | BeginIntake | _Poll | _Fetched | _Failed]):
    """Validates every item by itself, stores what is new, and polls its sources once told to.

    A source's cursor is saved after its items: what a crash leaves between the two comes again and
    is found to be duplicate. A failing source waits as long as it asks for, or backs off; one that
    is gone is left alone until the next start, which counts as someone having looked.
    """

    max_work = 16

    def __init__(
        self,
        *,
        signals: SignalStore,
        states: SourceStore,
        sources: Sequence[Source],
        committed: Topic[EventsCommitted],
        stored: Topic[SignalsStored],
        steps: Topic[StepReported],
        intake: Intake,
        spread_s: float = 5.0,
    ) -> None:
        """``spread_s`` is the time over which first polls are spread at random."""
        self._signals = signals
        self._source_store = states
        self._sources = {source.name: source for source in sources}
        self._committed = committed
        self._stored = stored
        self._steps = steps
        self._fetching: set[str] = set()
        self._intake = intake
        self._spread_s = spread_s
        self._states: dict[str, SourceState] = {}
        self._polling = False

    async def on_start(self) -> None:
        for name, source in self._sources.items():
            saved = await self._source_store.load(name)
            self._states[name] = saved or SourceState(name=name, kind=source.kind)
        if self._intake.is_open:
            self._begin()

    async def receive(
        self, message: HearSignals | ListSignals | ListSources | BeginIntake | _Poll | _Fetched | _Failed
    ) -> SignalsHeard | Sequence[StoredSignal] | Sequence[SourceStatus] | None:
        match message:
            case HearSignals(items=items):
                return await self._hear(items)
            case ListSignals():
                return await self._signals.page(message)
            case ListSources():
                return [_status(state) for state in self._states.values()]
            case BeginIntake():
                self._begin()
            case _Poll():
                self._poll(message)
            case _Fetched():
                await self._fetched(message)
            case _Failed():
                await self._failed(message)
            case _:
                assert_never(message)
        return None

    # -- intake -----------------------------------------------------------------------------------

    async def _hear(self, items: Sequence[Mapping[str, object]]) -> SignalsHeard:
        accepted = 0
        rejected: list[SignalRejection] = []
        for start in range(0, len(items), CHUNK):
            fresh = self._validate(items[start : start + CHUNK], start, rejected)
            accepted += await self._keep(fresh, rejected)
        rejected.sort(key=lambda rejection: rejection.index)
        duplicates = len(items) - accepted - len(rejected)
        return SignalsHeard(accepted=accepted, duplicates=duplicates, rejected=tuple(rejected))

    def _validate(
        self, items: Sequence[object], start: int, rejected: list[SignalRejection]
    ) -> dict[int, NewSignal]:
        """Return the valid ones by index, of equal contents the first alone."""
        fresh: dict[int, NewSignal] = {}
        hashes: set[bytes] = set()
        now = self.clock.now()
        for index, item in enumerate(items, start):
            try:
                signal = read_signal(item, now=now)
            except InputError as error:
                rejected.append(SignalRejection(index=index, reason=str(error)))
                continue
            digest = content_hash(signal)
            if digest not in hashes:
                hashes.add(digest)
                fresh[index] = NewSignal(id=uuid7(self.clock, self.rng), content_hash=digest, signal=signal)
        return fresh

    async def _keep(self, fresh: Mapping[int, NewSignal], rejected: list[SignalRejection]) -> int:
        """Store and tell; returns how many were new. What the database refuses is rejected alone."""
        try:
            stored: Sequence[UUID] = await self._signals.insert(list(fresh.values())) if fresh else ()
        except StoreDataError as error:
            if len(fresh) > 1:
                first, second = _halves(fresh)
                return await self._keep(first, rejected) + await self._keep(second, rejected)
            rejected += [SignalRejection(index=index, reason=f"signal: {error}") for index in fresh]
            return 0
        if stored:
            self._committed.publish(EventsCommitted())
            self._stored.publish(SignalsStored(count=len(stored)))
        return len(stored)

    # -- polling ----------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._intake.is_open = True
        if self._polling:
            return
        self._polling = True
        self._tell_step()
        for state in self._states.values():
            self._schedule(state.name, self._first_wait_s(state))

    def _first_wait_s(self, state: SourceState) -> float:
        spread_s = self.rng.uniform(0.0, self._spread_s)
        if state.state == "gone" or state.next_due_at is None:
            return spread_s
        left_s = (state.next_due_at - self.clock.now()).total_seconds()
        return min(max(left_s, 0.0), LONGEST_WAIT_S) + spread_s

    def _schedule(self, name: str, wait_s: float) -> None:
        self.after(max(wait_s, SHORTEST_WAIT_S), _Poll(name=name))

    def _poll(self, poll: _Poll) -> None:
        # On several hosts this is where the source's lease is asked for.
        name = poll.name
        try:
            self.spawn(
                f"poll {name}",
                self._sources[name].fetch(self._states[name].cursor),
                then=lambda fetched: _Fetched(name=name, fetched=fetched),
                otherwise=lambda error: _Failed(name=name, error=error),
            )
        except WorkLimitError:
            self._schedule(name, BUSY_S)
        else:
            self._fetching.add(name)
            self._tell_step()

    async def _fetched(self, message: _Fetched) -> None:
        try:
            await self._take_in(message)
        finally:
            self._fetching.discard(message.name)
            self._tell_step()

    async def _take_in(self, message: _Fetched) -> None:
        name, fetched = message.name, message.fetched
        try:
            heard = await self._hear(fetched.items)
            wait_s = min(fetched.wait_s, LONGEST_WAIT_S) * self.rng.uniform(1.0, 1.0 + JITTER)
            state = self._advanced(name, fetched, heard, wait_s)
            await self._source_store.save(state)
        except StoreError as error:
            self._store_away(name, error)
            return
        self._states[name] = state
        self._schedule(name, wait_s)
        _tell(name, fetched, heard)

    def _advanced(self, name: str, fetched: Fetched, heard: SignalsHeard, wait_s: float) -> SourceState:
        now, old = self.clock.now(), self._states[name]
        return replace(
            old,
            cursor=fetched.cursor,
            state="up",
            reason=fetched.note,
            errors=0,
            last_polled_at=now,
            last_item_at=now if heard.accepted else old.last_item_at,
            next_due_at=now + timedelta(seconds=wait_s),
            accepted=old.accepted + heard.accepted,
            duplicates=old.duplicates + heard.duplicates,
        )

    def _store_away(self, name: str, error: StoreError) -> None:
        """The items come again at the next poll, for the cursor was not saved."""
        _log.warning("source items not stored", source=name, error=str(error))
        reason = f"its items could not be stored: {error}"[:REASON_CHARS]
        self._states[name] = replace(self._states[name], state="failing", reason=reason)
        self._schedule(name, STORE_AWAY_S)

    async def _failed(self, message: _Failed) -> None:
        name, error = message.name, message.error
        old, now = self._states[name], self.clock.now()
        is_gone = isinstance(error, SourceGoneError)
        wait_s = _wait_after(error, old.errors)
        self._states[name] = state = replace(
            old,
            state="gone" if is_gone else "failing",
            reason=_reason(error)[:REASON_CHARS],
            errors=old.errors + 1,
            last_polled_at=now,
            next_due_at=None if is_gone else now + timedelta(seconds=wait_s),
        )
        self._fetching.discard(name)
        self._tell_step()
        _complain(state, error)
        if not is_gone:
            self._schedule(name, wait_s)
        try:
            await self._source_store.save(state)
        except StoreError as trouble:
            _log.warning("source state not saved", source=name, error=str(trouble))

    def _tell_step(self) -> None:
        """Tell the timeline what goes on now: polling, failing, or nothing beyond what is journalled."""
        failing = [state for state in self._states.values() if state.state in ("failing", "gone")]
        state, detail = None, None
        if self._fetching:
            state, detail = "PROCESSING", ", ".join(sorted(self._fetching))
        elif failing:
            state, detail = "ERROR", "; ".join(f"{each.name}: {each.reason}" for each in failing)
        detail = detail and detail[:REASON_CHARS]
        self._steps.publish(StepReported(step=STEP, state=state, detail=detail, at=self.clock.now()))


def _wait_after(error: Exception, errors: int) -> float:
    if isinstance(error, SourceError) and error.retry_after_s is not None:
        return min(error.retry_after_s, LONGEST_WAIT_S)
    return min(FIRST_BACKOFF_S * 2.0 ** min(errors, 16), LONGEST_BACKOFF_S)


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, SourceError) else f"internal error ({type(error).__name__})"


def _complain(state: SourceState, error: Exception) -> None:
    if isinstance(error, SourceError):
        _log.warning("source failed", source=state.name, state=state.state, reason=state.reason)
    else:
        _log.error("source failed unexpectedly", source=state.name, exc_info=error)


def _tell(name: str, fetched: Fetched, heard: SignalsHeard) -> None:
    _log.info(
        "source polled",
        source=name,
        accepted=heard.accepted,
        duplicates=heard.duplicates,
        rejected=len(heard.rejected),
        first_rejection=heard.rejected[0].reason if heard.rejected else None,
        note=fetched.note,
    )


def _halves(fresh: Mapping[int, NewSignal]) -> tuple[dict[int, NewSignal], dict[int, NewSignal]]:
    pairs = list(fresh.items())
    middle = len(pairs) // 2
    return dict(pairs[:middle]), dict(pairs[middle:])


def _status(state: SourceState) -> SourceStatus:
    return SourceStatus(
        name=state.name,
        kind=state.kind,
        state=state.state,
        reason=state.reason,
        last_polled_at=state.last_polled_at,
        last_item_at=state.last_item_at,
        next_due_at=state.next_due_at,
        accepted=state.accepted,
        duplicates=state.duplicates,
    )
