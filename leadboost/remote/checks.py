"""What can be checked, or prepared, before the daemon starts."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

from leadboost.clock import Rng, SystemClock
from leadboost.config import Settings
from leadboost.errors import LeadBoostError
from leadboost.folder import DataFolder
from leadboost.store.database import Database
from leadboost.store.embedded import EmbeddedPostgres
from leadboost.store.migrate import migrate, missing_migrations


async def check_surroundings(settings: Settings) -> dict[str, str]:
    """Check folder, port and database; each value begins with ``ok`` or says what is wrong."""
    address = DataFolder(settings.data_dir).running()
    checks = {"data_dir": _folder_state(settings.data_dir)}
    checks["http"] = f"ok, a daemon runs at {address.url}" if address else _port_state(settings)
    checks["database"] = await _database_state(settings)
    return checks


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


async def _database_state(settings: Settings) -> str:
    if settings.database.url is None:
        return "ok, its own server, started with the daemon"
    dsn, clock = settings.database.url.get_secret_value(), SystemClock()
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
