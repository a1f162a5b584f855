import hashlib
from uuid import UUID

from leadboost.store.database import Database
from leadboost.store.dead_letters import PAYLOAD_CHARS, PgDeadLetterStore

ID = UUID(int=1)


async def park(database: Database, *, payload: str = "Sweep()", error: str = "boom", tries: int = 5) -> None:
    await PgDeadLetterStore(database).park(
        id=ID, actor="scout", lane="command", message_type="Sweep", payload=payload, error=error, tries=tries
    )


async def test_park_keeps_the_message_its_digest_and_its_error(database: Database) -> None:
    await park(database)

    async with database.session() as session:
        row = await session.fetchrow("SELECT * FROM dead_letters")

    assert row is not None
    assert (row["id"], row["actor"], row["lane"], row["msg_type"]) == (ID, "scout", "command", "Sweep")
    assert (row["payload_redacted"], row["error"], row["tries"], row["state"]) == (
        "Sweep()",
        "boom",
        5,
        "parked",
    )
    assert row["payload_sha"] == hashlib.sha256(b"Sweep()").digest()


async def test_parking_the_same_message_again_updates_it(database: Database) -> None:
    await park(database, tries=5)
    await park(database, error="again", tries=6)

    async with database.session() as session:
        rows = await session.fetch("SELECT error, tries FROM dead_letters")

    assert [tuple(row) for row in rows] == [("again", 6)]


async def test_park_keeps_a_message_whose_text_postgresql_cannot_hold(database: Database) -> None:
    await park(database, payload="a\0b\ud800" + "x" * PAYLOAD_CHARS)

    async with database.session() as session:
        stored = await session.fetchval("SELECT payload_redacted FROM dead_letters")

    assert stored.startswith("a\N{REPLACEMENT CHARACTER}b?x")
    assert len(stored) == PAYLOAD_CHARS
