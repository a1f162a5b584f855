"""One pass of learning: read rows, learn on a copy, save both in one transaction."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import structlog

from leadboost.actors.trainer.told import Knowledge, Learned
from leadboost.clock import Clock
from leadboost.domain.roi.artefact import dump, fingerprint, newest_sound
from leadboost.domain.roi.features import FEATURE_VERSION
from leadboost.domain.roi.learner import Learner, Score
from leadboost.domain.roi.mixture import MEMORY_ROWS
from leadboost.domain.roi.model import RoiModel
from leadboost.errors import StoreError
from leadboost.ports import (
    KEPT_VERSIONS,
    HeardOutcome,
    Lease,
    LeaseStore,
    ModelStore,
    NewModel,
    OutcomeRevision,
    OutcomeStore,
    PendingOutcome,
)

LEASE = "training"
ROWS_PER_PASS = 2000
CORRECTIONS_AT_ONCE = 100_000

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Passes:
    """Passes over the stores under the lease ``training``, one at a time. Raises StoreError everywhere."""

    def __init__(
        self, *, holder: str, outcomes: OutcomeStore, models: ModelStore, leases: LeaseStore, clock: Clock
    ) -> None:
        self._holder = holder
        self._outcomes = outcomes
        self._models = models
        self._leases = leases
        self._clock = clock
        self._lease: Lease | None = None

    async def run(self, known: Knowledge, *, trusted: bool, correct: bool) -> Learned:
        """Learn what waits. ``trusted``: ``known`` may stand for the store; ``correct``: corrections too."""
        term = known.lease if trusted else None
        self._lease = lease = await self._leases.keep(LEASE, self._holder, term)
        if lease is None:
            return Learned(knowledge=None)
        newest = await self._known_under(lease, known, trusted=trusted)
        corrections = await self._outcomes.corrected(CORRECTIONS_AT_ONCE) if correct else ()
        if corrections or not newest.is_whole:
            return await self._learn_anew(newest, lease, corrections)
        rows = await self._outcomes.pending(ROWS_PER_PASS)
        if not rows:
            await self._leases.resign(lease)
            changed = newest.learner is not known.learner
            return Learned(knowledge=newest, model=newest.learner.model(newest.version) if changed else None)
        learner = await asyncio.to_thread(_taught, newest.learner, rows)
        knowledge, model = await self._save(newest, learner, rows, lease)
        return Learned(knowledge=knowledge, model=model, rows=len(rows))

    async def read_knowledge(self) -> Knowledge:
        """Read the newest sound version."""
        versions = await self._models.versions()
        version, learner, faults = await newest_sound(versions, self._models.artefact)
        for refused, fault in faults.items():
            _log.error("model version refused", version=refused, fault=fault)
        is_whole = (version > 0 and not faults) or not await self._outcomes.learned(1)
        return Knowledge(version=version, learner=learner, versions=tuple(versions), is_whole=is_whole)

    async def resign(self) -> None:
        """Give the lease back, if it is still held."""
        lease = self._lease
        if lease is not None and self._clock.monotonic() < lease.trusted_until:
            with suppress(StoreError):  # it runs out by itself
                await self._leases.resign(lease)

    async def _known_under(self, lease: Lease, known: Knowledge, *, trusted: bool) -> Knowledge:
        """Return what is known if it is still all there is, else read the store again."""
        ours = trusted and known.lease is not None and lease.epoch - known.lease.epoch in (0, 1)
        return replace(known if ours else await self.read_knowledge(), lease=lease)

    async def _learn_anew(
        self, known: Knowledge, lease: Lease, corrections: Sequence[OutcomeRevision]
    ) -> Learned:
        """Learn from the table. ``corrections`` were listed before, so that no older content is read."""
        began_at = self._clock.monotonic()
        ranks = await self._outcomes.learned(MEMORY_ROWS)
        anew = Learner()
        for part in _parts(ranks):
            outcomes = await self._outcomes.read(part)
            await asyncio.to_thread(_teach, anew, outcomes)
            lease = await self._leases.renew(lease)
        learner = known.learner.corrected(anew) if known.is_whole else known.learner.healed(anew)
        knowledge, model = await self._save(known, learner, (), lease)
        for settled in _parts(corrections):
            await self._outcomes.settle(settled, lease)
        took_s = self._clock.monotonic() - began_at
        return Learned(knowledge=knowledge, model=model, rows=len(ranks), anew_s=took_s)

    async def _save(
        self, known: Knowledge, learner: Learner, rows: Sequence[OutcomeRevision], lease: Lease
    ) -> tuple[Knowledge, RoiModel]:
        version = max((one.version for one in known.versions), default=0) + 1
        artefact, model = await asyncio.to_thread(_frozen, learner, version)
        saved = await self._models.save(_new_model(version, artefact, learner.score), rows, lease)
        versions = (saved, *known.versions)[:KEPT_VERSIONS]
        return Knowledge(version=version, learner=learner, versions=versions, lease=lease), model


def _taught(known: Learner, rows: Sequence[PendingOutcome]) -> Learner:
    learner = known.copy()
    _teach(learner, rows)
    return learner


def _teach(learner: Learner, rows: Sequence[PendingOutcome | HeardOutcome]) -> None:
    learner.learn([row.outcome for row in rows], [row.heard for row in rows])


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
