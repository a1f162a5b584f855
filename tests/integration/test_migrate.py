import asyncio
from pathlib import Path

import asyncpg
import pytest

from leadboost.clock import Rng, SystemClock
from leadboost.errors import MigrationError
from leadboost.store import migrate as module
from leadboost.store.database import Database
from leadboost.store.migrate import MIGRATIONS, migrate, missing_migrations, read_migrations

SHIPPED = [file.name for file in read_migrations(MIGRATIONS)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (id int);")
    (tmp_path / "0002_second.sql").write_text("CREATE TABLE second (id int);")
    return tmp_path


async def tables(dsn: str, schema: str = "public") -> set[str]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
    finally:
        await connection.close()
    return {row["tablename"] for row in rows}


async def execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_migrate_twice_changes_nothing(empty_dsn: str) -> None:
    assert await migrate(empty_dsn) == SHIPPED
    before = await tables(empty_dsn)

    assert await migrate(empty_dsn) == []
    assert await tables(empty_dsn) == before


async def test_hosts_that_migrate_at_once_apply_each_file_once(empty_dsn: str) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(migrate(empty_dsn)) for _ in range(4)]

    assert sorted(len(task.result()) for task in tasks) == [0, 0, 0, len(SHIPPED)]


async def test_a_failing_file_leaves_nothing_of_itself_nor_of_those_before_it(
    empty_dsn: str, folder: Path
) -> None:
    bad = folder / "0002_second.sql"
    good = bad.read_text()
    bad.write_text("CREATE TABLE half (id int); SELECT 1 / 0;")
    with pytest.raises(Exception, match="division by zero"):
        await migrate(empty_dsn, directory=folder)
    assert await tables(empty_dsn) == set()

    bad.write_text(good)

    assert await migrate(empty_dsn, directory=folder) == ["0001_first", "0002_second"]


async def test_a_file_changed_after_it_was_applied_is_refused(empty_dsn: str, folder: Path) -> None:
    await migrate(empty_dsn, directory=folder)
    (folder / "0001_first.sql").write_text("CREATE TABLE other (id int);")

    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed"):
        await migrate(empty_dsn, directory=folder)


async def test_a_database_of_a_newer_version_is_refused(empty_dsn: str, folder: Path) -> None:
    await migrate(empty_dsn, directory=folder)
    (folder / "0002_second.sql").unlink()

    with pytest.raises(MigrationError, match=r"newer LeadBoost \(0002_second\)"):
        await migrate(empty_dsn, directory=folder)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE leases (id int)",
        "CREATE TABLE products (id int)",
        "CREATE TABLE schema_migrations (id int)",
    ],
)
async def test_a_foreign_table_is_left_alone_and_the_setting_is_named(empty_dsn: str, statement: str) -> None:
    await execute(empty_dsn, statement)
    before = await tables(empty_dsn)

    with pytest.raises(MigrationError, match=r"database\.schema"):
        await migrate(empty_dsn)

    assert await tables(empty_dsn) == before


@pytest.mark.parametrize("schema", ["leadboost", "user", "select"])
async def test_a_schema_of_its_own_leaves_others_tables_alone(
    empty_dsn: str, schema: str, clock: SystemClock, rng: Rng
) -> None:
    await execute(empty_dsn, "CREATE TABLE leases (id int)")

    await migrate(empty_dsn, schema=schema)

    assert await tables(empty_dsn) == {"leases"}
    database = await Database.open(empty_dsn, schema=schema, clock=clock, rng=rng)
    assert await missing_migrations(database) == []
    await database.close()


async def test_missing_migrations_are_named(empty_dsn: str, clock: SystemClock, rng: Rng) -> None:
    database = await Database.open(empty_dsn, clock=clock, rng=rng)

    assert await missing_migrations(database) == SHIPPED

    await database.close()


async def test_an_old_server_is_refused(empty_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MIN_MAJOR", 99)

    with pytest.raises(MigrationError, match="99 or newer"):
        await migrate(empty_dsn)


def test_a_gap_in_the_numbers_is_refused(folder: Path) -> None:
    (folder / "0001_first.sql").unlink()

    with pytest.raises(MigrationError, match="not numbered 1 to 1"):
        read_migrations(folder)
