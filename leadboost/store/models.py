"""``models``: saved versions of the ROI model."""

from collections.abc import Callable, Sequence

from leadboost.clock import uuid7
from leadboost.messages.trainer import ModelVersion
from leadboost.ports import KEPT_VERSIONS, Lease, NewEvent, NewModel, OutcomeRevision, Rollback
from leadboost.store.audit import AuditEntry, append_audit
from leadboost.store.database import Database, Session
from leadboost.store.journal import insert_events
from leadboost.store.leases import guard
from leadboost.store.outcomes import mark_learned, set_aside
from leadboost.store.queries import load_queries

DEADLINE_S = 5.0

_queries = load_queries("models")


class PgModelStore:
    """``ModelStore`` on PostgreSQL. ``crash`` is told of named moments, for drills."""

    def __init__(self, database: Database, *, crash: Callable[[str], None] = lambda _: None) -> None:
        self._database = database
        self._crash = crash
        self._clock = database.clock
        self._rng = database.rng.fork("models")

    async def save(
        self,
        model: NewModel,
        learned: Sequence[OutcomeRevision],
        lease: Lease,
        rollback: Rollback | None = None,
    ) -> ModelVersion:
        version = ModelVersion(
            version=model.version,
            created_at=self._clock.now(),
            observations=model.observations,
            sha256=model.sha256,
            feature_version=model.feature_version,
            metrics=dict(model.metrics),
        )
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            await guard(session, lease)
            await _insert(session, version, model)
            self._crash("model.inserted")
            await mark_learned(session, learned, version.version)
            if rollback is not None:
                await set_aside(session, after=rollback.to_version, until=version.version)
            event = (
                self._trained(version, model.drift)
                if rollback is None
                else self._rolled_back(version, rollback)
            )
            await insert_events(session, [event])
            self._crash("model.marked")
            if rollback is not None:
                entry = _entry(version, rollback)
                await append_audit(session, [entry], clock=self._clock, rng=self._rng)
        self._crash("model.committed")
        return version

    async def versions(self) -> Sequence[ModelVersion]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            return [ModelVersion(**dict(row)) for row in await session.fetch(_queries.read_versions)]

    async def artefact(self, version: int) -> bytes:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            artefact: bytes | None = await session.fetchval(_queries.read_artefact, version)
        return artefact or b""

    def _trained(self, version: ModelVersion, drift: str) -> NewEvent:
        return NewEvent(
            id=uuid7(self._clock, self._rng),
            kind="model.trained",
            at=version.created_at,
            data={
                "version": version.version,
                "observations": version.observations,
                "mae": version.metrics.get("mae"),
                "baseline_mae": version.metrics.get("baseline_mae"),
                "drift": drift,
            },
        )

    def _rolled_back(self, version: ModelVersion, rollback: Rollback) -> NewEvent:
        return NewEvent(
            id=uuid7(self._clock, self._rng),
            kind="model.rolled_back",
            at=version.created_at,
            data={
                "from": rollback.from_version,
                "to": rollback.to_version,
                "reason": rollback.reason,
                "by": rollback.by,
                "version": version.version,
            },
        )


def _entry(version: ModelVersion, rollback: Rollback) -> AuditEntry:
    detail = {"from": rollback.from_version, "to": rollback.to_version, "reason": rollback.reason}
    return AuditEntry(
        actor=rollback.by, action="model.roll_back", subject=f"model {version.version}", detail=detail
    )


async def _insert(session: Session, version: ModelVersion, model: NewModel) -> None:
    await session.execute(
        _queries.insert_model,
        version.version,
        model.artefact,
        version.sha256,
        version.feature_version,
        version.observations,
        dict(version.metrics),
        version.created_at,
    )
    await session.execute(_queries.drop_old_models, KEPT_VERSIONS, model.good)
