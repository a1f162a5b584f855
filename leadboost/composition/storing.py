"""PostgreSQL: the server of our own, unless another one is named, and the pool of connections."""

import asyncio
from collections.abc import Sequence

import structlog

from leadboost.composition.wiring import Wiring
from leadboost.errors import EmbeddedServerError, StoreError
from leadboost.runtime import Child, Stage
from leadboost.runtime.supervision import Restarts
from leadboost.store.database import Database
from leadboost.store.embedded import EmbeddedPostgres
from leadboost.store.migrate import migrate

_RESTARTS = Child(intensity=(5, 60.0))

_log = structlog.get_logger()


class Storing:
    """Starts, keeps and stops the server; opens and closes the database."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._postgres: EmbeddedPostgres | None = None
        self._keeper: asyncio.Task[None] | None = None

    def stages(self) -> Sequence[Stage]:
        """The server, then the store."""
        stage = self._wiring.stage
        return [
            stage(
                name="postgres",
                start=self._start_postgres,
                stop=self._stop_postgres,
                start_s=90,
                stop_s=2.8,
            ),
            stage(name="store", start=self._open, stop=self._close, start_s=60, stop_s=0.8),
        ]

    async def check(self) -> str:
        """Return ``ok``, or why the database does not answer within a second."""
        if self._wiring.database is None:
            return "not connected"
        try:
            await self._wiring.database.ping()
        except StoreError as error:
            return str(error)
        return "ok"

    async def _start_postgres(self) -> None:
        settings, runtime = self._wiring.settings, self._wiring.runtime
        if settings.database.url is None:
            self._postgres = EmbeddedPostgres(settings.data_dir)
            self._dsn = await self._postgres.start()
            self._keeper = runtime.run_task("postgres keeper", self._keep(self._postgres))
        else:
            self._dsn = settings.database.url.get_secret_value()

    async def _keep(self, postgres: EmbeddedPostgres) -> None:
        """Restart the server whenever it ends. Raises EmbeddedServerError when that is too often."""
        restarts = Restarts(_RESTARTS, self._wiring.rng.fork("postgres"))
        while True:
            code = await postgres.wait_exit()
            _log.error("postgres ended", code=code)
            if not restarts.allow(self._wiring.clock.monotonic()):
                raise EmbeddedServerError("PostgreSQL ended more than five times in a minute")
            await asyncio.sleep(restarts.backoff_s())
            if await postgres.start() != self._dsn:
                raise EmbeddedServerError("PostgreSQL came back at another address")
            _log.info("postgres restarted", pid=postgres.pid)

    async def _stop_postgres(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
        if self._postgres is not None:
            await self._postgres.stop()

    async def _open(self) -> None:
        settings = self._wiring.settings.database
        await migrate(self._dsn, schema=settings.schema_)
        self._wiring.database = await Database.open(
            self._dsn,
            schema=settings.schema_,
            pool_size=settings.pool_size,
            clock=self._wiring.clock,
            rng=self._wiring.rng.fork("store"),
        )

    async def _close(self) -> None:
        database, self._wiring.database = self._wiring.database, None
        if database is not None:
            await database.close()
