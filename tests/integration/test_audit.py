import asyncio

import pytest

from leadboost.errors import StoreDataError
from leadboost.store.audit import append_audit, find_break
from leadboost.store.database import Database


async def append(database: Database, subject: str) -> None:
    async with database.transaction() as session:
        await append_audit(
            session,
            clock=database.clock,
            rng=database.rng,
            actor="ann",
            action="stock.put",
            subject=subject,
            detail={"on_hand": 3, "price": 1.5},
        )


async def test_concurrent_entries_form_one_unbroken_chain(database: Database) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(append(database, f"sku-{number}"))

    async with database.session() as session:
        assert await session.fetchval("SELECT count(*) FROM audit_log") == 20
        assert await find_break(session) is None


async def test_a_changed_entry_breaks_the_chain(database: Database) -> None:
    for number in range(3):
        await append(database, f"sku-{number}")

    async with database.session() as session:
        await session.execute("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only")
        await session.execute("UPDATE audit_log SET subject = 'other' WHERE seq = 2")
        assert await find_break(session) == 2


async def test_a_removed_entry_breaks_the_chain(database: Database) -> None:
    for number in range(3):
        await append(database, f"sku-{number}")

    async with database.session() as session:
        await session.execute("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only")
        await session.execute("DELETE FROM audit_log WHERE seq = 1")
        assert await find_break(session) == 2


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_the_audit_log_is_append_only(database: Database, statement: str) -> None:
    await append(database, "sku")

    async with database.session() as session:
        with pytest.raises(StoreDataError):
            await session.execute(statement)
