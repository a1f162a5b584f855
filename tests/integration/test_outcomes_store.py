import asyncio
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from leadboost.domain.hearing.heard import HEARD_VERSION
from leadboost.domain.outcome import Outcome
from leadboost.errors import StoreDataError
from leadboost.messages.trainer import OutcomesRecorded
from leadboost.ports import HeardOutcome, OutcomeRevision
from leadboost.store.database import Database
from leadboost.store.leases import PgLeaseStore
from leadboost.store.outcomes import PgOutcomeStore
from tests.integration.tables import rows, run

OUTCOME = Outcome(
    external_id="o1",
    platform="meta_ads",
    day=date(2026, 5, 2),
    spend_micros=10_000_000,
    revenue_micros=25_000_000,
    currency="EUR",
    clicks=3,
    attributes={"banner": "wide", "é": "x"},
    signal_ids=(UUID(int=1), UUID(int=2)),
)


@pytest.fixture
def store(database: Database) -> PgOutcomeStore:
    return PgOutcomeStore(database)


async def test_an_outcome_comes_back_whole(store: PgOutcomeStore) -> None:
    await store.record([OUTCOME])

    (pending,) = await store.pending(10)
    assert pending.outcome == OUTCOME
    assert (pending.rank, pending.revision) == (1, 1)
    assert type(pending.outcome.signal_ids[0]) is UUID


async def test_recording_the_same_again_changes_nothing(store: PgOutcomeStore, database: Database) -> None:
    outcomes = [replace(OUTCOME, external_id=f"o{n}", clicks=n or None) for n in range(50)]
    first = await store.record(outcomes)
    await run(database, "UPDATE outcomes SET state = 'processed'")
    before = await rows(database, "SELECT * FROM outcomes ORDER BY seq")

    again = await store.record(outcomes)

    assert (first, again) == (
        OutcomesRecorded(accepted=50, unchanged=0),
        OutcomesRecorded(accepted=0, unchanged=50),
    )
    assert await rows(database, "SELECT * FROM outcomes ORDER BY seq") == before


