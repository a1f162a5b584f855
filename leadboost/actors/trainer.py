"""Trainer: keeps outcomes and learns from them, on one host at a time."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar, assert_never

import structlog
from threadpoolctl import threadpool_limits

from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.artefact import dump, fingerprint, newest_sound
from leadboost.domain.roi.features import FEATURE_VERSION
from leadboost.domain.roi.forecast import LEVEL
from leadboost.domain.roi.learner import Learner, Score
from leadboost.domain.roi.mixture import MEMORY_ROWS
from leadboost.domain.roi.model import RoiModel
from leadboost.errors import StoreError
from leadboost.messages.events import EventsCommitted, StateChanged
from leadboost.messages.trainer import (
    GetModel,
    ModelStatus,
    ModelVersion,
    OutcomesRecorded,
    RecordOutcomes,
    ServeModel,
)
from leadboost.ports import (
    KEPT_VERSIONS,
    Lease,
    LeaseStore,
    ModelStore,
    NewModel,
    OutcomeRevision,
    OutcomeStore,
)
from leadboost.runtime import Actor, ActorRef, Message, Topic

LEASE = "training"
ROWS_PER_PASS = 2000
CORRECTIONS_AT_ONCE = 100_000
PAUSE_S = 0.5
REST = 9.0  # learning anew takes at most a tenth of the time
LONGEST_REST_S = 30.0
POLL_S = 2.0
LOOK_EVERY_S = 30.0
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 30.0

T = TypeVar("T")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Knowledge:
    """What is known as of ``version``: the learner (never changed, always copied) and all versions.

    ``lease`` is the last term held; whoever begins the next term after it knows that nobody else
    learned in between. ``is_whole`` is False where processed rows may be missing from the learner.
    """

    version: int
    learner: Learner
    versions: tuple[ModelVersion, ...]
    lease: Lease | None = None
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learn(Message[None]):
    """Look for pending outcomes and learn them, unless that is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learned(Message[None]):
    """A pass ended. ``knowledge`` is None where another host holds the lease; ``rows`` were learned.

    ``anew_s`` is how long it took to learn anew, None where that was not done.
    """

    knowledge: _Knowledge | None
    model: RoiModel | None = None
    rows: int = 0
    anew_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed(Message[None]):
    """A pass failed; what it did may or may not stand in the store."""

    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted(Message[None]):
    """How many outcomes wait to be learned; None where the store is away."""

    pending: int | None


_Told = RecordOutcomes | GetModel | _Learn | _Learned | _Failed | _Counted


