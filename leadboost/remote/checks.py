"""What can be checked, or prepared, before the daemon starts."""

import asyncio
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from leadboost.clock import Clock, Rng, SystemClock
from leadboost.config import Settings
from leadboost.errors import EmbeddedServerError, LeadBoostError, MirrorError
from leadboost.folder import DataFolder
from leadboost.remote.ads import account_states
from leadboost.remote.client import Answer, connect, find_daemon
from leadboost.remote.replicas import replica_states
from leadboost.remote.sources import source_states
from leadboost.store.account import server_account
from leadboost.store.binaries import find_binaries
from leadboost.store.cluster import check_version, load_record, locate
from leadboost.store.database import Database
from leadboost.store.embedded import SYSTEM_FOLDER, EmbeddedPostgres
from leadboost.store.migrate import migrate, missing_migrations


async def check_surroundings(settings: Settings) -> dict[str, str]:
    """Check folder, port or daemon, database, Redis, sources, ad accounts and the copy elsewhere; each value
    is ``ok...`` or says what is wrong.

    A running daemon is asked for its own checks. Each source and each account is asked once.
    """
    folder, clock = DataFolder(settings.data_dir), SystemClock()
    checks = {"data_dir": _folder_state(settings.data_dir)}
    try:
        url = await find_daemon(folder, clock)
        checks["http"] = f"ok, a daemon runs at {url}" if url else _port_state(settings)
        found = await _readiness(url, folder, clock) if url else {}
    except LeadBoostError as error:
        url, found = None, {"daemon": str(error)}
    if settings.database.url is not None:
        found["database"] = await _database_state(settings.database.url.get_secret_value(), settings)
    elif "database" not in found:
        found["database"] = await asyncio.to_thread(_embedded_state, settings.data_dir)
    if settings.redis.url is not None:
        found["redis"] = await _redis_state(settings.redis.url.get_secret_value(), clock)
    sources = await source_states(settings.connectors, clock)
    replicas = await replica_states(settings.connectors, clock)
    return checks | found | sources | await account_states(settings.connectors, clock) | replicas


async def migrate_database(settings: Settings) -> Sequence[str]:
    """Apply what is missing; returns the names applied. Raises MigrationError, StoreError, FolderError.

    The embedded server of a running daemon needs nothing: it is migrated at every start.
    """
    if settings.database.url is not None:
        return await migrate(settings.database.url.get_secret_value(), schema=settings.database.schema_)
    folder = DataFolder(settings.data_dir)
    if folder.running() is not None:
        return ()
    with folder.locked():
        server = EmbeddedPostgres(settings.data_dir)
        try:
            return await migrate(await server.start(), schema=settings.database.schema_)
        finally:
            await server.stop()


def _folder_state(path: Path) -> str:
    there = next((each for each in (path, *path.parents) if each.exists()), path)
    if not there.is_dir():
        return f"{there} is not a folder; choose another --data-dir"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{there} cannot be written; choose another --data-dir"
    return f"ok, {path}"


def _port_state(settings: Settings) -> str:
    host, port = settings.http.host, settings.http.port
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return f"ok, {host}:{port} is free"
    except OSError as error:
        return f"{host}:{port} cannot be used ({error.strerror or error}); choose another --port"


async def _readiness(url: str, folder: DataFolder, clock: Clock) -> dict[str, str]:
    async with connect(url, folder, clock) as remote:
        answer = (await remote.get("/readyz", Answer, also=(503,))).root
    checks = answer.get("checks")
    states = {name: str(state) for name, state in checks.items()} if isinstance(checks, dict) else {}
    # A part that this version does not have says off.
    return {name: "ok, off" if state == "off" else state for name, state in states.items()}


def _embedded_state(data_dir: Path) -> str:
    try:
        account = server_account()
        binaries = find_binaries(account, SYSTEM_FOLDER)
        if not os.path.lexists(data_dir / "pgdata"):
            return f"ok, its own server, PostgreSQL {binaries.major}, made at the first start"
        check_version(locate(data_dir, account, SYSTEM_FOLDER), binaries)
        load_record(data_dir, fresh=False)
    except EmbeddedServerError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename or data_dir} cannot be read: {error.strerror or error}"
    return f"ok, its own server, PostgreSQL {binaries.major}, started with the daemon"


async def _database_state(dsn: str, settings: Settings) -> str:
    clock = SystemClock()
    try:
        database = await Database.open(
            dsn, schema=settings.database.schema_, pool_size=2, clock=clock, rng=Rng()
        )
        try:
            missing = await missing_migrations(database)
        finally:
            await database.close()
    except LeadBoostError as error:
        return str(error)
    return f"ok, {len(missing)} migration(s) will be applied at start" if missing else "ok, up to date"


async def _redis_state(url: str, clock: Clock) -> str:
    from leadboost.mirror.client import RedisClients  # slow to load, and few need it

    try:
        clients = RedisClients(url, clock=clock)
    except ValueError as error:
        return f"redis.url is not valid ({type(error).__name__})"
    try:
        await clients.ping()
    except MirrorError as error:
        return str(error)
    finally:
        await clients.close()
    return "ok"
