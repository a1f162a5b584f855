"""One pass of learning: read rows, learn on a copy, save both in one transaction."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TypeVar

import structlog

from leadboost.actors.trainer.told import Knowledge, Learned, WentBack
from leadboost.clock import Clock
from leadboost.domain.roi.artefact import dump, fingerprint, newest_sound, opened
from leadboost.domain.roi.boosted import Boosted
from leadboost.domain.roi.features import FEATURE_VERSION
from leadboost.domain.roi.learner import Learner
from leadboost.domain.roi.mixture import MEMORY_ROWS
from leadboost.domain.roi.model import RoiModel
from leadboost.errors import ArtefactError, InputError, LeaseLostError, ModelBusyError, StoreError
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
    Rollback,
)

LEASE = "training"
SAVED_WITHIN_S = 7.0
ROWS_PER_PASS = 2000
CORRECTIONS_AT_ONCE = 100_000

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Passes:
    """Passes over the stores under the lease ``training``, one at a time. Raises StoreError everywhere.

    ``known`` is what was last read or saved. After an error it may be outdated and is read again.
    """

    known: Knowledge

    def __init__(
        self,
        *,
        holder: str,
        outcomes: OutcomeStore,
        models: ModelStore,
        leases: LeaseStore,
        clock: Clock,
        crash: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._crash = crash
        self._holder = holder
        self._outcomes = outcomes
        self._models = models
        self._leases = leases
        self._clock = clock
        self._lease: Lease | None = None
        self._stale = False
        self._one_at_a_time = asyncio.Lock()

    async def open(self) -> Knowledge:
        """Read the newest sound version, without the lease."""
        self.known = await self._read_knowledge()
        return self.known

    async def run(self, *, correct: bool) -> Learned:
        """Learn what waits; ``correct``: corrections too."""
        async with self._under_lease() as lease:
            if lease is None:
                return Learned(has_lease=False)
            await self._catch_up(lease)
            corrections = await self._outcomes.corrected(CORRECTIONS_AT_ONCE) if correct else ()
            if corrections or not self.known.is_whole:
                return await self._learn_anew(lease, corrections)
            rows = await self._outcomes.pending(ROWS_PER_PASS)
            if rows:
                return await self._learn(rows, lease)
            await self._leases.release(lease)
            return Learned()

    async def roll_back(
        self, version: int | None, reason: str, by: str, *, until: float = math.inf
    ) -> WentBack:
        """Go back to a kept version, else the last good one, as long as it can be saved before ``until``.

        Raises InputError where there is none, ModelBusyError where it would be saved too late.
        """
        latest = asyncio.timeout_at(until - SAVED_WITHIN_S if until < math.inf else None)
        try:
            async with latest, self._under_lease() as lease:
                if lease is None:
                    raise LeaseLostError(LEASE)
                await self._catch_up(lease)
                known = self.known
                to, old = await self._older(version)
                latest.reschedule(None)  # what is being saved is not broken off
                rollback = Rollback(from_version=known.version, to_version=to, reason=reason, by=by)
                model = await self._save(known.learner.restored(old, to), (), lease, rollback, old)
                return WentBack(version=model.version, learned=Learned(model=model, rollback=rollback))
        except TimeoutError:
            raise ModelBusyError("The model is busy learning, and was not rolled back. Try again.") from None

    async def _older(self, version: int | None) -> tuple[int, Learner]:
        known = self.known
        kept = {one.version: one for one in known.versions if one.version != known.version}
        good = known.learner.watch.good
        to = version or (good if good in kept else max(kept, default=0))
        if to not in kept:
            raise InputError("version", f"there is no version {to} to go back to; look at the versions kept")
        try:
            return to, await opened(kept[to], self._models.artefact)
        except ArtefactError as error:
            raise InputError("version", f"version {to} cannot be used: {error}") from error

    async def adopt(self, boosted: Boosted) -> None:
        """Take newly fitted trees in; the next version saved has them."""
        async with self._one_at_a_time:
            self.known = replace(self.known, learner=self.known.learner.adopted(boosted))

    async def resign(self) -> None:
        """Give the lease back, if it is still held."""
        lease = self._lease
        if lease is not None and self._clock.monotonic() < lease.trusted_until:
            with suppress(StoreError):  # it runs out by itself
                await self._leases.release(lease)

    @asynccontextmanager
    async def _under_lease(self) -> AsyncIterator[Lease | None]:
        async with self._one_at_a_time:
            try:
                trusted = None if self._stale else self.known.lease
                self._lease = await self._leases.keep(LEASE, self._holder, trusted)
                yield self._lease
            except (StoreError, asyncio.CancelledError):
                self._stale = True
                raise

    async def _catch_up(self, lease: Lease) -> None:
        """Read the store again, unless what is known is still all there is."""
        known = self.known
        ours = known.lease is not None and lease.epoch - known.lease.epoch in (0, 1) and not self._stale
        self.known = replace(known if ours else await self._read_knowledge(), lease=lease)
        self._stale = False

    async def _read_knowledge(self) -> Knowledge:
        versions = await self._models.versions()
        version, learner, faults = await newest_sound(versions, self._models.artefact)
        for refused, fault in faults.items():
            _log.error("model version refused", version=refused, fault=fault)
        is_whole = (version > 0 and not faults) or not await self._outcomes.learned(1)
        known = Knowledge(version=version, learner=learner, versions=tuple(versions), is_whole=is_whole)
        return replace(known, good=await self._read_good(known))

    async def _read_good(self, known: Knowledge) -> Learner | None:
        good = known.learner.watch.good
        if good == known.version:
            return known.learner if good else None
        for one in known.versions:
            if one.version == good:
                with suppress(ArtefactError):  # the next good version takes its place
                    return await opened(one, self._models.artefact)
        return None

    async def _learn(self, rows: Sequence[PendingOutcome], lease: Lease) -> Learned:
        known = self.known
        learner, taken = await asyncio.to_thread(_taught, known, rows)
        self._crash("learning.taught")
        if known.good is None or not learner.watch.is_bad:
            return Learned(model=await self._save(learner, rows[:taken], lease), rows=taken)
        rollback = Rollback(
            from_version=known.version,
            to_version=learner.watch.good,
            reason="errors have become larger than those of the last good version on the same rows",
            by="leadboost",
        )
        model = await self._save(
            learner.restored(known.good, rollback.to_version), rows[:taken], lease, rollback
        )
        return Learned(model=model, rows=taken, rollback=rollback)

    async def _learn_anew(self, lease: Lease, corrections: Sequence[OutcomeRevision]) -> Learned:
        """Learn from the table. ``corrections`` were listed before, so that no older content is read."""
        began_at = self._clock.monotonic()
        ranks = await self._outcomes.learned(MEMORY_ROWS)
        anew, known = Learner(), self.known
        for part in _parts(ranks):
            outcomes = await self._outcomes.read(part)
            await asyncio.to_thread(_teach, anew, outcomes)
            lease = await self._leases.renew(lease)
        learner = known.learner.corrected(anew) if known.is_whole else known.learner.healed(anew)
        model = await self._save(learner, (), lease)
        for settled in _parts(corrections):
            await self._outcomes.settle(settled, self.known.version, lease)
        took_s = self._clock.monotonic() - began_at
        return Learned(model=model, rows=len(ranks), anew_s=took_s)

    async def _save(
        self,
        learner: Learner,
        rows: Sequence[OutcomeRevision],
        lease: Lease,
        rollback: Rollback | None = None,
        good: Learner | None = None,
    ) -> RoiModel:
        known = self.known
        version = max((one.version for one in known.versions), default=0) + 1
        good = good or known.good
        if learner.may_be_called_good(is_first=good is None):
            learner = good = learner.called_good(version)
        artefact, model = await asyncio.to_thread(_frozen, learner, version)
        saved = await self._models.save(_new_model(version, artefact, learner), rows, lease, rollback)
        kept = [
            one
            for at, one in enumerate(known.versions)
            if at < KEPT_VERSIONS - 1 or one.version == learner.watch.good
        ]
        self.known = Knowledge(
            version=version, learner=learner, versions=(saved, *kept), lease=lease, good=good
        )
        return model


def _taught(known: Knowledge, rows: Sequence[PendingOutcome]) -> tuple[Learner, int]:
    learner = known.learner.copy()
    return learner, _teach(learner, rows, known.good)


def _teach(
    learner: Learner, rows: Sequence[PendingOutcome | HeardOutcome], shadow: Learner | None = None
) -> int:
    return learner.learn([row.outcome for row in rows], [row.heard for row in rows], shadow)


def _frozen(learner: Learner, version: int) -> tuple[bytes, RoiModel]:
    return dump(learner), learner.model(version)


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[at : at + ROWS_PER_PASS] for at in range(0, len(items), ROWS_PER_PASS))


def _new_model(version: int, artefact: bytes, learner: Learner) -> NewModel:
    return NewModel(
        version=version,
        artefact=artefact,
        sha256=fingerprint(artefact),
        feature_version=FEATURE_VERSION,
        observations=learner.score.observations,
        metrics=learner.score.metrics(),
        good=learner.watch.good,
        drift=learner.watch.state,
    )
