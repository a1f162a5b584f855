from datetime import UTC, datetime, timedelta

import pytest

from leadboost.clock import uuid7
from leadboost.errors import LeaseLostError
from leadboost.ports import Lease, NewEvent
from leadboost.runtime.testing import FakeClock
from leadboost.store.database import Database
from leadboost.store.foreign import PgForeignStore
from leadboost.store.leases import PgLeaseStore
from tests.integration.tables import rows, run


def said(database: Database, digest: str, at: datetime, kind: str = "external") -> NewEvent:
    data = {"channel": "system_events", "message": digest, "digest": digest}
    return NewEvent(id=uuid7(FakeClock(at), database.rng), kind=kind, at=at, data=data)


async def lease_of(database: Database) -> Lease:
    lease = await PgLeaseStore(database).acquire("external", "here")
    assert lease is not None
    return lease


async def test_what_is_written_twice_stands_once(database: Database) -> None:
    store, lease = PgForeignStore(database), await lease_of(database)
    event = said(database, "a", datetime.now(UTC))

    await store.record([event], lease)
    await store.record([event], lease)

    assert await rows(database, "SELECT data ->> 'message' FROM events") == [("a",)]


async def test_nothing_is_written_under_a_lease_that_is_over(database: Database) -> None:
    store, lease = PgForeignStore(database), await lease_of(database)
    await run(database, "UPDATE leases SET epoch = epoch + 1, holder = 'there'")

    with pytest.raises(LeaseLostError):
        await store.record([said(database, "a", datetime.now(UTC))], lease)
    assert await rows(database, "SELECT 1 FROM events") == []


async def test_digests_are_those_said_since(database: Database) -> None:
    store, lease, now = PgForeignStore(database), await lease_of(database), datetime.now(UTC)
    ages = {"old": 40, "one": 20, "two": 10}
    events = [said(database, name, now - timedelta(seconds=age)) for name, age in ages.items()]
    await store.record([*events, said(database, "other", now, kind="test.event")], lease)

    assert await store.digests(now - timedelta(seconds=30)) == ["one", "two"]
