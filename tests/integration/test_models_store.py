from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from leadboost.domain.outcome import Outcome
from leadboost.errors import LeaseLostError, StoreConflictError
from leadboost.ports import Lease, NewModel, PendingOutcome, Rollback
from leadboost.store.database import Database
from leadboost.store.leases import PgLeaseStore
from leadboost.store.models import PgModelStore
from leadboost.store.outcomes import PgOutcomeStore
from leadboost.store.queries import load_queries
from tests.integration.tables import rows, run


def model(version: int) -> NewModel:
    return NewModel(
        version=version,
        artefact=b"\0npz",
        sha256="ab",
        feature_version="1",
        observations=10 * version,
        metrics={"mae": 0.4, "baseline_mae": 0.9, "rows": 10.0},
    )


def outcome(id_: str, clicks: int = 1) -> Outcome:
    return Outcome(
        external_id=id_,
        platform="meta_ads",
        day=date(2026, 5, 2),
        spend_micros=1,
        revenue_micros=2,
        currency="EUR",
        clicks=clicks,
    )


@pytest.fixture
def store(database: Database) -> PgModelStore:
    return PgModelStore(database)


@pytest.fixture
def outcomes(database: Database) -> PgOutcomeStore:
    return PgOutcomeStore(database)


@pytest.fixture
async def lease(database: Database) -> Lease:
    lease = await PgLeaseStore(database).acquire("training", "here")
    assert lease is not None
    return lease


async def states(database: Database) -> Sequence[tuple[str, str]]:
    return await rows(database, "SELECT external_id, state FROM outcomes ORDER BY external_id")


async def learn(outcomes: PgOutcomeStore, *told: Outcome) -> Sequence[PendingOutcome]:
    await outcomes.record(told)
    return await outcomes.pending(100)


async def test_a_saved_version_comes_back_with_its_artefact(store: PgModelStore, lease: Lease) -> None:
    saved = [await store.save(model(version), [], lease) for version in (1, 2)]

    newest, oldest = await store.versions()

    assert [newest, oldest] == saved[::-1]
    assert newest.metrics["mae"] == 0.4
    assert [await store.artefact(version) for version in (2, 3)] == [b"\0npz", b""]


async def test_learned_outcomes_are_processed_with_the_version_that_knows_them(
    store: PgModelStore, outcomes: PgOutcomeStore, lease: Lease, database: Database
) -> None:
    learned = await learn(outcomes, outcome("a"), outcome("b"))
    await outcomes.record([outcome("late")])

    await store.save(model(1), learned, lease)

    assert await states(database) == [
        ("a", "processed"),
        ("b", "processed"),
        ("late", "pending"),
    ]


async def test_an_outcome_changed_while_it_was_learned_is_one_to_correct(
    store: PgModelStore, outcomes: PgOutcomeStore, lease: Lease, database: Database
) -> None:
    learned = await learn(outcomes, outcome("a"))
    await outcomes.record([outcome("a", clicks=2)])

    await store.save(model(1), learned, lease)

    assert await states(database) == [("a", "corrected")]


async def test_a_saved_version_is_journalled(store: PgModelStore, lease: Lease, database: Database) -> None:
    await store.save(model(3), [], lease)

    data = {"version": 3, "observations": 30, "mae": 0.4, "baseline_mae": 0.9, "drift": "none"}
    assert await rows(database, "SELECT kind, data FROM events") == [("model.trained", data)]


async def test_a_stale_lease_saves_nothing(
    store: PgModelStore, outcomes: PgOutcomeStore, lease: Lease, database: Database
) -> None:
    learned = await learn(outcomes, outcome("a"))

    with pytest.raises(LeaseLostError):
        await store.save(model(1), learned, replace(lease, epoch=lease.epoch - 1))

    assert await store.versions() == []
    assert await states(database) == [("a", "pending")]
    assert await rows(database, "SELECT * FROM events") == []


