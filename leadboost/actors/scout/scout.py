"""Scout: hears signals, told or polled, and keeps each content once."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, assert_never

import structlog

from leadboost.actors.scout import polling, showing
from leadboost.actors.scout.intake import ANSWERS_AT_ONCE, Asked, SignalIntake
from leadboost.actors.scout.polling import Intake
from leadboost.actors.scout.showing import Board
from leadboost.actors.scout.tenure import Look, Tenure
from leadboost.actors.scout.told import (
    LookDue,
    LookEnded,
    PollAnswered,
    PollDue,
    PollFailed,
    PollHeard,
    PollNotStored,
    PollSettled,
    Told,
)
from leadboost.domain.pseudonym import Pseudonyms
from leadboost.domain.radar.policy import Policy
from leadboost.domain.radar.tally import IntakeTally
from leadboost.errors import LeaseLostError, StoreError
from leadboost.messages.events import EventsCommitted, SignalsStored, StateChanged, StepReported
from leadboost.messages.scout import BeginIntake, ListSources, MuteSource, SignalsHeard, SourceStatus
from leadboost.ports import (
    KnowledgeStore,
    Lease,
    LeaseStore,
    SignalStore,
    Source,
    SourceRow,
    SourceState,
    SourceStore,
)
from leadboost.runtime import Actor, Topic
from leadboost.runtime.actor import Timer

POLLS_AT_ONCE = 16
BUSY_S = 5.0
STORE_AWAY_S = 30.0
SHORTEST_WAIT_S = 0.05
TAKEN_OVER_SPREAD_S = 0.5
JITTER = 0.1
RESIGN_S = 0.3

_log = structlog.get_logger(__name__)


class Scout(Actor[Told]):
    """Validates every item by itself, stores what is new, and polls its sources once told to.

    Each source is polled by the host that holds its lease; what is newly won goes on from where the
    database says that it was left. A source's cursor is saved after its items, and under the lease: what a
    crash or a lost lease leaves between the two comes again and is found to be duplicate. A failing source
    waits as long as it asks for, or backs off; one that is gone is left alone until the next start, which
    counts as someone having looked, or until it is unmuted.
    """

    max_work = POLLS_AT_ONCE + ANSWERS_AT_ONCE + 1  # and the look

    def __init__(
        self,
        *,
        signals: SignalStore,
        knowledge: KnowledgeStore,
        policy: Policy,
        pseudonyms: Pseudonyms,
        states: SourceStore,
        leases: LeaseStore,
        holder: str,
        sources: Sequence[Source],
        committed: Topic[EventsCommitted],
        stored: Topic[SignalsStored],
        steps: Topic[StepReported],
        state: Topic[StateChanged],
        intake: Intake,
        tally: IntakeTally,
        expected_per_day: Mapping[str, float] | None = None,
        spread_s: float = 5.0,
        look_s: float = 2.0,
    ) -> None:
        """``expected_per_day`` replaces what is learned of how often a source brings something new.
        ``spread_s`` is the time over which first polls are spread at random.
        ``look_s`` lies between two renewals of the leases."""
        self._signals = signals
        self._knowledge = knowledge
        self._policy = policy
        self._pseudonyms = pseudonyms
        self._source_store = states
        self._sources = {source.name: source for source in sources}
        self._tenure = Tenure(leases=leases, states=states, holder=holder, names=self._sources)
        self._committed = committed
        self._stored = stored
        self._steps = steps
        self._state = state
        self._intake = intake
        self._tally = tally
        self._expected = dict(expected_per_day or {})
        self._spread_s = spread_s
        self._look_s = look_s
        self._held: dict[str, Lease] = {}
        self._timers: dict[str, Timer] = {}
        self._fetching: set[str] = set()
        self._muted_meanwhile: set[str] = set()
        self._begun = False
        self._looking = False
        self._has_looked = False

    async def on_start(self) -> None:
        self._hearing = SignalIntake(
            signals=self._signals,
            knowledge=self._knowledge,
            policy=self._policy,
            pseudonyms=self._pseudonyms,
            committed=self._committed,
            stored=self._stored,
            tally=self._tally,
            clock=self.clock,
            rng=self.rng,
        )
        self._board = Board(
            [_fresh(source) for source in self._sources.values()],
            self._expected,
            steps=self._steps,
            state=self._state,
            clock=self.clock,
        )
        for name, row in (await self._source_store.load(list(self._sources))).items():
            self._note(name, row)
        if self._intake.is_open:
            self.main_loop()

    async def on_stop(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(RESIGN_S):
                await self._tenure.resign(self._held)

    async def receive(self, message: Told) -> object:
        if isinstance(message, Asked):
            return self._asked(message)
        match message:
            case ListSources():
                return self._board.statuses()
            case MuteSource():
                return await self._mute(message)
            case BeginIntake():
                self.main_loop()
            case LookDue():
                self._look()
            case LookEnded(look=look):
                self._looked(look)
            case PollDue(name=name):
                self._poll(name)
            case PollAnswered():
                self._answered(message)
            case PollHeard(poll=poll, heard=heard):
                await self._heard(poll, heard)
            case PollNotStored(name=name, error=error):
                self._not_stored(name, error)
            case PollSettled(name=name, wait_s=wait_s):
                self._fetching.discard(name)
                self._schedule(name, wait_s)
            case PollFailed(name=name, epoch=epoch, error=error):
                await self._failed(name, epoch, error)
            case _:
                assert_never(message)
        return None

    def _asked(self, asked: Asked) -> object:
        """Answer beside the handler: a thousand signals take a tenth of a second, and nobody else waits."""
        work = self._hearing.answering(asked, until=self.asked_until)
        return self.answer_later(type(asked).__name__, work, answer=lambda answered: answered)

    # -- tenure -----------------------------------------------------------------------------------

    def main_loop(self) -> None:
        """Open the intake, and from now on look again and again which sources are due."""
        self._intake.is_open = True
        if self._begun:
            return
        self._begun = True
        self._board.tell(self._fetching)
        if self._sources:
            self.every(self._look_s, LookDue())
            self._look()

    def _look(self) -> None:
        if self._looking:
            return
        self._looking = True
        self._muted_meanwhile.clear()
        self.spawn(
            "look",
            self._tenure.look(dict(self._held)),
            then=lambda look: LookEnded(look=look),
            otherwise=_look_failed,
        )

    def _looked(self, look: Look | None) -> None:
        self._looking = False
        if look is not None:
            # A host that starts spreads its polls; what another host has left must not wait.
            spread_s = min(self._spread_s, TAKEN_OVER_SPREAD_S) if self._has_looked else self._spread_s
            self._has_looked = True
            for name in self._sources:
                self._settle_tenure(name, look.held.get(name), look.rows[name], spread_s)
        self._board.tell(self._fetching)

    def _settle_tenure(self, name: str, lease: Lease | None, row: SourceRow, spread_s: float) -> None:
        """Take a source over, leave it, or go on with it under the same lease."""
        old = self._held.get(name)
        if lease is None:
            self._leave(name)
            self._note(name, row)
        elif old is None or old.epoch != lease.epoch:
            self._held[name] = lease
            self._note(name, row)
            self._schedule_first(name, spread_s)
        else:
            self._held[name] = lease
            known, saved = self._board.states[name], row.state
            if saved and saved.muted != known.muted and name not in self._muted_meanwhile:
                self._heed(name, saved)

    def _note(self, name: str, row: SourceRow) -> None:
        self._board.states[name] = row.state or _fresh(self._sources[name])
        self._board.holders[name] = row.holder

    def _leave(self, name: str) -> None:
        if self._held.pop(name, None) is not None:
            _log.info("source left to another host", source=name)
        if timer := self._timers.pop(name, None):
            timer.cancel()

    async def _mute(self, mute: MuteSource) -> SourceStatus | None:
        source = self._sources.get(mute.name)
        if source is None:
            return None
        saved = await self._source_store.mute(
            mute.name, source.kind, muted=mute.muted, reason=mute.reason, by=mute.by
        )
        self._muted_meanwhile.add(mute.name)
        self._heed(mute.name, saved)
        self._board.tell(self._fetching)
        return self._board.status(mute.name)

    def _heed(self, name: str, saved: SourceState) -> None:
        """Take over what muting writes; the rest is this host's to say while it holds the lease."""
        self._board.states[name] = polling.heeded(self._board.states[name], saved)
        if name in self._held:
            self._schedule_first(name, 0.0)

    # -- polling ----------------------------------------------------------------------------------

    def _schedule_first(self, name: str, spread_s: float) -> None:
        wait_s = polling.first_wait_s(self._board.states[name], now=self.clock.now())
        self._schedule(name, wait_s + self.rng.uniform(0.0, spread_s))

    def _schedule(self, name: str, wait_s: float) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()
        self._timers[name] = self.after(max(wait_s, SHORTEST_WAIT_S), PollDue(name=name))

    def _poll(self, name: str) -> None:
        lease = self._held.get(name)
        if lease is None or name in self._fetching or self._board.states[name].muted:
            return
        if len(self._fetching) >= POLLS_AT_ONCE or lease.trusted_until <= self.clock.monotonic():
            self._schedule(name, BUSY_S)
            return
        epoch = lease.epoch
        self.spawn(
            f"poll {name}",
            self._sources[name].fetch(self._board.states[name].cursor),
            then=lambda fetched: PollAnswered(name=name, epoch=epoch, fetched=fetched),
            otherwise=lambda error: PollFailed(name=name, epoch=epoch, error=error),
        )
        self._fetching.add(name)
        self._board.tell(self._fetching)

    def _answered(self, poll: PollAnswered) -> None:
        """Take in what came beside the handler: however long that takes, the leases are renewed meanwhile."""
        self.spawn(
            f"take in {poll.name}",
            self._hearing.hear(poll.fetched.items),
            then=lambda heard: PollHeard(poll=poll, heard=heard),
            otherwise=lambda error: _storing_failed(poll.name, error),
        )

    async def _heard(self, poll: PollAnswered, heard: SignalsHeard) -> None:
        name, fetched = poll.name, poll.fetched
        wait_s = min(fetched.wait_s, polling.LONGEST_WAIT_S) * self.rng.uniform(1.0, 1.0 + JITTER)
        state = polling.answered(
            self._board.states[name],
            fetched,
            heard,
            now=self.clock.now(),
            wait_s=wait_s,
            expected_per_day=self._expected.get(name),
        )
        self._fetching.discard(name)
        try:
            await self._save(state, self._term(name, poll.epoch))
        except LeaseLostError:
            self._lost(name, poll.epoch)
        except StoreError as error:
            self._not_stored(name, error)
        else:
            showing.log_answer(name, fetched, heard)
            self._go_on(name, poll.epoch, wait_s, fetched.settle and fetched.settle(heard))
        self._board.tell(self._fetching)

    def _not_stored(self, name: str, error: StoreError) -> None:
        """What the poll brought comes again: the cursor stays where it was."""
        _log.warning("source items not stored", source=name, error=str(error))
        self._fetching.discard(name)
        self._board.states[name] = polling.not_stored(self._board.states[name], error)
        self._schedule(name, STORE_AWAY_S)
        self._board.tell(self._fetching)

    def _go_on(
        self, name: str, epoch: int, wait_s: float, settling: Coroutine[Any, Any, None] | None
    ) -> None:
        """Come again after the wait, once the source has settled what was committed."""
        if settling is None:
            self._schedule(name, wait_s)
            return
        self._fetching.add(name)
        self.spawn(
            f"settle {name}",
            settling,
            then=lambda _: PollSettled(name=name, wait_s=wait_s),
            otherwise=lambda error: PollFailed(name=name, epoch=epoch, error=error),
        )

    async def _failed(self, name: str, epoch: int, error: Exception) -> None:
        self._fetching.discard(name)
        now = self.clock.now()
        state = polling.failed(self._board.states[name], error, now=now)
        showing.log_failure(state, error)
        try:
            lease = self._term(name, epoch)
            self._board.states[name] = state
            if state.next_due_at is not None:
                self._schedule(name, (state.next_due_at - now).total_seconds())
            await self._save(state, lease)
        except LeaseLostError:
            self._lost(name, epoch)
        except StoreError as trouble:
            _log.warning("source state not saved", source=name, error=str(trouble))
        self._board.tell(self._fetching)

    def _term(self, name: str, epoch: int) -> Lease:
        """Return the lease under which the poll began. Raises LeaseLostError once that term is over."""
        lease = self._held.get(name)
        if lease is None or lease.epoch != epoch:
            raise LeaseLostError(name)
        return lease

    def _lost(self, name: str, epoch: int) -> None:
        """The poll's term is over: what it brought comes again to whoever polls next."""
        _log.info("source polled when its lease was over", source=name)
        lease = self._held.get(name)
        if lease is not None and lease.epoch == epoch:
            self._leave(name)
        elif lease is not None:
            self._schedule_first(name, 0.0)

    async def _save(self, state: SourceState, lease: Lease) -> None:
        events = self._board.turn(self._board.states[state.name], state, self.rng)
        await self._source_store.save(state, lease, events)
        self._board.states[state.name] = state
        if events:
            self._committed.publish(EventsCommitted())


def _fresh(source: Source) -> SourceState:
    return SourceState(name=source.name, kind=source.kind)


def _look_failed(error: Exception) -> LookEnded:
    if not isinstance(error, StoreError):
        raise error
    _log.warning("leases of sources not renewed", error=str(error))
    return LookEnded(look=None)


def _storing_failed(name: str, error: Exception) -> PollNotStored:
    if not isinstance(error, StoreError):
        raise error
    return PollNotStored(name=name, error=error)
