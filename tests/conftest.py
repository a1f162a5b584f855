"""Fixtures of every suite: a real PostgreSQL, one fresh database per test."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from leadboost.clock import Rng, SystemClock
from leadboost.mirror.client import RedisClients
from leadboost.store.database import Database
from leadboost.store.embedded import EmbeddedPostgres
from leadboost.store.migrate import migrate
from tests.redis_process import RedisProcess, redis_process

_MEMORY_BYTES = 4 * 1024**3
_numbers = count(1)


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A temporary folder that every user can enter: as root, pytest's own is closed to the server."""
    folder = Path(tempfile.mkdtemp(prefix="leadboost-tests-", dir=_memory_folder()))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def open_path(open_folder: Path) -> Iterator[Path]:
    """A fresh folder of that kind: for a daemon's data folder."""
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)  # a server killed with its parent may still be tidying up


@pytest.fixture(scope="session")
def admin_dsn(open_folder: Path) -> Iterator[str]:
    """The session's server, without fsync, with a migrated database named ``template``."""
    server = EmbeddedPostgres(open_folder / "server", no_sync=True)
    dsn = asyncio.run(server.start())
    asyncio.run(_make_template(dsn))
    yield dsn
    asyncio.run(server.stop())


def _memory_folder() -> Path | None:
    """Databases are made three times as fast in memory, where there is enough of it."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > _MEMORY_BYTES else None


async def _make_template(admin_dsn: str) -> None:
    await _administer(admin_dsn, "CREATE DATABASE template STRATEGY file_copy")
    await migrate(_of(admin_dsn, "template"))


async def _administer(admin_dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(admin_dsn, timeout=10, command_timeout=30)
    try:
        await connection.execute(statement)
    finally:
        await connection.close(timeout=2)


def _of(admin_dsn: str, database: str) -> str:
    return admin_dsn.replace("/leadboost?", f"/{database}?")


@pytest.fixture
async def empty_dsn(admin_dsn: str) -> AsyncIterator[str]:
    """A fresh database without tables."""
    name = f"empty_{next(_numbers)}"
    await _administer(admin_dsn, f"CREATE DATABASE {name} STRATEGY file_copy")
    yield _of(admin_dsn, name)
    await _administer(admin_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def dsn(admin_dsn: str) -> AsyncIterator[str]:
    """A fresh, migrated database."""
    name = f"test_{next(_numbers)}"
    await _administer(admin_dsn, f"CREATE DATABASE {name} TEMPLATE template STRATEGY file_copy")
    yield _of(admin_dsn, name)
    await _administer(admin_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(dsn: str, clock: SystemClock, rng: Rng) -> AsyncIterator[Database]:
    opened = await Database.open(dsn, clock=clock, rng=rng)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def rng() -> Rng:
    return Rng(7)


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisProcess]:
    """One server for all tests that only use it."""
    with redis_process() as server:
        yield server


@pytest.fixture
async def redis_clients(shared_redis: RedisProcess, clock: SystemClock) -> AsyncIterator[RedisClients]:
    """Clients of a Redis that is empty."""
    clients = RedisClients(shared_redis.url, clock=clock)
    await clients.writing.flushall()
    yield clients
    await clients.close()
