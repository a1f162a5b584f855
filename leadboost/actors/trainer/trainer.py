"""When to learn, and what is told of it."""

from collections.abc import Callable
from typing import assert_never

import structlog
from threadpoolctl import threadpool_limits

from leadboost.actors.trainer.hearing import SIGNALS_PER_PASS, Hearing
from leadboost.actors.trainer.passes import ROWS_PER_PASS, Passes
from leadboost.actors.trainer.refit import Refits
from leadboost.actors.trainer.status import drift_of, members_of
from leadboost.actors.trainer.told import (
    Counted,
    Failed,
    Fitted,
    Hear,
    Heard,
    HearingFailed,
    Knowledge,
    Learn,
    Learned,
    WentBack,
)
from leadboost.domain.roi.boosted import Boosted
from leadboost.domain.roi.forecast import LEVEL
from leadboost.domain.roi.model import RoiModel
from leadboost.errors import FittingError, StoreError
from leadboost.messages.events import EventsCommitted, SignalsStored, StateChanged
from leadboost.messages.trainer import (
    GetModel,
    ModelStatus,
    OutcomesRecorded,
    RecordOutcomes,
    RollBack,
    RolledBack,
    ServeModel,
)
from leadboost.ports import Fitter, HearingStore, LeaseStore, ModelStore, OutcomeStore, Rollback
from leadboost.runtime import Actor, ActorRef, Topic

PAUSE_S = 0.5
REST = 9.0  # learning anew takes at most a tenth of the time
LONGEST_REST_S = 30.0
POLL_S = 2.0
LOOK_EVERY_S = 30.0
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 30.0
HEAR_EVERY_S = 5.0
HEAR_PAUSE_S = 0.05  # leaves the loop and the database to others in between

_log = structlog.get_logger(__name__)

_Told = (
    RecordOutcomes
    | GetModel
    | RollBack
    | SignalsStored
    | Learn
    | Learned
    | Failed
    | Counted
    | Fitted
    | Hear
    | Heard
    | HearingFailed
    | WentBack
)