class Trainer(Actor[_Told]):
    """Learns pending outcomes in passes, each saved with its rows in one transaction.

    A pass runs beside the handler and on a copy: when it fails, nothing has changed here, and the
    store is read again before the next try. Only the host with the lease ``training`` learns; the
    others look every 30 s whether there is a newer version or a row left behind.

    A row that changes after it was learned is never learned on top of its old self: the regressors
    learn anew from the last 20,000 learned rows as the store has them, by day; what came before these
    is forgotten. Errors and counts stay as they were measured. Corrections are collected for a while:
    learning anew takes at most a tenth of the time, or starts every 30 s.

    Where the newest version is damaged or of other features, or there is none, the same rows heal the model.
    Then the intervals are those of forecasts made while learning anew, and so are errors and counts
    unless an older version, which lacks only what was learned since, counted more rows.
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
        self._learning = self._waiting = self._again = self._stale = False
        self._backoff_s = FIRST_BACKOFF_S
        self._lease: Lease | None = None
        self._collect_s = collect_s
        self._collecting = False
        self._rests_until = float("-inf")

    async def on_start(self) -> None:
        # On a busy machine BLAS threads wait for one another: learning took thirty times as long.
        threadpool_limits(1, user_api="blas")
        self._knowledge = await self._read_knowledge()
        known = self._knowledge
        _log.info("model chosen", version=known.version, observations=known.learner.score.observations)
        self._serve(known.learner.model(known.version))
        self._learn()
        self.every(LOOK_EVERY_S, _Learn(), jitter=0.2)

    async def on_stop(self) -> None:
        lease = self._lease
        if lease is not None and self.clock.monotonic() < lease.trusted_until:
            with suppress(StoreError):  # it runs out by itself
                await self._leases.resign(lease)

    async def receive(self, message: _Told) -> object:
        match message:
            case RecordOutcomes():
                return await self._record(message)
            case GetModel():
                return await self._status()
            case _Learn():
                self._waiting = False
                self._learn()
            case _Learned():
                self._learned(message)
            case _Failed():
                self._failed(message)
            case _Counted(pending=pending):
                self._tell_model(pending)
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
        known, score = self._knowledge, self._knowledge.learner.score
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
        )

    # -- learning ---------------------------------------------------------------------------------

    def _learn(self) -> None:
        self._again = self._learning
        if self._learning or self._waiting:
            return
        self._learning = True
        self.spawn("learn", self._pass(), then=lambda learned: learned, otherwise=lambda e: _Failed(error=e))

    def _learn_after(self, delay_s: float) -> None:
        self._waiting = True
        self.after(delay_s, _Learn())

    def _rest(self, rest_s: float) -> None:
        """Learn nothing anew before then, and look for corrections then."""
        self._rests_until = max(self._rests_until, self.clock.monotonic() + rest_s)
        self.after(rest_s, _Learn())

    async def _pass(self) -> _Learned:
        trusted = None if self._stale else self._knowledge.lease
        self._lease = lease = await self._leases.keep(LEASE, self._holder, trusted)
        if lease is None:
            return _Learned(knowledge=None)
        known = await self._known_under(lease)
        corrections = await self._due_corrections()
        if corrections or not known.is_whole:
            return await self._learn_anew(known, lease, corrections)
        rows = await self._outcomes.pending(ROWS_PER_PASS)
        if not rows:
            await self._leases.resign(lease)
            changed = known.learner is not self._knowledge.learner
            return _Learned(knowledge=known, model=known.learner.model(known.version) if changed else None)
        learner = await asyncio.to_thread(_taught, known.learner, [row.outcome for row in rows])
        knowledge, model = await self._save(known, learner, rows, lease)
        return _Learned(knowledge=knowledge, model=model, rows=len(rows))

    async def _due_corrections(self) -> Sequence[OutcomeRevision]:
        if self.clock.monotonic() < self._rests_until:
            return ()
        self._collecting = False  # what changes from now on starts a wait of its own
        return await self._outcomes.corrected(CORRECTIONS_AT_ONCE)

    async def _learn_anew(
        self, known: _Knowledge, lease: Lease, corrections: Sequence[OutcomeRevision]
    ) -> _Learned:
        """Learn from the table. ``corrections`` were listed before, so that no older content is read."""
        began_at = self.clock.monotonic()
        ranks = await self._outcomes.learned(MEMORY_ROWS)
        anew = Learner()
        for part in _parts(ranks):
            outcomes = await self._outcomes.read(part)
            await asyncio.to_thread(anew.learn, outcomes)
            lease = await self._leases.renew(lease)
        learner = known.learner.corrected(anew) if known.is_whole else known.learner.healed(anew)
        knowledge, model = await self._save(known, learner, (), lease)
        for settled in _parts(corrections):
            await self._outcomes.settle(settled, lease)
        took_s = self.clock.monotonic() - began_at
        return _Learned(knowledge=knowledge, model=model, rows=len(ranks), anew_s=took_s)

    async def _save(
        self, known: _Knowledge, learner: Learner, rows: Sequence[OutcomeRevision], lease: Lease
    ) -> tuple[_Knowledge, RoiModel]:
        version = max((one.version for one in known.versions), default=0) + 1
        artefact, model = await asyncio.to_thread(_frozen, learner, version)
        saved = await self._models.save(_new_model(version, artefact, learner.score), rows, lease)
        versions = (saved, *known.versions)[:KEPT_VERSIONS]
        return _Knowledge(version=version, learner=learner, versions=versions, lease=lease), model

    async def _known_under(self, lease: Lease) -> _Knowledge:
        """Return what is known if it is still all there is, else read the store again."""
        known = self._knowledge
        ours = known.lease is not None and lease.epoch - known.lease.epoch in (0, 1) and not self._stale
        return replace(known if ours else await self._read_knowledge(), lease=lease)

    async def _read_knowledge(self) -> _Knowledge:
        versions = await self._models.versions()
        version, learner, faults = await newest_sound(versions, self._models.artefact)
        for refused, fault in faults.items():
            _log.error("model version refused", version=refused, fault=fault)
        is_whole = (version > 0 and not faults) or not await self._outcomes.learned(1)
        return _Knowledge(version=version, learner=learner, versions=tuple(versions), is_whole=is_whole)

    def _learned(self, learned: _Learned) -> None:
        self._learning = False
        if learned.knowledge is None:
            self._learn_after(POLL_S)
            return
        self._stale, self._backoff_s = False, FIRST_BACKOFF_S
        self._knowledge = learned.knowledge
        if learned.model is not None:
            self._serve(learned.model)
        if learned.rows:
            self._committed.publish(EventsCommitted())
            _log_progress(learned.knowledge, learned)
        if learned.anew_s is not None:
            self._rest(min(REST * learned.anew_s, LONGEST_REST_S))
        if learned.rows == ROWS_PER_PASS or (self._again and not learned.rows):
            self._learn()
        elif learned.rows:
            self._learn_after(PAUSE_S)

    def _serve(self, model: RoiModel) -> None:
        self._predictor.tell(ServeModel(model=model))
        self.spawn(
            "count pending",
            self._outcomes.count_pending(),
            then=lambda pending: _Counted(pending=pending),
            otherwise=lambda _: _Counted(pending=None),
        )

    def _tell_model(self, pending: int | None) -> None:
        known, score = self._knowledge, self._knowledge.learner.score
        data = {
            "version": known.version,
            "observations": score.observations,
            "mae": score.mae,
            "baseline_mae": score.baseline_mae,
            "level": LEVEL,
            "coverage": score.coverage,
            "pending": pending,
        }
        self._state.publish(StateChanged(key="model", data=data))

    def _failed(self, failed: _Failed) -> None:
        if not isinstance(failed.error, StoreError):
            raise failed.error
        self._learning, self._stale = False, True
        _log.warning("learning failed, trying again", error=str(failed.error), wait_s=self._backoff_s)
        self._learn_after(self._backoff_s * self.rng.uniform(0.5, 1.0))
        self._backoff_s = min(2 * self._backoff_s, LONGEST_BACKOFF_S)


def _taught(known: Learner, outcomes: Sequence[Outcome]) -> Learner:
    learner = known.copy()
    learner.learn(outcomes)
    return learner


def _frozen(learner: Learner, version: int) -> tuple[bytes, RoiModel]:
    return dump(learner), learner.model(version)


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[at : at + ROWS_PER_PASS] for at in range(0, len(items), ROWS_PER_PASS))


def _new_model(version: int, artefact: bytes, score: Score) -> NewModel:
    return NewModel(
        version=version,
        artefact=artefact,
        sha256=fingerprint(artefact),
        feature_version=FEATURE_VERSION,
        observations=score.observations,
        metrics=score.metrics(),
    )


def _log_progress(known: _Knowledge, learned: _Learned) -> None:
    score = known.learner.score
    _log.info(
        "outcomes learned" if learned.anew_s is None else "outcomes learned anew",
        rows=learned.rows,
        version=known.version,
        observations=score.observations,
        mae=score.mae,
        baseline_mae=score.baseline_mae,
    )
