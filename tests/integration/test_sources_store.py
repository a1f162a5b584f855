from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from leadboost.domain.pace import Pace
from leadboost.errors import LeaseLostError, StoreDataError
from leadboost.ports import LEASE_PREFIX, Lease, NewEvent, SourceState
from leadboost.store.database import Database
from leadboost.store.leases import PgLeaseStore
from leadboost.store.sources import PgSourceStore

NAME = "rss:shop"
STATE = SourceState(
    name=NAME,
    kind="rss",
    cursor={"etag": 'W/"1"', "seen": ["a", 2]},
    state="failing",
    reason="HTTP 500",
    errors=3,
    last_polled_at=datetime(2026, 5, 1, tzinfo=UTC),
    last_item_at=None,
    next_due_at=datetime(2026, 5, 2, tzinfo=UTC),
    accepted=7,
    duplicates=8,
    rejected=9,
    pace=Pace(items=1.5, watched_s=60.0, quiet_s=2.5),
    silent_since=datetime(2026, 4, 30, tzinfo=UTC),
)
EVENT = NewEvent(
    id=UUID("01890000-0000-7000-8000-000000000001"),
    kind="source.silent",
    at=datetime(2026, 5, 1, tzinfo=UTC),
    data={"source": NAME},
)


@pytest.fixture
def store(database: Database) -> PgSourceStore:
    return PgSourceStore(database)


@pytest.fixture
async def lease(database: Database) -> Lease:
    lease = await PgLeaseStore(database).acquire(LEASE_PREFIX + NAME, "shop-1:7:a")
    assert lease is not None
    return lease


async def load(store: PgSourceStore, name: str = NAME) -> SourceState | None:
    return (await store.load([name]))[name].state


async def count(database: Database, table: str) -> int:
    async with database.session() as session:
        found: int = await session.fetchval(f"SELECT count(*) FROM {table}")  # a test's own
        return found


async def test_a_source_comes_back_as_saved_last(store: PgSourceStore, lease: Lease) -> None:
    await store.save(SourceState(name=NAME, kind="rss"), lease)
    await store.save(STATE, lease)

    assert await load(store) == STATE


async def test_a_source_never_saved_has_a_row_without_state(store: PgSourceStore, lease: Lease) -> None:
    await store.save(STATE, lease)

    assert await load(store, "rss:other") is None


async def test_the_row_tells_who_holds_the_lease_now(
    store: PgSourceStore, lease: Lease, database: Database
) -> None:
    held = (await store.load([NAME]))[NAME].holder
    await PgLeaseStore(database).release(lease)

    assert (held, (await store.load([NAME]))[NAME].holder) == ("shop-1:7:a", None)


async def test_an_unknown_state_is_a_data_error(store: PgSourceStore, lease: Lease) -> None:
    with pytest.raises(StoreDataError):
        await store.save(SourceState(name=NAME, kind="rss", state="asleep"), lease)


async def test_nothing_is_saved_once_the_lease_is_over(
    store: PgSourceStore, lease: Lease, database: Database
) -> None:
    await PgLeaseStore(database).acquire(lease.name, lease.holder)

    with pytest.raises(LeaseLostError):
        await store.save(STATE, lease, [EVENT])

    assert await load(store) is None
    assert await count(database, "events") == 0


async def test_events_are_journalled_with_the_state(
    store: PgSourceStore, lease: Lease, database: Database
) -> None:
    await store.save(STATE, lease, [EVENT])

    assert await count(database, "events") == 1


async def test_saving_leaves_the_muting_alone(store: PgSourceStore, lease: Lease, database: Database) -> None:
    muted = await store.mute(NAME, "rss", muted=True, reason="noise", by="ana")
    await store.save(STATE, lease)

    assert (muted.muted, muted.mute_reason) == (True, "noise")
    assert await load(store) == replace(STATE, muted=True, mute_reason="noise")
    assert await count(database, "audit_log") == 1


async def test_unmuting_makes_a_source_due_also_where_it_was_gone(store: PgSourceStore, lease: Lease) -> None:
    await store.save(replace(STATE, state="gone"), lease)
    await store.mute(NAME, "rss", muted=True, reason=None, by="ana")

    unmuted = await store.mute(NAME, "rss", muted=False, reason=None, by="ana")

    assert unmuted == replace(STATE, state="waiting", next_due_at=None)
