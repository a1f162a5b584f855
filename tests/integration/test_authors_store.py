"""Authors are stored by pseudonym, also those who were stored by name once."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from leadboost.domain.hearing.influence import author_key
from leadboost.domain.pseudonym import Pseudonyms
from leadboost.errors import AuthorKeyError
from leadboost.messages.scout import SignalQuery
from leadboost.store.authors import AT_ONCE, agree_on_key, key_authors
from leadboost.store.database import Database
from leadboost.store.signals import PgSignalStore
from tests.cleaned import PSEUDONYMS
from tests.integration.tables import rows

ADA = PSEUDONYMS.author("ada")
AT = datetime(2026, 5, 6, 12, tzinfo=UTC)


async def store_as_before(database: Database, count: int, author: str | None) -> None:
    """Store signals as versions before pseudonyms did."""
    async with database.session() as session:
        await session.execute(
            "INSERT INTO raw_signals (id, source, external_id, content_hash, body, heard_at)"
            " SELECT gen_random_uuid(), 'x', n, sha256(n::text::bytea), jsonb_build_object('source', 'x',"
            " 'external_id', n::text, 'text', 'a fan', 'author', $2::text, 'title', null, 'url', null,"
            " 'published_at', null, 'engagement', '{}'::jsonb, 'extra', '{}'::jsonb), now()"
            " FROM generate_series(1, $1::integer) AS n",
            count,
            author,
        )


async def test_names_stored_before_become_pseudonyms(database: Database) -> None:
    await store_as_before(database, AT_ONCE + 5, "@Ada")

    assert [await key_authors(database, PSEUDONYMS) for _ in range(3)] == [AT_ONCE, 5, 0]
    assert await rows(database, "SELECT DISTINCT author, body ? 'author' FROM raw_signals") == [(ADA, False)]
    (newest,) = (await PgSignalStore(database).page(SignalQuery(limit=1))).items
    assert newest.signal.author == ADA


async def test_a_signal_without_author_stays_without(database: Database) -> None:
    await store_as_before(database, 1, None)

    await key_authors(database, PSEUDONYMS)

    assert await rows(database, "SELECT author, body ? 'author' FROM raw_signals") == [(None, False)]


async def test_a_name_that_somebody_else_is_reading_is_waited_for(database: Database) -> None:
    await store_as_before(database, 2, "ada")
    is_read = asyncio.Event()

    async def read() -> None:
        async with database.transaction() as session, asyncio.timeout(5):
            await session.fetch("SELECT FROM raw_signals ORDER BY seq LIMIT 1 FOR UPDATE")
            is_read.set()
            while not await rows(database, "SELECT FROM pg_locks WHERE NOT granted"):
                pass

    async def key() -> int:
        await is_read.wait()
        return await key_authors(database, PSEUDONYMS)

    _, count = await asyncio.gather(read(), key())

    assert count == 2


async def test_hosts_that_key_names_at_once_key_each_one(database: Database) -> None:
    await store_as_before(database, 2 * AT_ONCE, "ada")

    await asyncio.gather(*(key_authors(database, PSEUDONYMS) for _ in range(2)))

    assert await rows(database, "SELECT count(*) FROM raw_signals WHERE author IS NULL") == [(0,)]


async def test_what_an_author_has_said_lately_still_counts_towards_the_cap(database: Database) -> None:
    await store_as_before(database, 1, "ada")
    former, voice = author_key("x", "ada"), author_key("x", ADA)
    async with database.session() as session:
        await session.execute_many(
            "INSERT INTO hearing_voices VALUES ('source', 'x', $1, $2, $3)",
            [(former, 0.5, AT), (f"-{former}", 0.25, AT), ("other", 1.0, AT)],
        )

    await key_authors(database, PSEUDONYMS)

    found = dict(await rows(database, "SELECT voice, weight FROM hearing_voices"))
    assert found == {voice: 0.5, f"-{voice}": 0.25, "other": 1.0}


async def test_the_table_takes_no_name(database: Database) -> None:
    async with database.session() as session:
        with pytest.raises(Exception, match="raw_signals_author_check") as refused:
            await session.execute(
                "INSERT INTO raw_signals (id, source, external_id, content_hash, author, body, heard_at)"
                " VALUES ($1, 'x', '1', $2, 'ada', '{}', now())",
                UUID(int=1),
                bytes(32),
            )
    assert isinstance(refused.value.__cause__, asyncpg.CheckViolationError)


async def test_the_first_host_decides_on_the_key_and_another_one_is_refused(database: Database) -> None:
    await agree_on_key(database, PSEUDONYMS)
    await agree_on_key(database, PSEUDONYMS)

    with pytest.raises(AuthorKeyError, match="author_key"):
        await agree_on_key(database, Pseudonyms(b"o" * 32))

    await agree_on_key(database, PSEUDONYMS)


async def test_a_lost_key_is_replaced_when_told_to(database: Database) -> None:
    await agree_on_key(database, PSEUDONYMS)
    other = Pseudonyms(b"o" * 32)

    await agree_on_key(database, other, replace=True)

    await agree_on_key(database, other)
    with pytest.raises(AuthorKeyError, match="author_key"):
        await agree_on_key(database, PSEUDONYMS)
