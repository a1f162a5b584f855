"""A private PostgreSQL that runs as a child of the daemon and ends with it."""

import asyncio
import contextlib
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import asyncpg

from leadboost.errors import EmbeddedServerError
from leadboost.store.account import server_account
from leadboost.store.binaries import Binaries, find_binaries
from leadboost.store.cluster import (
    ROLE,
    Cluster,
    ServerRecord,
    check_version,
    create_cluster,
    load_record,
    locate,
    save_record,
    socket_folder,
)
from leadboost.store.old_server import await_old_server, forget_dead_server
from leadboost.store.server_process import ServerProcess

SYSTEM_FOLDER = Path("/var/lib/leadboost")
_DATABASE = "leadboost"
_READY_TIMEOUT_S = 60.0
_RETRY_S = 5.0
_POLL_S = 0.05
# The old server's last traces, or a port that someone else took in between.
_PASSING_FAULTS = ("lock file", "is still in use", "could not create any TCP/IP sockets")

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "max_connections": "40",
    "shared_buffers": "64MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",  # the daemon keeps the log, within a bound
    "log_destination": "stderr",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # statements may hold personal data,
    "log_error_verbosity": "terse",  # and so may the details of an error
    "update_process_title": "off",
}


class EmbeddedPostgres:
    """The server of one data folder, which holds besides ``pgdata``: ``postgres.json`` (password and
    port, 0600) and ``postgres.log`` with ``postgres.log.1`` (at most 4 MiB each).

    ``no_sync`` trades durability for speed: tests only. ``system_folder`` takes what the server's
    user could not reach below a private folder when we are root.
    """

    def __init__(self, data_dir: Path, *, no_sync: bool = False, system_folder: Path = SYSTEM_FOLDER) -> None:
        self._data_dir = data_dir.absolute()
        self._no_sync = no_sync
        self._system_folder = system_folder
        self._process: ServerProcess | None = None
        self._socket_folder: Path | None = None

    async def start(self) -> str:
        """Make the cluster if need be, start the server, and return its DSN.

        Call it from the main thread; again after the server has ended. Waits for an old server of
        the same folder to go. Raises EmbeddedServerError, with the way out.
        """
        try:
            cluster, binaries = await asyncio.to_thread(self._prepare)
            record = await self._ensure_cluster(cluster, binaries)
            await await_old_server(cluster.pgdata)
            record = await self._launch(cluster, binaries, record)
        except OSError as error:
            reason = f"the data folder {self._data_dir} cannot be used: {error}; set LEADBOOST_DATA_DIR"
            raise EmbeddedServerError(reason) from error
        return await self._open_database(record)

    async def stop(self) -> None:
        """Shut the server down within 3 s; a server that is not running is left alone."""
        process, self._process = self._process, None
        if process is not None:
            await process.stop()
        if self._socket_folder is not None:
            with contextlib.suppress(OSError):
                self._socket_folder.rmdir()
            self._socket_folder = None

    async def wait_exit(self) -> int:
        """Return the exit code when the server has ended; negative is a signal's number."""
        return await self._running().wait_exit()

    @property
    def pid(self) -> int:
        """Process id of the postmaster. Raises EmbeddedServerError while there is none."""
        return self._running().pid

    def _running(self) -> ServerProcess:
        if self._process is None:
            raise EmbeddedServerError("the embedded PostgreSQL is not running")
        return self._process

    def _prepare(self) -> tuple[Cluster, Binaries]:
        account = server_account()
        if not self._data_dir.is_dir():
            self._data_dir.mkdir(parents=True)
            self._data_dir.chmod(0o711 if account else 0o700)
        binaries = find_binaries(account, self._system_folder)
        return locate(self._data_dir, account, self._system_folder), binaries

    async def _ensure_cluster(self, cluster: Cluster, binaries: Binaries) -> ServerRecord:
        fresh = not cluster.pgdata.is_dir()
        record = load_record(self._data_dir, fresh=fresh)
        if fresh:
            save_record(self._data_dir, record)
            await create_cluster(cluster, binaries, record.password, no_sync=self._no_sync)
        check_version(cluster, binaries)
        return record

    async def _launch(self, cluster: Cluster, binaries: Binaries, record: ServerRecord) -> ServerRecord:
        """Start ``postgres`` until it accepts connections; passing faults are retried for 5 s."""
        if self._socket_folder is None:
            self._socket_folder = socket_folder(cluster)
        forget_dead_server(cluster.pgdata, self._socket_folder)
        fault: EmbeddedServerError | None = None
        try:
            async with asyncio.timeout(_READY_TIMEOUT_S) as budget:
                while True:
                    record = replace(record, port=_free_port(record.port))
                    passing = await self._attempt(cluster, self._command(cluster, binaries, record.port))
                    if passing is None:
                        break
                    if fault is None:
                        budget.reschedule(asyncio.get_running_loop().time() + _RETRY_S)
                    fault = passing
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            await self.stop()
            raise fault or EmbeddedServerError(
                f"PostgreSQL was not ready in {_READY_TIMEOUT_S:g} s: see {self._data_dir / 'postgres.log'}"
            ) from None
        save_record(self._data_dir, record)
        return record

    async def _attempt(self, cluster: Cluster, command: Sequence[str]) -> EmbeddedServerError | None:
        """Start once; return a fault that may pass by itself, raise any other."""
        log = self._data_dir / "postgres.log"
        self._process = ServerProcess(command, account=cluster.account, log=log)
        try:
            await self._process.wait_ready()
        except EmbeddedServerError as error:
            if not any(text in str(error) for text in _PASSING_FAULTS):
                raise
            return error
        return None

    def _command(self, cluster: Cluster, binaries: Binaries, port: int) -> list[str]:
        settings = dict(_SETTINGS) | {
            "port": str(port),
            "unix_socket_directories": str(self._socket_folder or ""),
        }
        if binaries.major >= 18:
            settings["io_method"] = "sync"  # three processes fewer
        if self._no_sync:
            settings |= {"fsync": "off", "full_page_writes": "off"}  # still survives a kill
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(binaries.folder / "postgres"), "-D", str(cluster.pgdata), *options]

    async def _open_database(self, record: ServerRecord) -> str:
        try:
            connection = await asyncpg.connect(self._dsn(record, "postgres"), timeout=10, command_timeout=30)
            try:
                known = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", _DATABASE)
                if not known:
                    await connection.execute(f"CREATE DATABASE {_DATABASE}")
            finally:
                await connection.close(timeout=2)
        except (asyncpg.PostgresError, OSError) as error:
            await self.stop()
            raise EmbeddedServerError(f"the embedded PostgreSQL refuses us: {error}") from error
        return self._dsn(record, _DATABASE)

    def _dsn(self, record: ServerRecord, database: str) -> str:
        login = f"postgresql://{ROLE}:{record.password}"
        if self._socket_folder is None:
            return f"{login}@127.0.0.1:{record.port}/{database}"
        return f"{login}@/{database}?host={quote(str(self._socket_folder))}&port={record.port}"


def _free_port(wanted: int) -> int:
    """Return ``wanted`` if nobody listens there on loopback, else any free port."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise EmbeddedServerError("no TCP port is free on 127.0.0.1")
