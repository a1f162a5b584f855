import asyncio

import pytest

from leadboost.errors import StoreDataError
from leadboost.store.audit import AuditEntry, append_audit
from leadboost.store.database import Database
from tests.integration.tables import rows

# The first row whose hash is not that of its content, or that does not cover the row before it.
FIND_BREAK = """
SELECT min(seq) FROM (
    SELECT seq, hash, prev_hash, audit_hash(prev_hash, id, at, actor, action, subject, detail) AS expected,
        lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY seq) AS before
    FROM audit_log
) AS entry
WHERE hash <> expected OR prev_hash <> before
"""


async def append(database: Database, *subjects: str) -> None:
    entries = [
        AuditEntry(actor="ann", action="stock.put", subject=subject, detail={"on_hand": 3, "price": 1.5})
        for subject in subjects
    ]
    async with database.transaction() as session:
        await append_audit(session, entries, clock=database.clock, rng=database.rng)


async def test_concurrent_entries_form_one_unbroken_chain(database: Database) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(append(database, f"a-{number}", f"b-{number}"))

    assert await rows(database, "SELECT count(*) FROM audit_log") == [(20,)]
    assert await rows(database, FIND_BREAK) == [(None,)]


async def test_a_changed_entry_breaks_the_chain(database: Database) -> None:
    for number in range(3):
        await append(database, f"sku-{number}")

    async with database.session() as session:
        await session.execute("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only")
        await session.execute("UPDATE audit_log SET subject = 'other' WHERE seq = 2")
        assert await session.fetchval(FIND_BREAK) == 2


async def test_a_removed_entry_breaks_the_chain(database: Database) -> None:
    for number in range(3):
        await append(database, f"sku-{number}")

    async with database.session() as session:
        await session.execute("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only")
        await session.execute("DELETE FROM audit_log WHERE seq = 1")
        assert await session.fetchval(FIND_BREAK) == 2


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_the_audit_log_is_append_only(database: Database, statement: str) -> None:
    await append(database, "sku")

    async with database.session() as session:
        with pytest.raises(StoreDataError):
            await session.execute(statement)
