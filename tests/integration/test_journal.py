import asyncio
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from leadboost.clock import Rng, uuid7
from leadboost.errors import LeaseLostError, OutcomeUnknownError, StoreDataError
from leadboost.ports import Lease, NewEvent
from leadboost.store.database import Database
from leadboost.store.journal import PgJournalStore, insert_events
from leadboost.store.leases import PgLeaseStore
from tests.integration.tcp_proxy import TcpProxy


@pytest.fixture
def journal(database: Database) -> PgJournalStore:
    return PgJournalStore(database)


@pytest.fixture
async def lease(database: Database) -> Lease:
    lease = await PgLeaseStore(database).acquire("journal", "a")
    assert lease is not None
    return lease


def new_event(database: Database, number: int) -> NewEvent:
    id = uuid7(database.clock, database.rng)
    return NewEvent(id=id, kind="stock.low", at=database.clock.now(), data={"number": number})


async def write(database: Database, *numbers: int) -> None:
    async with database.transaction() as session:
        await insert_events(session, [new_event(database, number) for number in numbers])


async def test_numbering_follows_the_order_of_insertion(
    database: Database, journal: PgJournalStore, lease: Lease
) -> None:
    await write(database, 1, 2)
    await write(database, 3)

    numbered = await journal.number(lease, 10)

    assert [(event.offset, event.data) for event in numbered] == [
        (1, {"number": 1}),
        (2, {"number": 2}),
        (3, {"number": 3}),
    ]


async def test_offsets_have_no_gap_when_transactions_roll_back(
    database: Database, journal: PgJournalStore, lease: Lease
) -> None:
    await write(database, 1)
    event = new_event(database, 2)
    with pytest.raises(StoreDataError):
        async with database.transaction() as session:
            await insert_events(session, [event, replace(event, kind="x" * 101)])
    await write(database, 3)

    assert [event.offset for event in await journal.number(lease, 10)] == [1, 2]


async def test_numbering_is_gapless_under_concurrent_commits_and_numberers(
    database: Database, journal: PgJournalStore, lease: Lease
) -> None:
    async def number_some() -> list[int]:
        return [event.offset for _ in range(10) for event in await journal.number(lease, 3)]

    async with asyncio.TaskGroup() as group:
        writers = [group.create_task(write(database, number)) for number in range(40)]
        numberers = [group.create_task(number_some()) for _ in range(3)]
    rest = [event.offset for event in await journal.number(lease, 100)]

    seen = [offset for task in numberers for offset in task.result()] + rest
    assert len(writers) == 40
    assert sorted(seen) == list(range(1, 41))


async def test_an_event_committed_late_is_numbered_after_those_already_numbered(
    database: Database, journal: PgJournalStore, lease: Lease
) -> None:
    async with database.transaction() as slow:
        await insert_events(slow, [new_event(database, 1)])
        await write(database, 2)
        early = await journal.number(lease, 10)
    late = await journal.number(lease, 10)

    assert [(event.offset, event.data["number"]) for event in [*early, *late]] == [(1, 2), (2, 1)]


async def test_numbering_under_a_stale_lease_is_refused(
    database: Database, journal: PgJournalStore, lease: Lease
) -> None:
    await write(database, 1)
    leases = PgLeaseStore(database)
    await leases.release(lease)
    newer = await leases.acquire("journal", "b")
    assert newer is not None

    with pytest.raises(LeaseLostError):
        await journal.number(lease, 10)

    assert len(await journal.number(newer, 10)) == 1


async def test_numbering_nothing_writes_nothing(
    database: Database, journal: PgJournalStore, lease: Lease
) -> None:
    async with database.session() as session:
        before = await session.fetchval("SELECT xmin::text FROM journal")
        assert await journal.number(lease, 10) == []

        assert await session.fetchval("SELECT xmin::text FROM journal") == before


async def test_read_pages_through_all_events(
    database: Database, journal: PgJournalStore, lease: Lease
) -> None:
    await write(database, *range(1, 6))
    await journal.number(lease, 10)

    first = await journal.read(since=0, epoch=None, limit=3)
    second = await journal.read(since=3, epoch=first.epoch, limit=3)

    assert [event.offset for event in [*first.events, *second.events]] == [1, 2, 3, 4, 5]
    assert (first.offset, first.recovered, second.recovered) == (5, True, True)


async def test_read_of_an_empty_journal_is_whole(journal: PgJournalStore) -> None:
    page = await journal.read(since=0, epoch=None, limit=3)

    assert (page.offset, page.recovered, page.events) == (0, True, ())


@pytest.mark.parametrize(("since", "foreign"), [(0, True), (3, False), (-1, False)])
async def test_read_gives_nothing_when_it_cannot_give_all(
    database: Database, journal: PgJournalStore, lease: Lease, since: int, foreign: bool
) -> None:
    await write(database, 1, 2)
    await journal.number(lease, 10)

    page = await journal.read(since=since, epoch="another" if foreign else None, limit=10)

    assert (page.offset, page.recovered, page.events) == (2, False, ())


async def test_read_is_not_whole_when_old_events_were_removed(
    database: Database, journal: PgJournalStore, lease: Lease
) -> None:
    await write(database, 1, 2, 3)
    await journal.number(lease, 10)
    async with database.session() as session:
        await session.execute('DELETE FROM events WHERE "offset" = 1')

    assert not (await journal.read(since=0, epoch=None, limit=10)).recovered
    assert (await journal.read(since=1, epoch=None, limit=10)).recovered


@pytest.mark.parametrize("value", ["a\0b", 2**70, {1, 2}])
async def test_insert_events_refuses_what_json_or_postgresql_cannot_hold(
    database: Database, value: object
) -> None:
    event = NewEvent(
        id=uuid7(database.clock, database.rng), kind="x", at=database.clock.now(), data={"value": value}
    )

    with pytest.raises(StoreDataError):
        async with database.transaction() as session:
            await insert_events(session, [event])


async def test_what_a_lost_commit_numbered_is_read_after_the_last_offset_known(
    dsn: str, database: Database, journal: PgJournalStore, lease: Lease, rng: Rng
) -> None:
    await write(database, 1)
    (known,) = await journal.number(lease, 10)
    await write(database, 2, 3)
    async with TcpProxy(int(parse_qs(urlsplit(dsn).query)["port"][0])).running() as proxy:
        parts = urlsplit(dsn)
        address = f"postgresql://{parts.username}:{parts.password}@127.0.0.1:{proxy.port}{parts.path}"
        proxied = await Database.open(address, clock=database.clock, rng=rng)
        proxy.swallow_after, proxy.cut = b"COMMIT", True
        with pytest.raises(OutcomeUnknownError):
            await PgJournalStore(proxied).number(lease, 10)
        await proxied.close()

    page = await journal.read(since=known.offset, epoch=known.epoch, limit=10)

    assert page.recovered
    assert [event.data for event in page.events] == [{"number": 2}, {"number": 3}]
    assert await journal.number(lease, 10) == []