@pytest.mark.parametrize(
    "change",
    [
        {"platform": "google_ads"},
        {"day": date(2026, 5, 3)},
        {"spend_micros": 1},
        {"revenue_micros": 1},
        {"currency": "USD"},
        {"clicks": None},
        {"impressions": 1},
        {"conversions": 1},
        {"attributes": {"banner": "narrow"}},
        {"signal_ids": ()},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_an_outcome_that_changes_after_it_was_learned_is_corrected(
    store: PgOutcomeStore, database: Database, change: dict[str, Any]
) -> None:
    await store.record([OUTCOME])
    await run(database, "UPDATE outcomes SET state = 'processed'")

    recorded = await store.record([replace(OUTCOME, **change)])

    assert recorded == OutcomesRecorded(accepted=1, unchanged=0, changed=1)
    assert (await store.pending(10), await store.count_pending()) == ([], 1)
    assert await store.corrected(10) == [OutcomeRevision(rank=1, revision=2)]
    assert await store.read([1]) == [HeardOutcome(outcome=replace(OUTCOME, **change))]


async def test_an_outcome_that_changes_before_it_is_learned_stays_pending(store: PgOutcomeStore) -> None:
    await store.record([OUTCOME])
    await store.record([replace(OUTCOME, clicks=9)])

    (pending,) = await store.pending(10)
    assert (pending.outcome.clicks, pending.revision) == (9, 2)
    assert await store.corrected(10) == []


async def test_a_correction_is_settled_unless_it_changed_again(
    store: PgOutcomeStore, database: Database
) -> None:
    lease = await PgLeaseStore(database).acquire("training", "here")
    assert lease is not None
    outcomes = [OUTCOME, replace(OUTCOME, external_id="o2")]
    await store.record(outcomes)
    await store.settle(await store.pending(10), 1, lease)
    await store.record([replace(outcome, clicks=8) for outcome in outcomes])
    corrections = await store.corrected(10)

    await store.record([replace(OUTCOME, clicks=9)])
    await store.settle(corrections, 2, lease)

    assert await store.corrected(10) == [OutcomeRevision(rank=1, revision=3)]


async def test_the_last_learned_outcomes_come_by_day_then_in_order_of_arrival(
    store: PgOutcomeStore, database: Database
) -> None:
    days = {"z": 2, "a": 1, "m": 3, "b": 2, "new": 4}
    await store.record(
        [replace(OUTCOME, external_id=id_, day=date(2026, 5, day)) for id_, day in days.items()]
    )
    await run(database, "UPDATE outcomes SET state = 'processed' WHERE external_id <> 'new'")

    ranks = await store.learned(3)

    assert [row.outcome.external_id for row in await store.read(ranks[::-1])] == ["z", "b", "m"]
    assert ranks == [1, 4, 3]


async def test_new_changed_and_unchanged_outcomes_are_told_apart(store: PgOutcomeStore) -> None:
    await store.record([replace(OUTCOME, external_id=f"o{n}") for n in range(4)])

    recorded = await store.record(
        [replace(OUTCOME, external_id=f"o{n}", clicks=3 + n // 3) for n in range(6)]
    )

    assert recorded == OutcomesRecorded(accepted=3, unchanged=3, changed=1)


async def test_of_one_id_named_twice_the_last_stands(store: PgOutcomeStore) -> None:
    recorded = await store.record([OUTCOME, replace(OUTCOME, clicks=9)])

    (pending,) = await store.pending(10)
    assert recorded == OutcomesRecorded(accepted=1, unchanged=1)
    assert (pending.outcome.clicks, pending.revision) == (9, 1)


async def test_pending_outcomes_come_by_day_then_in_order_of_arrival(store: PgOutcomeStore) -> None:
    days = {"z": 2, "a": 2, "m": 1, "b": 2}
    told = [replace(OUTCOME, external_id=id_, day=date(2026, 5, day)) for id_, day in days.items()]
    await store.record(told)

    order = [pending.outcome.external_id for pending in await store.pending(10)]

    assert order == ["m", "z", "a", "b"]
    assert len(await store.pending(2)) == 2
    assert await store.count_pending() == 4


async def test_recorders_in_opposite_order_do_not_block_each_other(store: PgOutcomeStore) -> None:
    ids = [f"o{n}" for n in range(100)]
    batches = [
        [replace(OUTCOME, external_id=id_, clicks=clicks) for id_ in order]
        for clicks, order in enumerate([ids, ids[::-1]] * 4)
    ]

    recorded = await asyncio.gather(*map(store.record, batches))

    assert [each.accepted + each.unchanged for each in recorded] == [100] * 8
    assert await store.count_pending() == 100


async def test_recording_nothing_is_fine(store: PgOutcomeStore) -> None:
    assert await store.record([]) == OutcomesRecorded(accepted=0, unchanged=0)


@pytest.mark.parametrize(
    "change", [{"spend_micros": 2**70}, {"platform": "a\0"}, {"currency": "euro"}], ids=repr
)
async def test_a_value_the_database_refuses_stores_none_of_the_call(
    store: PgOutcomeStore, change: dict[str, Any]
) -> None:
    with pytest.raises(StoreDataError):
        await store.record([OUTCOME, replace(OUTCOME, external_id="o2", **change)])

    assert await store.count_pending() == 0


async def keep_signal(
    database: Database, number: int, features: dict[str, float], version: str = HEARD_VERSION
) -> None:
    """Keep a processed signal with these features."""
    async with database.session() as session:
        await session.execute(
            "INSERT INTO raw_signals (id, source, external_id, content_hash, body, heard_at, state, features,"
            " feature_version) VALUES ($1, 'x', 'x', decode(repeat($2, 32), 'hex'), '{}', now(), 'processed',"
            " $3, $4)",
            UUID(int=number),
            f"{number:02x}",
            features,
            version,
        )


async def test_an_outcome_comes_with_what_its_signals_said_on_average(
    store: PgOutcomeStore, database: Database
) -> None:
    await keep_signal(database, 1, {"trust": 0.5, "recency": 0.1})
    await keep_signal(database, 2, {"trust": 0.75, "recency": 0.2})
    await keep_signal(database, 3, {"trust": 0.0})

    await store.record([OUTCOME])

    heard = {"recency": pytest.approx(0.15), "trust": 0.625}
    assert [pending.heard for pending in await store.pending(10)] == [heard]
    assert [row.heard for row in await store.read([1])] == [heard]


async def test_an_outcome_waits_for_a_while_for_signals_that_are_still_pending(
    store: PgOutcomeStore, database: Database
) -> None:
    await keep_signal(database, 1, {"trust": 0.5})
    await keep_signal(database, 2, {"trust": 0.5})
    await run(database, f"UPDATE raw_signals SET state = 'pending' WHERE id = '{UUID(int=2)}'")
    await store.record([OUTCOME, replace(OUTCOME, external_id="other", signal_ids=())])

    at_first = await store.pending(10)
    await run(database, "UPDATE outcomes SET recorded_at = recorded_at - interval '601 seconds'")
    after_ten_minutes = await store.pending(10)
    await run(database, "UPDATE outcomes SET recorded_at = recorded_at + interval '601 seconds'")
    await run(database, "UPDATE raw_signals SET state = 'processed'")
    once_heard = await store.pending(10)

    assert [row.outcome.external_id for row in at_first] == ["other"]
    assert [row.outcome.external_id for row in after_ten_minutes] == ["o1", "other"]
    assert [row.outcome.external_id for row in once_heard] == ["o1", "other"]


async def test_features_of_another_version_and_unknown_signals_say_nothing(
    store: PgOutcomeStore, database: Database
) -> None:
    await keep_signal(database, 1, {"trust": 0.5}, version="heard-0")

    await store.record([OUTCOME, replace(OUTCOME, external_id="o2", signal_ids=())])

    assert [pending.heard for pending in await store.pending(10)] == [{}, {}]