class Trainer(Actor[_Told]):
    """Learns pending outcomes in passes, each saved with its rows in one transaction.

    A pass runs beside the handler and on a copy: when it fails, nothing has changed here, and the
    store is read again before the next try. Only the host with the lease ``training`` learns; the
    others look every 30 s whether there is a newer version or a row left behind.

    A row that changes after it was learned is never learned on top of its old self: the regressors
    learn anew from the last 20,000 learned rows as the store has them, by day; what came before these
    is forgotten. Errors and counts stay as they were measured. Corrections are collected for a while:
    learning anew takes at most a tenth of the time, or starts every 30 s.

    A pass ends where the model has become worse than the last good version on the same rows (see
    ``leadboost.domain.roi.watch``): a new version restores the last good one, what was learned since is
    set aside, and learning goes on with the rows that follow. An approver may do the same by hand, to any
    version kept. A version is a row of ``models`` and the newest is served, so that every host and every
    restart serves the restored one. A row that was set aside is learned again once it is corrected.

    Where the newest version is damaged or of other features, or there is none, the same rows heal the model.
    Then the intervals are those of forecasts made while learning anew, and so are errors and counts
    unless an older version, which lacks only what was learned since, counted more rows.

    Signals are processed here too, beside learning and by every host: they give features, never a label.
    """

    def __init__(
        self,
        *,
        holder: str,
        outcomes: OutcomeStore,
        models: ModelStore,
        leases: LeaseStore,
        predictor: ActorRef[ServeModel],
        committed: Topic[EventsCommitted],
        state: Topic[StateChanged],
        fitter: Fitter | None = None,
        hearing: HearingStore,
        crash: Callable[[str], None] = lambda _: None,
        collect_s: float = 2.0,
    ) -> None:
        """``collect_s`` is the time that corrections are collected for before they are learned."""
        self._holder = holder
        self._outcomes = outcomes
        self._models = models
        self._leases = leases
        self._predictor = predictor
        self._committed = committed
        self._state = state
        self._crash = crash
        self._hearing = Hearing(hearing, crash)
        self._is_hearing = self._hear_again = False
        self._learning = self._waiting = self._again = False
        self._refits = Refits(outcomes=outcomes, fitter=fitter) if fitter is not None else None
        self._fitting = False
        self._served = 0
        self._backoff_s = FIRST_BACKOFF_S
        self._collect_s = collect_s
        self._collecting = False
        self._rests_until = float("-inf")

    async def on_start(self) -> None:
        # On a busy machine BLAS threads wait for one another: learning took thirty times as long.
        threadpool_limits(1, user_api="blas")
        self._passes = Passes(
            holder=self._holder,
            outcomes=self._outcomes,
            models=self._models,
            leases=self._leases,
            clock=self.clock,
            crash=self._crash,
        )
        known = await self._passes.open()
        _log.info("model chosen", version=known.version, observations=known.learner.score.observations)
        self._serve(known.learner.model(known.version))
        self._learn()
        self.every(LOOK_EVERY_S, Learn(), jitter=0.2)
        self._hear()
        self.every(HEAR_EVERY_S, Hear(), jitter=0.2)

    async def on_stop(self) -> None:
        await self._passes.resign()

    async def receive(self, message: _Told) -> object:
        match message:
            case RecordOutcomes():
                return await self._record(message)
            case GetModel():
                return await self._status()
            case RollBack():
                return self._roll_back(message)
            case WentBack(learned=learned):
                self._tell(learned)
            case Learn():
                self._waiting = False
                self._learn()
            case Learned():
                self._learned(message)
            case Failed():
                self._failed(message)
            case Fitted(boosted=boosted):
                self._fitted(boosted)
            case Counted(pending=pending):
                self._tell_model(pending)
            case Hear() | SignalsStored():
                self._hear()
            case Heard(signals=signals):
                self._heard(signals)
            case HearingFailed(error=error):
                self._hearing_failed(error)
            case _:
                assert_never(message)
        return None

    async def _record(self, command: RecordOutcomes) -> OutcomesRecorded:
        recorded = await self._outcomes.record(command.outcomes)
        if recorded.changed and not self._collecting:
            self._collecting = True
            self._rest(self._collect_s)
        if recorded.accepted > recorded.changed:
            self._learn()
        return recorded

    async def _status(self) -> ModelStatus:
        known = self._passes.known
        learner, score = known.learner, known.learner.score
        return ModelStatus(
            version=known.version,
            observations=score.observations,
            pending=await self._outcomes.count_pending(),
            mae=score.mae,
            baseline_mae=score.baseline_mae,
            scored_rows=score.rows,
            level=LEVEL,
            coverage=score.coverage,
            versions=known.versions,
            drift=drift_of(learner),
            members=members_of(learner),
            history=learner.history.windows,
        )

    # -- hearing ----------------------------------------------------------------------------------

    async def process_pending_data(self) -> int:
        """Process the oldest signals that wait, in one transaction; returns how many. Raises StoreError."""
        return await self._hearing.run()

    def _hear(self) -> None:
        self._hear_again = self._is_hearing
        if self._is_hearing:
            return
        self._is_hearing = True
        work = self.process_pending_data()
        self.spawn("hear", work, then=lambda n: Heard(signals=n), otherwise=lambda e: HearingFailed(error=e))

    def _heard(self, signals: int) -> None:
        self._is_hearing = False
        if signals:
            _log.debug("signals processed", signals=signals)
        if signals == SIGNALS_PER_PASS:
            self.after(HEAR_PAUSE_S, Hear())
        elif self._hear_again:
            self._hear()

    def _hearing_failed(self, error: Exception) -> None:
        if not isinstance(error, StoreError):
            raise error
        self._is_hearing = False  # the next look tries again
        _log.warning("signals not processed", error=str(error))

    # -- learning ---------------------------------------------------------------------------------

    def _learn(self) -> None:
        self._again = self._learning
        if self._learning or self._waiting:
            return
        self._learning = True
        due = self.clock.monotonic() >= self._rests_until
        if due:
            self._collecting = False  # what changes from now on starts a wait of its own
        work = self._passes.run(correct=due)
        self.spawn("learn", work, then=lambda learned: learned, otherwise=lambda e: Failed(error=e))

    def _learn_after(self, delay_s: float) -> None:
        self._waiting = True
        self.after(delay_s, Learn())

    def _rest(self, rest_s: float) -> None:
        """Learn nothing anew before then, and look for corrections then."""
        self._rests_until = max(self._rests_until, self.clock.monotonic() + rest_s)
        self.after(rest_s, Learn())

    def _learned(self, learned: Learned) -> None:
        self._learning = False
        if not learned.has_lease:
            self._learn_after(POLL_S)
            return
        self._backoff_s = FIRST_BACKOFF_S
        self._tell(learned)
        if learned.anew_s is not None:
            self._rest(min(REST * learned.anew_s, LONGEST_REST_S))
        if learned.rows == ROWS_PER_PASS or learned.rollback or (self._again and not learned.rows):
            self._learn()
        elif learned.rows:
            self._learn_after(PAUSE_S)

    def _roll_back(self, command: RollBack) -> object:
        work = self._passes.roll_back(command.version, command.reason, command.by, until=self.asked_until)
        return self.answer_later(
            "roll back",
            work,
            answer=lambda back: RolledBack(version=back.version),
            then=lambda back: back,
        )

    def _tell(self, learned: Learned) -> None:
        """Serve what a pass made or found, and tell of it."""
        known = self._passes.known
        if learned.model is not None:
            self._serve(learned.model)
        elif known.version != self._served:  # found by this pass, or by one that failed after that
            self._serve(known.learner.model(known.version))
        if learned.rollback is not None:
            _log_rollback(learned.rollback, known)
        if learned.rollback is not None or learned.rows:
            self._committed.publish(EventsCommitted())
        if learned.rows:
            _log_progress(known, learned)
            self._refit()

    def _refit(self) -> None:
        learner = self._passes.known.learner
        if self._refits is None or self._fitting or not self._refits.are_due(learner):
            return
        self._fitting = True
        work = self._refits.run(learner.score.observations, self._passes)
        self.spawn("refit", work, then=lambda trees: Fitted(boosted=trees), otherwise=_unfitted)

    def _fitted(self, boosted: Boosted | None) -> None:
        self._fitting = False
        if boosted is not None:
            _log.info("trees fitted", observations=boosted.observations, nodes=len(boosted.trees.values))

    def _serve(self, model: RoiModel) -> None:
        self._served = model.version
        self._predictor.tell(ServeModel(model=model))
        self.spawn(
            "count pending",
            self._outcomes.count_pending(),
            then=lambda pending: Counted(pending=pending),
            otherwise=lambda _: Counted(pending=None),
        )

    def _tell_model(self, pending: int | None) -> None:
        known = self._passes.known
        score = known.learner.score
        data = {
            "version": known.version,
            "observations": score.observations,
            "mae": score.mae,
            "baseline_mae": score.baseline_mae,
            "level": LEVEL,
            "coverage": score.coverage,
            "pending": pending,
            "drift": known.learner.watch.state,
        }
        self._state.publish(StateChanged(key="model", data=data))

    def _failed(self, failed: Failed) -> None:
        if not isinstance(failed.error, StoreError):
            raise failed.error
        self._learning = False
        _log.warning("learning failed, trying again", error=str(failed.error), wait_s=self._backoff_s)
        self._learn_after(self._backoff_s * self.rng.uniform(0.5, 1.0))
        self._backoff_s = min(2 * self._backoff_s, LONGEST_BACKOFF_S)


def _log_progress(known: Knowledge, learned: Learned) -> None:
    score = known.learner.score
    _log.info(
        "outcomes learned" if learned.anew_s is None else "outcomes learned anew",
        rows=learned.rows,
        version=known.version,
        observations=score.observations,
        mae=score.mae,
        baseline_mae=score.baseline_mae,
    )


def _log_rollback(rollback: Rollback, known: Knowledge) -> None:
    _log.warning(
        "model rolled back",
        version=known.version,
        from_version=rollback.from_version,
        to_version=rollback.to_version,
        reason=rollback.reason,
        by=rollback.by,
    )


def _unfitted(error: Exception) -> Fitted:
    """The model does without new trees until the next are due."""
    if not isinstance(error, FittingError | StoreError):
        raise error
    _log.warning("trees not fitted", error=str(error))
    return Fitted(boosted=None)