async def test_a_version_saved_before_is_a_conflict(store: PgModelStore, lease: Lease) -> None:
    await store.save(model(1), [], lease)

    with pytest.raises(StoreConflictError):
        await store.save(model(1), [], lease)


async def test_only_the_newest_twenty_versions_are_kept(store: PgModelStore, lease: Lease) -> None:
    for version in range(1, 24):
        await store.save(model(version), [], lease)

    assert [known.version for known in await store.versions()] == list(range(23, 3, -1))


def back(version: int, to: int) -> Rollback:
    return Rollback(from_version=version, to_version=to, reason="a wrong unit", by="ann")


async def test_a_row_set_aside_and_corrected_is_set_aside_again_with_the_version_that_learned_it(
    store: PgModelStore, outcomes: PgOutcomeStore, lease: Lease, database: Database
) -> None:
    await store.save(model(1), [], lease)
    await store.save(model(2), await learn(outcomes, outcome("a")), lease)
    await store.save(model(3), [], lease, back(2, 1))
    await outcomes.record([outcome("a", clicks=2)])
    await outcomes.settle(await outcomes.corrected(9), 4, lease)
    await store.save(model(4), [], lease)

    await store.save(model(5), [], lease, back(4, 3))

    assert await states(database) == [("a", "set_aside")]


async def test_a_row_that_waited_as_corrected_when_its_version_was_left_counts_for_the_one_that_learns_it(
    store: PgModelStore, outcomes: PgOutcomeStore, lease: Lease, database: Database
) -> None:
    await store.save(model(1), [], lease)
    await store.save(model(2), await learn(outcomes, outcome("a")), lease)
    await outcomes.record([outcome("a", clicks=2)])
    await store.save(model(3), [], lease, back(2, 1))
    waiting = await states(database)
    await outcomes.settle(await outcomes.corrected(9), 4, lease)
    await store.save(model(4), [], lease)

    await store.save(model(5), [], lease, back(4, 3))

    assert waiting == [("a", "corrected")]
    assert await states(database) == [("a", "set_aside")]


async def test_a_corrected_row_stays_where_the_version_gone_back_to_had_learned_it(
    store: PgModelStore, outcomes: PgOutcomeStore, lease: Lease, database: Database
) -> None:
    await store.save(model(1), await learn(outcomes, outcome("a")), lease)
    await outcomes.record([outcome("a", clicks=2)])
    await outcomes.settle(await outcomes.corrected(9), 2, lease)
    await store.save(model(2), [], lease)

    await store.save(model(3), [], lease, back(2, 1))

    assert await states(database) == [("a", "processed")]


async def test_who_went_back_and_why_stands_in_the_audit_log_with_the_version_saved(
    store: PgModelStore, lease: Lease, database: Database
) -> None:
    for version in (1, 2):
        await store.save(model(version), [], lease)
    with pytest.raises(StoreConflictError):
        await store.save(model(2), [], lease, back(2, 1))

    await store.save(model(3), [], lease, back(2, 1))

    detail = {"from": 2, "to": 1, "reason": "a wrong unit"}
    assert await rows(database, "SELECT actor, action, subject, detail FROM audit_log") == [
        ("ann", "model.roll_back", "model 3", detail)
    ]


async def test_setting_aside_a_few_of_many_rows_reads_these_alone(database: Database) -> None:
    await run(
        database,
        "INSERT INTO outcomes (seq, external_id, platform, day, spend_micros, revenue_micros, currency,"
        " attributes, signal_ids, recorded_at, state, revision, learned_in)"
        " SELECT n, n, 'meta_ads', '2026-05-02', 1, 2, 'EUR', '{}', '{}', now(), 'processed', 1, n / 100"
        " FROM generate_series(1, 20000) AS n",
    )
    await run(database, "ANALYZE outcomes")

    async with database.session() as session:
        plan = await session.fetch(f"EXPLAIN {load_queries('outcomes').set_aside}", 198, 199)

    lines = "\n".join(line for (line,) in plan)
    assert "outcomes_learned_in_idx" in lines
    assert "Seq Scan" not in lines
