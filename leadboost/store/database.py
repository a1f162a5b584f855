"""Connections with deadlines, and transactions whose COMMIT is a step of its own."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, NoReturn, TypeVar

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from leadboost.clock import Clock, Rng
from leadboost.errors import InputError, OutcomeUnknownError, StoreConflictError, StoreUnavailableError
from leadboost.store.errors import (
    CONNECT_ERRORS,
    DRIVER_ERRORS,
    SERVER_ANSWERED,
    translate,
    translate_connect,
)

CONNECT_TIMEOUT_S = 3.0
_STATEMENT_TIMEOUT_S = 3.0
_ROLLBACK_TIMEOUT_S = 1.0
_CLOSE_TIMEOUT_S = 5.0
_MAX_QUERIES = 1_000_000_000  # the driver would reconnect after 50,000 statements

T = TypeVar("T")


def server_settings(schema: str) -> dict[str, str]:
    """Settings of every session. Raises InputError unless ``schema`` is a plain lower-case name of ours."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema):
        raise InputError("database.schema", "use a lower-case letter, then letters, digits and _, at most 63")
    if schema.startswith("pg_") or schema == "information_schema":
        raise InputError(
            "database.schema", f"{schema} is PostgreSQL's own; use another, for example leadboost"
        )
    return {
        "application_name": "leadboost",
        "search_path": f'"{schema}"',
        "timezone": "UTC",
        "statement_timeout": f"{_STATEMENT_TIMEOUT_S:g}s",
        "idle_in_transaction_session_timeout": "10s",
        "tcp_keepalives_idle": "15",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "5000",
    }


