from datetime import timedelta

import pytest

from leadboost.clock import SystemClock
from leadboost.errors import LeaseLostError
from leadboost.ports import Lease
from leadboost.store.database import Database
from leadboost.store.leases import PgLeaseStore, guard


@pytest.fixture
def leases(database: Database) -> PgLeaseStore:
    return PgLeaseStore(database)


async def take(leases: PgLeaseStore, holder: str) -> Lease:
    lease = await leases.acquire("journal", holder)
    assert lease is not None
    return lease


async def expire(database: Database) -> None:
    async with database.session() as session:
        await session.execute("UPDATE leases SET expires_at = now() - interval '1 ms'")


async def test_acquire_is_refused_while_another_holders_term_runs(leases: PgLeaseStore) -> None:
    await take(leases, "a")

    assert await leases.acquire("journal", "b") is None


async def test_acquire_raises_the_epoch_after_expiry(leases: PgLeaseStore, database: Database) -> None:
    first = await take(leases, "a")
    await expire(database)

    second = await take(leases, "b")

    assert second.epoch == first.epoch + 1


async def test_a_term_is_trusted_for_six_seconds_from_before_the_request(
    leases: PgLeaseStore, clock: SystemClock
) -> None:
    before = clock.monotonic()
    lease = await take(leases, "a")
    after = clock.monotonic()

    assert before + 6 <= lease.trusted_until <= after + 6


async def test_a_term_runs_nine_seconds_on_the_databases_clock(
    leases: PgLeaseStore, database: Database
) -> None:
    lease = await take(leases, "a")
    await leases.renew(lease)

    async with database.session() as session:
        left = await session.fetchval("SELECT expires_at - now() FROM leases")

    assert timedelta(seconds=8) < left <= timedelta(seconds=9)


async def test_renew_of_a_term_that_was_taken_over_is_refused(
    leases: PgLeaseStore, database: Database
) -> None:
    stale = await take(leases, "a")
    await expire(database)
    await take(leases, "b")

    with pytest.raises(LeaseLostError):
        await leases.renew(stale)


async def test_a_late_resign_leaves_the_newer_term_alone(leases: PgLeaseStore, database: Database) -> None:
    stale = await take(leases, "a")
    await expire(database)
    await take(leases, "b")

    await leases.release(stale)

    assert await leases.acquire("journal", "c") is None


async def test_a_resigned_lease_is_free_at_once(leases: PgLeaseStore) -> None:
    await leases.release(await take(leases, "a"))

    assert (await take(leases, "b")).epoch == 2


async def test_a_guarded_write_of_a_stale_term_is_refused(leases: PgLeaseStore, database: Database) -> None:
    stale = await take(leases, "a")
    await expire(database)
    await take(leases, "b")

    with pytest.raises(LeaseLostError):
        async with database.transaction() as session:
            await guard(session, stale)


async def test_a_take_over_waits_for_a_guarded_transaction(leases: PgLeaseStore, database: Database) -> None:
    lease = await take(leases, "a")
    await expire(database)

    async with database.transaction() as guarded:
        await guard(guarded, lease)
        async with database.transaction() as other:
            await other.execute("SET LOCAL lock_timeout = '50ms'")
            blocked = await other.fetchval(
                "SELECT count(*) FROM leases WHERE name = 'journal' AND name IN "
                "(SELECT name FROM leases FOR UPDATE SKIP LOCKED)"
            )

    assert blocked == 0


async def test_keep_prolongs_a_trusted_term_and_begins_anew_after_it_was_lost(leases: PgLeaseStore) -> None:
    lease = await take(leases, "a")
    kept = await leases.keep("journal", "a", lease)
    await leases.release(lease)
    other = await take(leases, "b")

    assert kept is not None
    assert kept.epoch == lease.epoch
    assert await leases.keep("journal", "a", kept) is None
    await leases.release(other)
    anew = await leases.keep("journal", "a", kept)
    assert anew is not None
    assert anew.epoch == other.epoch + 1
