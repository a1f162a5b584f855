"""``models``: saved versions of the ROI model."""

from collections.abc import Sequence

from leadboost.clock import uuid7
from leadboost.messages.trainer import ModelVersion
from leadboost.ports import KEPT_VERSIONS, Lease, NewEvent, NewModel, OutcomeRevision
from leadboost.store.database import Database, Session
from leadboost.store.journal import insert_events
from leadboost.store.leases import guard
from leadboost.store.outcomes import mark_learned
from leadboost.store.queries import load_queries

DEADLINE_S = 5.0

_queries = load_queries("models")


class PgModelStore:
    """``ModelStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = database.clock
        self._rng = database.rng.fork("models")

    async def save(self, model: NewModel, learned: Sequence[OutcomeRevision], lease: Lease) -> ModelVersion:
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
            await _insert(session, version, model.artefact)
            await mark_learned(session, learned)
            await insert_events(session, [self._trained(version)])
        return version

    async def versions(self) -> Sequence[ModelVersion]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            return [ModelVersion(**dict(row)) for row in await session.fetch(_queries.read_versions)]

    async def artefact(self, version: int) -> bytes:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            artefact: bytes | None = await session.fetchval(_queries.read_artefact, version)
        return artefact or b""

    def _trained(self, version: ModelVersion) -> NewEvent:
        return NewEvent(
            id=uuid7(self._clock, self._rng),
            kind="model.trained",
            at=version.created_at,
            data={
                "version": version.version,
                "observations": version.observations,
                "mae": version.metrics.get("mae"),
                "baseline_mae": version.metrics.get("baseline_mae"),
            },
        )


async def _insert(session: Session, version: ModelVersion, artefact: bytes) -> None:
    await session.execute(
        _queries.insert_model,
        version.version,
        artefact,
        version.sha256,
        version.feature_version,
        version.observations,
        dict(version.metrics),
        version.created_at,
    )
    await session.execute(_queries.drop_old_models, KEPT_VERSIONS)
