"""Scout: hears signals, told or polled, and keeps each content once."""

from collections.abc import Sequence
from typing import assert_never

import structlog

from leadboost.actors.scout import polling
from leadboost.actors.scout.intake import SignalIntake
from leadboost.actors.scout.polling import Intake
from leadboost.actors.scout.told import PollAnswered, PollDue, PollFailed
from leadboost.errors import StoreError, WorkLimitError
from leadboost.messages.events import EventsCommitted, SignalsStored, StepReported
from leadboost.messages.scout import (
    BeginIntake,
    HearSignals,
    ListSignals,
    ListSources,
    SignalsHeard,
    SourceStatus,
    StoredSignal,
)
from leadboost.ports import Fetched, SignalStore, Source, SourceState, SourceStore
from leadboost.runtime import Actor, Topic

BUSY_S = 5.0
STORE_AWAY_S = 30.0
SHORTEST_WAIT_S = 0.05
JITTER = 0.1

_log = structlog.get_logger(__name__)


class Scout(
    Actor[HearSignals | ListSignals | ListSources | BeginIntake | PollDue | PollAnswered | PollFailed]
):
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
        self._hearing = SignalIntake(
            signals=self._signals,
            committed=self._committed,
            stored=self._stored,
            clock=self.clock,
            rng=self.rng,
        )
        for name, source in self._sources.items():
            saved = await self._source_store.load(name)
            self._states[name] = saved or SourceState(name=name, kind=source.kind)
        if self._intake.is_open:
            self._begin()

    async def receive(
        self,
        message: HearSignals | ListSignals | ListSources | BeginIntake | PollDue | PollAnswered | PollFailed,
    ) -> SignalsHeard | Sequence[StoredSignal] | Sequence[SourceStatus] | None:
        match message:
            case HearSignals(items=items):
                return await self._hearing.hear(items)
            case ListSignals():
                return await self._signals.page(message)
            case ListSources():
                return [polling.status(state) for state in self._states.values()]
            case BeginIntake():
                self._begin()
            case PollDue(name=name):
                self._poll(name)
            case PollAnswered(name=name, fetched=fetched):
                await self._answered(name, fetched)
            case PollFailed(name=name, error=error):
                await self._failed(name, error)
            case _:
                assert_never(message)
        return None

    def _begin(self) -> None:
        self._intake.is_open = True
        if self._polling:
            return
        self._polling = True
        self._tell_step()
        for state in self._states.values():
            wait_s = polling.first_wait_s(state, now=self.clock.now())
            self._schedule(state.name, wait_s + self.rng.uniform(0.0, self._spread_s))

    def _schedule(self, name: str, wait_s: float) -> None:
        self.after(max(wait_s, SHORTEST_WAIT_S), PollDue(name=name))

    def _poll(self, name: str) -> None:
        # On several hosts this is where the source's lease is asked for.
        try:
            self.spawn(
                f"poll {name}",
                self._sources[name].fetch(self._states[name].cursor),
                then=lambda fetched: PollAnswered(name=name, fetched=fetched),
                otherwise=lambda error: PollFailed(name=name, error=error),
            )
        except WorkLimitError:
            self._schedule(name, BUSY_S)
        else:
            self._fetching.add(name)
            self._tell_step()

    async def _answered(self, name: str, fetched: Fetched) -> None:
        try:
            await self._take_in(name, fetched)
        finally:
            self._fetching.discard(name)
            self._tell_step()

    async def _take_in(self, name: str, fetched: Fetched) -> None:
        old = self._states[name]
        try:
            heard = await self._hearing.hear(fetched.items)
            wait_s = min(fetched.wait_s, polling.LONGEST_WAIT_S) * self.rng.uniform(1.0, 1.0 + JITTER)
            state = polling.answered(old, fetched, heard, now=self.clock.now(), wait_s=wait_s)
            await self._source_store.save(state)
        except StoreError as error:
            _log.warning("source items not stored", source=name, error=str(error))
            self._states[name] = polling.not_stored(old, error)
            self._schedule(name, STORE_AWAY_S)
            return
        self._states[name] = state
        self._schedule(name, wait_s)
        polling.tell(name, fetched, heard)

    async def _failed(self, name: str, error: Exception) -> None:
        now = self.clock.now()
        self._states[name] = state = polling.failed(self._states[name], error, now=now)
        self._fetching.discard(name)
        self._tell_step()
        polling.complain(state, error)
        if state.next_due_at is not None:
            self._schedule(name, (state.next_due_at - now).total_seconds())
        try:
            await self._source_store.save(state)
        except StoreError as trouble:
            _log.warning("source state not saved", source=name, error=str(trouble))

    def _tell_step(self) -> None:
        self._steps.publish(polling.report(self._fetching, self._states.values(), at=self.clock.now()))
