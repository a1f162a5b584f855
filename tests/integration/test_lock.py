import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from leadboost.clock import Rng, SystemClock
from leadboost.errors import LeaseLostError, MirrorError, StoreError
from leadboost.mirror import keys
from leadboost.mirror.client import RedisClients
from leadboost.mirror.election import RedisElection
from leadboost.mirror.lock import DistributedLock
from leadboost.ports import Lease
from leadboost.runtime import Runtime
from leadboost.store.database import Database
from leadboost.store.leases import PgLeaseStore, guard
from tests.integration.tcp_proxy import TcpProxy
from tests.redis_process import RedisProcess, redis_process

NAME = "journal"
KEY = keys.lock(NAME)
MakeLock = Callable[..., DistributedLock]


@pytest.fixture
async def make_lock(
    database: Database, clock: SystemClock, shared_redis: RedisProcess
) -> AsyncIterator[MakeLock]:
    made: list[RedisClients] = []

    def make(url: str = shared_redis.url, *, ttl_s: float = 9.0) -> DistributedLock:
        clients = RedisClients(url, clock=clock)
        made.append(clients)
        return DistributedLock(
            PgLeaseStore(database, ttl_s=ttl_s),
            RedisElection(clients, rng=Rng(), ttl_s=ttl_s),
            clock=clock,
            run_task=Runtime().run_task,
            ttl_s=ttl_s,
        )

    yield make
    for clients in made:
        await clients.close()


async def take(lock: DistributedLock, holder: str) -> Lease:
    lease = await lock.acquire(NAME, holder)
    assert lease is not None
    return lease


async def test_one_host_of_two_is_elected(make_lock: MakeLock, redis_clients: RedisClients) -> None:
    await take(make_lock(), "a")

    assert await make_lock().acquire(NAME, "b") is None


async def test_whoever_wins_the_lock_begins_a_term_over_one_that_still_runs(
    make_lock: MakeLock, redis_clients: RedisClients, database: Database
) -> None:
    one, two = make_lock(), make_lock()
    stale = await take(one, "a")
    await redis_clients.writing.delete(KEY)  # as a failover loses it

    lease = await take(two, "b")

    assert lease.epoch == stale.epoch + 1
    with pytest.raises(LeaseLostError):
        await one.renew(stale)
    with pytest.raises(LeaseLostError):
        async with database.transaction() as session:
            await guard(session, stale)


async def test_a_released_lock_is_free_at_once(make_lock: MakeLock, redis_clients: RedisClients) -> None:
    one, two = make_lock(), make_lock()
    await one.release(await take(one, "a"))

    assert (await take(two, "b")).epoch == 2


async def test_only_its_owner_releases_and_prolongs_a_lock(
    make_lock: MakeLock, redis_clients: RedisClients
) -> None:
    one, two = make_lock(), make_lock()
    stale = await take(one, "a")
    await redis_clients.writing.delete(KEY)
    await take(two, "b")
    held = await redis_clients.reading.get(KEY)

    await one.release(stale)

    assert await redis_clients.reading.get(KEY) == held
    assert await one.keep(NAME, "a", stale) is None


async def test_a_lock_expires_with_its_term(make_lock: MakeLock, redis_clients: RedisClients) -> None:
    await take(make_lock(), "a")

    assert 8_000 < await redis_clients.reading.pttl(KEY) <= 9_000


async def test_trust_counts_from_before_the_first_request(
    make_lock: MakeLock, redis_clients: RedisClients, clock: SystemClock
) -> None:
    before = clock.monotonic()
    lease = await take(make_lock(), "a")

    assert before + 6 <= lease.trusted_until <= clock.monotonic() + 6


async def test_a_restarted_actor_gets_its_hosts_lock_back(
    make_lock: MakeLock, redis_clients: RedisClients
) -> None:
    lock = make_lock()
    await take(lock, "a")

    assert (await take(lock, "a")).epoch == 2


async def test_the_row_elects_while_redis_is_away(make_lock: MakeLock, database: Database) -> None:
    with redis_process() as server:
        one, two = make_lock(server.url), make_lock(server.url)
        lease = await take(one, "a")
        server.kill()

        kept = await one.keep(NAME, "a", lease)

        assert kept is not None
        assert kept.epoch == lease.epoch
        assert await two.acquire(NAME, "b") is None


async def test_a_holder_keeps_its_term_over_a_restart_of_redis_that_lost_all(make_lock: MakeLock) -> None:
    with redis_process() as server:
        one, two = make_lock(server.url), make_lock(server.url)
        lease = await take(one, "a")
        await asyncio.to_thread(server.restart)

        kept = await one.keep(NAME, "a", lease)

        assert kept is not None
        assert kept.epoch == lease.epoch
        assert await two.acquire(NAME, "b") is None


async def test_a_frozen_redis_holds_leases_up_for_three_calls_in_all(
    make_lock: MakeLock, clock: SystemClock
) -> None:
    with redis_process() as server:
        lock = make_lock(server.url)
        server.freeze()
        began_at = clock.monotonic()

        leases = [await lock.acquire(f"source:{number}", "a") for number in range(10)]

        assert all(leases)
        assert clock.monotonic() - began_at < 5


