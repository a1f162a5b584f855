from datetime import UTC, datetime

import pytest

from leadboost.errors import StoreDataError
from leadboost.ports import SourceState
from leadboost.store.database import Database
from leadboost.store.sources import PgSourceStore

STATE = SourceState(
    name="rss:shop",
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
)


@pytest.fixture
def store(database: Database) -> PgSourceStore:
    return PgSourceStore(database)


async def test_a_source_comes_back_as_saved_last(store: PgSourceStore) -> None:
    await store.save(SourceState(name="rss:shop", kind="rss"))
    await store.save(STATE)

    assert await store.load("rss:shop") == STATE


async def test_a_source_never_saved_is_none(store: PgSourceStore) -> None:
    await store.save(STATE)

    assert await store.load("rss:other") is None


async def test_an_unknown_state_is_a_data_error(store: PgSourceStore) -> None:
    with pytest.raises(StoreDataError):
        await store.save(SourceState(name="rss:shop", kind="rss", state="asleep"))