class Session:
    """One borrowed connection. Driver errors leave it translated; a deadline bounds every statement.

    Queries use ``$n`` arguments; jsonb values are Python objects both ways. Raises StoreDataError,
    StoreConflictError, StoreUnavailableError. Belongs to the one task that opened it.
    """

    __slots__ = ("_clock", "_connection", "_ends_at", "_idle", "silent")

    def __init__(
        self, connection: "PoolConnectionProxy[asyncpg.Record]", clock: Clock, ends_at: float
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._ends_at = ends_at
        self._idle = True
        self.silent = False

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        """Run one statement and return its rows."""
        return await self._run(self._connection.fetch, query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        """Run one statement and return its first row, or None."""
        return await self._run(self._connection.fetchrow, query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        """Run one statement and return the first column of its first row, or None."""
        return await self._run(self._connection.fetchval, query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """Run one statement, or several without arguments, and return the last command tag."""
        return await self._run(self._connection.execute, query, *args)

    async def execute_many(self, query: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement per row of arguments, in order, in one round trip."""
        await self._run(self._connection.executemany, query, rows)

    async def brief(self, statement: str) -> str:
        """Run a statement that a live server answers at once; ``silent`` tells that it did not."""
        try:
            return await self.execute(statement)
        except StoreUnavailableError as error:
            self.silent = isinstance(error.__cause__, TimeoutError)
            raise

    async def _run(self, call: Callable[..., Awaitable[T]], query: str, *args: object) -> T:
        left_s = self._ends_at - self._clock.monotonic()
        if left_s <= 0:
            raise StoreUnavailableError("the deadline of this transaction has passed")
        self._idle = False
        try:
            result = await call(query, *args, timeout=left_s)
        except DRIVER_ERRORS as error:
            self._raise(error)
        self._idle = True
        return result

    def _raise(self, error: Exception) -> NoReturn:
        translated = translate(error)
        self._idle = isinstance(error, SERVER_ANSWERED)
        if translated is error:
            raise error
        raise translated from error

    async def _commit(self) -> None:
        left_s = self._ends_at - self._clock.monotonic()
        if left_s <= 0:
            raise StoreUnavailableError("the deadline of this transaction passed before its COMMIT")
        self._idle = False
        try:
            tag = await self._connection.execute("COMMIT", timeout=left_s)
        except asyncio.CancelledError as error:
            if _is_cancelled():
                raise
            raise OutcomeUnknownError("the wait for COMMIT was broken off") from error
        except DRIVER_ERRORS as error:
            self.silent = isinstance(error, TimeoutError)
            translated = translate(error)
            if isinstance(translated, StoreUnavailableError):
                raise OutcomeUnknownError(f"no answer to COMMIT: {translated}") from error
            self._raise(error)
        self._idle = True
        if tag != "COMMIT":
            raise StoreConflictError("a statement of this transaction had failed; it was rolled back")

    async def _clean(self) -> None:
        """Leave nothing behind: roll back what is open, drop a connection whose state is unknown."""
        try:
            if self._idle and self._connection.is_in_transaction():
                self._idle = False
                await self._connection.execute("ROLLBACK", timeout=_ROLLBACK_TIMEOUT_S)
                self._idle = True
        except DRIVER_ERRORS:
            self._idle = False
        finally:
            if not self._idle:
                with contextlib.suppress(asyncpg.InterfaceError):  # gone from the pool already
                    self._connection.terminate()


class Database:
    """A bounded pool of connections to one schema. Stores find its ``clock`` and ``rng`` here."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, clock: Clock, rng: Rng) -> None:
        self.clock = clock
        self.rng = rng
        self._pool = pool
        self._timeouts = 0

    @classmethod
    async def open(
        cls, dsn: str, *, schema: str = "public", pool_size: int = 10, clock: Clock, rng: Rng
    ) -> "Database":
        """Connect once, so that a wrong address shows here. Raises StoreUnavailableError, InputError."""
        pool = asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=pool_size,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=2.0,
            max_queries=_MAX_QUERIES,
            max_cached_statement_lifetime=0,
            server_settings=server_settings(schema),
            init=_prepare_connection,
            reset=_keep_session_state,
        )
        try:
            await pool
        except CONNECT_ERRORS as error:
            raise translate_connect(error) from error
        return cls(pool, clock=clock, rng=rng)

    @contextlib.asynccontextmanager
    async def transaction(
        self, *, deadline_s: float = 2.0, lock_wait_s: float | None = None
    ) -> AsyncIterator[Session]:
        """Run a block in one READ COMMITTED transaction that ends within ``deadline_s`` in all.

        Raises StoreUnavailableError when nothing was written, as LockTimeoutError when one lock was
        not had within ``lock_wait_s``, and OutcomeUnknownError when the connection failed during
        COMMIT. A cancelled task is never told whether its COMMIT took place.
        """
        begin = _begin(deadline_s, lock_wait_s)
        async with self.session(deadline_s=deadline_s) as session:
            await session.brief(begin)
            yield session
            await session._commit()

    @contextlib.asynccontextmanager
    async def session(self, *, deadline_s: float = 2.0) -> AsyncIterator[Session]:
        """Lend a connection on which each statement commits by itself: for reads, and for single
        writes that may be repeated. One statement runs at most 3 s here."""
        ends_at = self.clock.monotonic() + deadline_s
        session = Session(await self._acquire(deadline_s), self.clock, ends_at)
        try:
            yield session
        except (StoreUnavailableError, OutcomeUnknownError):
            if session.silent:
                await self._count_silence()
            raise
        else:
            self._timeouts = 0
        finally:
            await self._give_back(session)

    async def ping(self) -> None:
        """Ask the server for a sign of life. Raises StoreUnavailableError."""
        async with self.session() as session:
            await session.brief("SELECT 1")

    async def close(self) -> None:
        """Close every connection; what is still busy after 5 s is cut off."""
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._pool.close()
        except DRIVER_ERRORS:
            self._pool.terminate()

    async def _acquire(self, deadline_s: float) -> "PoolConnectionProxy[asyncpg.Record]":
        try:
            # The driver's own timeout argument would start a task for every call.
            async with asyncio.timeout(deadline_s):
                return await self._pool.acquire()
        except TimeoutError as error:
            raise StoreUnavailableError("no connection to the database became free in time") from error
        except CONNECT_ERRORS as error:
            raise translate_connect(error) from error

    async def _give_back(self, session: Session) -> None:
        try:
            await session._clean()
        finally:
            with contextlib.suppress(*DRIVER_ERRORS):  # the driver has then dropped the connection
                await self._pool.release(session._connection, timeout=_ROLLBACK_TIMEOUT_S)

    async def _count_silence(self) -> None:
        """Two brief statements in a row without answer mean a dead peer: make every connection anew.

        Others do not count: a slow read or a row that is locked elsewhere says nothing of the peer.
        """
        self._timeouts += 1
        if self._timeouts >= 2:
            self._timeouts = 0
            await self._pool.expire_connections()


def _begin(deadline_s: float, lock_wait_s: float | None) -> str:
    """All in one simple query, so that settings cost no round trip of their own."""
    begin = "BEGIN"
    if deadline_s > _STATEMENT_TIMEOUT_S:
        begin += f"; SET LOCAL statement_timeout = {int(deadline_s * 1000)}"
    if lock_wait_s is not None:
        begin += f"; SET LOCAL lock_timeout = {int(lock_wait_s * 1000)}"
    return begin


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _prepare_connection(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda data: orjson.loads(memoryview(data)[1:]),
        format="binary",
    )


async def _keep_session_state(connection: object) -> None:
    """Spare the driver's reset round trip: a session leaves neither locks nor settings behind."""
