import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest

from leadboost.clock import Rng, SystemClock
from leadboost.errors import (
    InputError,
    OutcomeUnknownError,
    StoreConflictError,
    StoreDataError,
    StoreUnavailableError,
)
from leadboost.store.database import Database
from leadboost.store.errors import LockTimeoutError
from leadboost.store.migrate import migrate
from tests.integration.tcp_proxy import TcpProxy

INSERT = "INSERT INTO leases (name, holder, epoch, expires_at) VALUES ($1, 'a', 1, now())"


async def names(database: Database) -> list[str]:
    async with database.session() as session:
        return [row["name"] for row in await session.fetch("SELECT name FROM leases ORDER BY name")]


async def insert(database: Database, *names: str, deadline_s: float = 2.0) -> None:
    async with database.transaction(deadline_s=deadline_s) as session:
        for name in names:
            await session.execute(INSERT, name)


@pytest.fixture
async def proxy(dsn: str) -> AsyncIterator[TcpProxy]:
    async with TcpProxy(int(parse_qs(urlsplit(dsn).query)["port"][0])).running() as proxy:
        yield proxy


@pytest.fixture
async def proxied(dsn: str, proxy: TcpProxy, clock: SystemClock, rng: Rng) -> AsyncIterator[Database]:
    parts = urlsplit(dsn)
    address = f"postgresql://{parts.username}:{parts.password}@127.0.0.1:{proxy.port}{parts.path}"
    opened = await Database.open(address, clock=clock, rng=rng)
    yield opened
    await opened.close()


async def test_jsonb_values_are_python_objects_both_ways(database: Database) -> None:
    value = {"a": [1, 2.5, None, "é"], "b": {"c": True}}

    async with database.session() as session:
        assert await session.fetchval("SELECT $1::jsonb", value) == value
        assert await session.fetchval("SELECT $1::jsonb[]", [value, None]) == [value, None]


async def test_a_transaction_commits_on_exit_and_rolls_back_on_error(database: Database) -> None:
    await insert(database, "kept")
    with pytest.raises(StoreConflictError):
        await insert(database, "lost", "kept")

    assert await names(database) == ["kept"]


async def test_a_swallowed_statement_error_does_not_pass_for_a_commit(database: Database) -> None:
    async def swallow() -> None:
        async with database.transaction() as session:
            await session.execute(INSERT, "lost")
            with suppress(StoreDataError):
                await session.execute("SELECT 1 / 0")

    with pytest.raises(StoreConflictError, match="rolled back"):
        await swallow()

    assert await names(database) == []


@pytest.mark.parametrize("cut", [False, True])
async def test_a_lost_reply_to_commit_is_an_unknown_outcome(
    database: Database, proxied: Database, proxy: TcpProxy, cut: bool
) -> None:
    proxy.swallow_after, proxy.cut = b"COMMIT", cut

    with pytest.raises(OutcomeUnknownError):
        await insert(proxied, "committed", deadline_s=0.5)

    assert await names(database) == ["committed"]


async def test_a_cancel_during_commit_stays_a_cancel(proxied: Database, proxy: TcpProxy) -> None:
    proxy.swallow_after = b"COMMIT"
    async with asyncio.timeout(5):
        inserting = asyncio.get_running_loop().create_task(insert(proxied, "committed"))
        await proxy.swallowed.wait()
        inserting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await inserting


async def test_a_timeout_of_the_callers_own_around_a_commit_stays_a_timeout(
    proxied: Database, proxy: TcpProxy
) -> None:
    proxy.swallow_after = b"COMMIT"

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await insert(proxied, "committed")


@pytest.mark.parametrize("cut", [False, True])
async def test_a_lost_reply_before_commit_writes_nothing(
    database: Database, proxied: Database, proxy: TcpProxy, cut: bool
) -> None:
    proxy.swallow_after, proxy.cut = b"INSERT INTO leases", cut

    with pytest.raises(StoreUnavailableError):
        await insert(proxied, "lost", deadline_s=0.5)

    proxy.swallow_after = None
    assert await names(proxied) == []


async def test_a_transaction_past_its_deadline_is_not_committed(database: Database) -> None:
    async def dawdle() -> None:
        async with database.transaction(deadline_s=0.5) as session:
            await session.execute(INSERT, "late")
            session._ends_at = database.clock.monotonic()

    with pytest.raises(StoreUnavailableError, match="deadline"):
        await dawdle()

    assert await names(database) == []


async def test_a_slow_statement_ends_at_the_deadline(database: Database, clock: SystemClock) -> None:
    started = clock.monotonic()

    with pytest.raises(StoreUnavailableError):
        async with database.transaction(deadline_s=0.1) as session:
            await session.execute("SELECT pg_sleep(30)")

    assert clock.monotonic() - started < 1


async def test_a_long_deadline_outlasts_the_servers_own_bound(database: Database) -> None:
    async with database.transaction(deadline_s=7) as session:
        assert await session.fetchval("SHOW statement_timeout") == "7s"
    async with database.session() as session:
        assert await session.fetchval("SHOW statement_timeout") == "3s"


async def test_a_lock_is_waited_for_no_longer_than_was_said(database: Database) -> None:
    await insert(database, "a")

    async with database.transaction() as holder:
        await holder.execute("SELECT * FROM leases FOR UPDATE")
        with pytest.raises(LockTimeoutError):
            async with database.transaction(lock_wait_s=0.05) as session:
                await session.execute("SELECT * FROM leases FOR UPDATE")
    async with database.session() as session:
        assert await session.fetchval("SHOW lock_timeout") == "0"


