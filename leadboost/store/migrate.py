"""Brings a schema to this version: numbered SQL files, each applied once, in one transaction."""

import contextlib
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from leadboost.errors import MigrationError
from leadboost.store.database import CONNECT_TIMEOUT_S, Database, server_settings
from leadboost.store.errors import CONNECT_ERRORS, DRIVER_ERRORS, translate, translate_connect
from leadboost.store.queries import load_queries

MIGRATIONS = Path(__file__).with_name("migrations")
_MIN_MAJOR = 15
_COMMAND_TIMEOUT_S = 120.0
_FOREIGN = (asyncpg.DuplicateTableError, asyncpg.DuplicateObjectError, asyncpg.DuplicateFunctionError)

queries = load_queries("migrations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file; ``sha256`` is of its text with Unix line ends."""

    number: int
    name: str
    sql: str
    sha256: str


async def migrate(dsn: str, *, schema: str = "public", directory: Path = MIGRATIONS) -> Sequence[str]:
    """Apply what is missing and return the names applied, oldest first.

    Only one host migrates at a time, all or nothing. Raises StoreUnavailableError when ``dsn`` cannot
    be used, and MigrationError when the server is too old, a file was changed after it was applied,
    the schema is of a newer LeadBoost, or a table of the same name is someone else's.
    """
    files = read_migrations(directory)
    connection = await _connect(dsn, schema)
    try:
        _check_server(connection.get_server_version().major)
        async with connection.transaction():
            await connection.execute(queries.lock_schema, f"leadboost.migrate.{schema}")
            return await _apply_missing(connection, schema, files)
    except DRIVER_ERRORS as error:
        raise translate(error) from error
    finally:
        with contextlib.suppress(*DRIVER_ERRORS):  # the driver has then cut it off
            await connection.close(timeout=CONNECT_TIMEOUT_S)


async def missing_migrations(database: Database, *, directory: Path = MIGRATIONS) -> Sequence[str]:
    """Name the files that this schema has not seen; empty means that it is up to date."""
    files = read_migrations(directory)
    async with database.session() as session:
        if not await session.fetchval(queries.find_record):
            return [file.name for file in files]
        applied = {row["number"] for row in await session.fetch(queries.list_applied)}
    return [file.name for file in files if file.number not in applied]


def read_migrations(directory: Path) -> list[Migration]:
    """Read ``NNNN_name.sql`` files in order. Raises MigrationError on a gap or another name."""
    files = [_read(path) for path in sorted(directory.glob("*.sql"))]
    if [file.number for file in files] != list(range(1, len(files) + 1)):
        raise MigrationError(f"migrations are not numbered 1 to {len(files)}; reinstall LeadBoost")
    return files


def _read(path: Path) -> Migration:
    match = re.fullmatch(r"(\d{4})_\w+", path.stem)
    if match is None:
        raise MigrationError(f"{path.name} is not named NNNN_name.sql")
    sql = path.read_text(encoding="utf-8")
    return Migration(
        number=int(match[1]), name=path.stem, sql=sql, sha256=hashlib.sha256(sql.encode()).hexdigest()
    )


async def _connect(dsn: str, schema: str) -> "asyncpg.Connection[asyncpg.Record]":
    settings = server_settings(schema) | {"statement_timeout": f"{_COMMAND_TIMEOUT_S:g}s"}
    try:
        return await asyncpg.connect(
            dsn, timeout=CONNECT_TIMEOUT_S, command_timeout=_COMMAND_TIMEOUT_S, server_settings=settings
        )
    except CONNECT_ERRORS as error:
        raise translate_connect(error) from error


def _check_server(major: int) -> None:
    if major < _MIN_MAJOR:
        raise MigrationError(
            f"PostgreSQL {major} is too old: LeadBoost needs {_MIN_MAJOR} or newer; upgrade the server, "
            "or leave DATABASE_URL unset to use the embedded one"
        )


async def _apply_missing(
    connection: "asyncpg.Connection[asyncpg.Record]", schema: str, files: Sequence[Migration]
) -> Sequence[str]:
    if not await connection.fetchval(queries.find_record):
        if await connection.fetchval(queries.current_schema) is None:
            await connection.execute(f'CREATE SCHEMA "{schema}"')
        await connection.execute(queries.create_record)
    try:
        applied = {row["number"]: row for row in await connection.fetch(queries.list_applied)}
    except asyncpg.UndefinedColumnError as error:
        raise _foreign_table(schema, "schema_migrations") from error
    _check_history(applied, files)
    missing = [file for file in files if file.number not in applied]
    for file in missing:
        await _apply(connection, schema, file)
    return [file.name for file in missing]


def _check_history(applied: dict[int, asyncpg.Record], files: Sequence[Migration]) -> None:
    known = {file.number: file for file in files}
    for number, row in applied.items():
        if number not in known:
            raise MigrationError(
                f"this database was migrated by a newer LeadBoost ({row['name']}); install that version"
            )
        if row["sha256"] != known[number].sha256:
            raise MigrationError(
                f"{known[number].name}.sql was changed after it was applied; put the original back "
                "and make the change in a new file"
            )


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", schema: str, file: Migration) -> None:
    try:
        await connection.execute(file.sql)
        await connection.execute(queries.insert_applied, file.number, file.name, file.sha256)
    except _FOREIGN as error:
        raise _foreign_table(schema, str(error.message)) from error


def _foreign_table(schema: str, what: str) -> MigrationError:
    return MigrationError(
        f"schema {schema} holds something of this name that LeadBoost did not make: {what}; "
        "set database.schema to a schema of LeadBoost's own, for example leadboost"
    )
