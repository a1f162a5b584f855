"""``models``: saved versions of the ROI model."""

from collections.abc import Sequence

import asyncpg

from leadboost.clock import uuid7
from leadboost.messages.trainer import ModelVersion
from leadboost.ports import Lease, NewEvent, NewModel, PendingOutcome, StoredModel
from leadboost.store.database import Database, Session
from leadboost.store.journal import insert_events
from leadboost.store.leases import guard
from leadboost.store.queries import load_queries

DEADLINE_S = 5.0
KEPT_VERSIONS = 20

_queries = load_queries("models")


class PgModelStore:
    """``ModelStore`` on PostgreSQL; keeps the newest 20 artefacts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = database.clock
        self._rng = database.rng.fork("models")

    async def save(self, model: NewModel, learned: Sequence[PendingOutcome], lease: Lease) -> ModelVersion:
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
            await _mark_learned(session, learned)
            await insert_events(session, [self._trained(version)])
        return version

    async def newest_first(self, limit: int) -> Sequence[StoredModel]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            return [_stored(row) for row in await session.fetch(_queries.read_models, limit)]

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


async def _mark_learned(session: Session, learned: Sequence[PendingOutcome]) -> None:
    places = [outcome.rank for outcome in learned]
    await session.execute(_queries.lock_learned, places)
    await session.execute(_queries.mark_learned, places, [outcome.revision for outcome in learned])


def _stored(row: asyncpg.Record) -> StoredModel:
    fields = dict(row)
    artefact = fields.pop("artefact")
    return StoredModel(info=ModelVersion(**fields), artefact=artefact)