async def test_a_full_pool_refuses_within_the_deadline(dsn: str, clock: SystemClock, rng: Rng) -> None:
    database = await Database.open(dsn, pool_size=1, clock=clock, rng=rng)

    async with database.session():
        with pytest.raises(StoreUnavailableError, match="became free"):
            async with database.session(deadline_s=0.05):
                pass

    await database.ping()
    await database.close()


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ("SELECT $1::text", "a\0b"),
        ("SELECT $1::text", "\ud800"),
        ("SELECT $1::bigint", 2**63),
        ("SELECT $1::bigint", "seven"),
        ("SELECT $1::jsonb", {"a": "\0"}),
        ("SELECT 1::bigint / $1::bigint", 0),
        ("INSERT INTO events (id, kind, at, data) VALUES (gen_random_uuid(), $1, now(), '{}')", ""),
    ],
)
async def test_a_value_that_the_database_refuses_is_a_data_error(
    database: Database, query: str, argument: object
) -> None:
    async with database.session() as session:
        with pytest.raises(StoreDataError):
            await session.fetch(query, argument)

        assert await session.fetchval("SELECT 1") == 1


async def test_errors_never_repeat_a_value_that_was_sent(database: Database) -> None:
    texts = []
    for query, secret in [("SELECT $1::bigint", "hunter2"), ("SELECT $1::text::bigint", "hunter2")]:
        async with database.session() as session:
            with pytest.raises(StoreDataError) as caught:
                await session.fetch(query, secret)
        texts.append(str(caught.value))

    assert not any("hunter2" in text for text in texts)


async def test_the_pool_heals_when_the_server_drops_every_connection(database: Database) -> None:
    with pytest.raises(StoreUnavailableError):
        async with database.session() as session:
            await session.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    await database.ping()


async def test_a_cancelled_statement_leaves_the_pool_usable(dsn: str, clock: SystemClock, rng: Rng) -> None:
    database = await Database.open(dsn, pool_size=1, clock=clock, rng=rng)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), database.transaction() as session:
            await session.execute("SELECT pg_sleep(30)")

    await database.ping()
    await database.close()


async def pid(database: Database) -> int:
    async with database.session() as session:
        return int(await session.fetchval("SELECT pg_backend_pid()"))


@pytest.mark.parametrize("begin", ["BEGIN", "COMMIT"])
async def test_two_silences_in_a_row_renew_every_connection(
    proxied: Database, proxy: TcpProxy, begin: str
) -> None:
    async with proxied.session() as idle:
        first = await idle.fetchval("SELECT pg_backend_pid()")
        proxy.swallow_after = begin.encode()
        for name in "ab":
            with pytest.raises((StoreUnavailableError, OutcomeUnknownError)):
                await insert(proxied, name, deadline_s=0.1)
        proxy.swallow_after = None

    assert await pid(proxied) != first


async def test_slow_reads_renew_no_connection_but_their_own(database: Database) -> None:
    async with database.session() as idle:
        first = await idle.fetchval("SELECT pg_backend_pid()")
        for _ in range(2):
            with pytest.raises(StoreUnavailableError):
                async with database.session(deadline_s=0.3) as session:
                    await session.execute("SELECT pg_sleep(30)")

    assert await pid(database) == first


async def test_close_cuts_off_a_session_that_stays_open(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadboost.store.database._CLOSE_TIMEOUT_S", 0.05)

    async with database.session() as session:
        await database.close()
        with pytest.raises(StoreUnavailableError):
            await session.fetchval("SELECT 1")


@pytest.mark.parametrize("dsn", ["postgresql://u:p@127.0.0.1:1/db", "postgresql://u:p@/db?host=/nowhere"])
async def test_open_says_that_the_database_cannot_be_reached(dsn: str, clock: SystemClock, rng: Rng) -> None:
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        await Database.open(dsn, clock=clock, rng=rng)


@pytest.mark.parametrize(
    "dsn",
    [
        "nonsense",
        "postgresql://u:p@127.0.0.1/db?sslmode=bogus",
        f"postgresql://u:p@{'a' * 70}/db",
        "postgresql://u:p@127.0.0.1:99999/db",
        "postgresql://u:p@127.0.0.1:1,/db",
        "postgresql://u:hunter2/x@127.0.0.1/db",
        "postgresql://u:p@[::1/db",
    ],
)
async def test_a_bad_address_names_its_setting_and_no_secret(dsn: str, clock: SystemClock, rng: Rng) -> None:
    for attempt in (Database.open(dsn, clock=clock, rng=rng), migrate(dsn)):
        with pytest.raises(StoreUnavailableError, match=r"^database\.url is not valid") as caught:
            await attempt
        assert "hunter2" not in str(caught.value)


async def test_open_with_a_wrong_password_does_not_repeat_it(dsn: str, clock: SystemClock, rng: Rng) -> None:
    password = str(urlsplit(dsn).password)

    with pytest.raises(StoreUnavailableError) as caught:
        await Database.open(dsn.replace(password, "hunter2"), clock=clock, rng=rng)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("schema", ['x"; DROP', "pg_mine", "information_schema"])
async def test_open_refuses_a_schema_that_is_not_a_plain_name_of_ours(
    dsn: str, schema: str, clock: SystemClock, rng: Rng
) -> None:
    with pytest.raises(InputError, match=r"database\.schema"):
        await Database.open(dsn, schema=schema, clock=clock, rng=rng)