async def test_a_lost_reply_leaves_no_ghost(
    make_lock: MakeLock, redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    async with TcpProxy(shared_redis.port).running() as proxy:
        lock = make_lock(f"redis://127.0.0.1:{proxy.port}/0")
        proxy.swallow_after = b"NX"

        lease = await lock.acquire(NAME, "a")

        assert proxy.swallowed.is_set()
        assert lease is not None  # by the row
        assert await redis_clients.reading.get(KEY) is None


async def test_a_ghost_is_deleted_before_the_next_attempt(
    clock: SystemClock, redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    async with TcpProxy(shared_redis.port).running() as proxy:
        clients = RedisClients(f"redis://127.0.0.1:{proxy.port}/0", clock=clock)
        election = RedisElection(clients, rng=Rng(), ttl_s=9.0)
        proxy.swallow_after = b"\r\n"  # every reply, so that the ghost cannot be seen off at once either
        with pytest.raises(MirrorError):
            await election.win(NAME)
        proxy.swallow_after = None
        await redis_clients.writing.delete(KEY)

        assert await election.win(NAME)
        assert await election.extend(NAME)
        await clients.close()


async def test_a_ghost_lasts_no_longer_than_its_expiry(
    clock: SystemClock, redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    async with TcpProxy(shared_redis.port).running() as proxy:
        clients = RedisClients(f"redis://127.0.0.1:{proxy.port}/0", clock=clock)
        proxy.swallow_after, proxy.cut = b"NX", True
        began_at = clock.monotonic()
        with pytest.raises(MirrorError):
            await RedisElection(clients, rng=Rng(), ttl_s=0.5)._set(NAME, "lost")
        other = RedisElection(redis_clients, rng=Rng(), ttl_s=0.5)
        won = False
        while not won and clock.monotonic() - began_at < 2:
            won = await other.win(NAME)

        assert won
        assert clock.monotonic() - began_at < 0.7
        await clients.close()


# -- atomic_transaction ---------------------------------------------------------------------------


async def test_a_transaction_runs_once_at_a_time_over_all_hosts(
    make_lock: MakeLock, redis_clients: RedisClients
) -> None:
    one, two = make_lock(), make_lock()

    async with one.atomic_transaction("reconcile", "a"):
        for lock in (one, two):
            with pytest.raises(LeaseLostError):
                async with lock.atomic_transaction("reconcile", "b"):
                    pass
    async with two.atomic_transaction("reconcile", "b") as lease:
        assert lease.epoch == 2


async def test_a_function_can_be_a_transaction(make_lock: MakeLock, redis_clients: RedisClients) -> None:
    held = []

    @make_lock().atomic_transaction("reconcile", "a")
    async def reconcile() -> str:
        held.append(await redis_clients.reading.get(keys.lock("reconcile")))
        return "done"

    assert await reconcile() == "done"
    assert held[0] is not None
    assert await redis_clients.reading.get(keys.lock("reconcile")) is None


async def test_a_watchdog_prolongs_the_lease_of_a_long_transaction(
    make_lock: MakeLock, redis_clients: RedisClients, clock: SystemClock
) -> None:
    one, two = make_lock(ttl_s=0.3), make_lock(ttl_s=0.3)
    ends_at = clock.monotonic() + 0.8

    async with one.atomic_transaction("reconcile", "a"):
        while clock.monotonic() < ends_at:
            assert await two.acquire("reconcile", "b") is None


async def test_a_transaction_ends_at_its_longest(make_lock: MakeLock, redis_clients: RedisClients) -> None:
    with pytest.raises(LeaseLostError):
        async with make_lock().atomic_transaction("reconcile", "a", most_s=0.1):
            await asyncio.Event().wait()


async def test_a_transaction_is_broken_off_once_its_lease_is_lost(
    make_lock: MakeLock, redis_clients: RedisClients
) -> None:
    one, two = make_lock(ttl_s=0.3), make_lock(ttl_s=0.3)

    @one.atomic_transaction("reconcile", "a")
    async def reconcile() -> None:
        await redis_clients.writing.delete(keys.lock("reconcile"))
        assert await two.acquire("reconcile", "b") is not None
        await asyncio.Event().wait()

    with pytest.raises(LeaseLostError):
        await reconcile()


async def test_an_error_inside_a_transaction_is_its_own(
    make_lock: MakeLock, redis_clients: RedisClients
) -> None:
    lock = make_lock()

    with pytest.raises(StoreError, match="mine"):
        async with lock.atomic_transaction("reconcile", "a"):
            raise StoreError("mine")
    async with lock.atomic_transaction("reconcile", "a"):
        pass


# -- the client -----------------------------------------------------------------------------------


async def test_a_cancelled_call_does_not_answer_the_next_one(
    clock: SystemClock, redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    await redis_clients.writing.mset({"one": "1", "two": "2"})
    async with TcpProxy(shared_redis.port).running() as proxy:
        clients = RedisClients(f"redis://127.0.0.1:{proxy.port}/0", clock=clock)
        await clients.writing.get("one")
        proxy.delay_s = 0.2
        with pytest.raises(MirrorError):
            async with clients.answering(0.05):
                await clients.writing.get("one")
        proxy.delay_s = 0.0

        assert await clients.writing.get("two") == b"2"
        await clients.close()


async def test_a_write_whose_reply_is_lost_is_not_repeated(
    clock: SystemClock, redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    async with TcpProxy(shared_redis.port).running() as proxy:
        clients = RedisClients(f"redis://127.0.0.1:{proxy.port}/0", clock=clock)
        proxy.swallow_after, proxy.cut = b"INCR", True
        with pytest.raises(MirrorError):
            async with clients.answering():
                await clients.writing.incr("counted")

        assert await redis_clients.reading.get("counted") == b"1"
        await clients.close()


async def test_errors_are_ours_and_hold_no_password(clock: SystemClock) -> None:
    with redis_process("--requirepass", "another") as server:
        clients = RedisClients(f"redis://:hunter2secret@127.0.0.1:{server.port}/0", clock=clock)
        with pytest.raises(MirrorError, match="credentials") as told:
            await clients.ping()

        assert "hunter2secret" not in str(told.value)
        await clients.close()
