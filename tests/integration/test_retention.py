"""What is too old goes, all of it, once a day, and with proof."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from leadboost.actors.retention import Retention
from leadboost.clock import Rng, SystemClock
from leadboost.domain.signal import Signal
from leadboost.messages.retention import Deleted
from leadboost.messages.scout import SignalQuery
from leadboost.runtime import Runtime, Topic
from leadboost.store.database import Database
from leadboost.store.erasure import PgErasureStore
from leadboost.store.radar import _queries as radar_queries
from leadboost.store.retention import PgRetentionStore
from leadboost.store.signals import PgSignalStore, lock_clusters
from tests.cleaned import PSEUDONYMS, cleaned
from tests.integration.tables import rows, run

ADA = PSEUDONYMS.author("ada")
TEXT = "a quiet fan for the bedroom would be nice to have"
LONG = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
def store(database: Database) -> PgRetentionStore:
    return PgRetentionStore(
        database, pseudonyms=PSEUDONYMS, texts=timedelta(days=30), rows=timedelta(days=180)
    )


async def hear(database: Database, name: str, *, days_ago: int, text: str = TEXT) -> None:
    signal = Signal(
        source="x", external_id=name, text=text, author="ada", title=f"{name} title", url="https://x.example"
    )
    await PgSignalStore(database).save_raw_signal(*cleaned(signal))
    await run(
        database,
        f"UPDATE raw_signals SET heard_at = now() - interval '{days_ago} days' WHERE external_id = '{name}'",
    )
    await run(
        database,
        f"UPDATE events SET at = now() - interval '{days_ago} days' WHERE data ->> 'external_id' = '{name}'",
    )


async def test_texts_and_names_go_after_their_time_and_the_rest_stays(
    store: PgRetentionStore, database: Database
) -> None:
    await hear(database, "old", days_ago=31)
    await hear(database, "new", days_ago=29, text="quite another thing that was said later on")

    deleted = await store.delete_old()

    new, old = (await PgSignalStore(database).page(SignalQuery())).items
    assert deleted == Deleted(texts=1, rows=0, events=1, dead_letters=0, left_over=0)
    assert old.signal == Signal(source="x", external_id="old", text="")
    assert (new.signal.author, new.signal.title) == (ADA, "new title")
    excerpts = "SELECT data ->> 'external_id', data ? 'text' FROM events WHERE kind = 'signal.accepted'"
    assert sorted(await rows(database, excerpts)) == [("new", True), ("old", False)]
    assert await rows(database, "SELECT DISTINCT seq FROM signal_bands") == [(new.seq,)]


async def test_what_was_counted_goes_after_its_time_and_its_copy_leads(
    store: PgRetentionStore, database: Database
) -> None:
    await hear(database, "gone", days_ago=181, text=f"{LONG} more")
    await hear(database, "waiting", days_ago=181, text="still to be counted, whatever its age may be")
    await hear(database, "copy", days_ago=1, text=LONG)
    await run(database, "UPDATE raw_signals SET state = 'processed' WHERE external_id = 'gone'")
    assert await rows(database, "SELECT count(cluster) FROM raw_signals") == [(2,)]
    await run(database, "INSERT INTO joined_clusters VALUES (gen_random_uuid(), gen_random_uuid())")

    deleted = await store.delete_old()

    assert deleted is not None
    assert (deleted.rows, deleted.left_over) == (1, 0)
    carried = "SELECT cluster FROM raw_signals WHERE cluster IS NOT NULL"
    assert await rows(database, f"SELECT FROM joined_clusters WHERE id NOT IN ({carried})") == []
    left = await rows(database, "SELECT external_id, is_lead FROM raw_signals ORDER BY external_id")
    assert left == [("copy", True), ("waiting", True)]


async def test_undelivered_messages_forget_what_they_held(
    store: PgRetentionStore, database: Database
) -> None:
    await run(
        database,
        "INSERT INTO dead_letters (id, lane, actor, msg_type, payload_sha, payload_redacted, error, tries,"
        " last_at) VALUES (gen_random_uuid(), 'command', 'scout', 'HearSignals', '', 'ada said', 'e', 5,"
        " now() - interval '31 days')",
    )

    deleted = await store.delete_old()

    assert deleted is not None
    assert deleted.dead_letters == 1
    assert await rows(database, "SELECT payload_redacted FROM dead_letters") == [("",)]


async def test_it_happens_once_a_day_with_one_row_as_proof(
    store: PgRetentionStore, database: Database
) -> None:
    first = await store.delete_old()
    again = await asyncio.gather(store.delete_old(), store.delete_old())
    await run(database, "UPDATE deletions SET ran_at = ran_at - interval '21 hours'")
    next_day = await store.delete_old()

    assert (first is None, *again, next_day is None) == (False, None, None, False)
    assert await rows(database, "SELECT count(*), sum(left_over)::int FROM deletions") == [(2, 0)]


async def test_whoever_decides_meanwhile_and_the_deletion_never_wait_in_a_circle(
    store: PgRetentionStore, database: Database
) -> None:
    await hear(database, "gone", days_ago=181)
    await hear(database, "copy", days_ago=1)
    await run(database, "UPDATE raw_signals SET state = 'processed'")
    ((old,),) = await rows(database, "SELECT id FROM raw_signals WHERE external_id = 'gone'")

    async with asyncio.TaskGroup() as group, database.transaction() as deciding:
        await lock_clusters(deciding)
        deletion = group.create_task(store.delete_old())
        await until_somebody_waits(database)
        held = await deciding.fetchrow(radar_queries.lock_signal, old)

    deleted = deletion.result()
    assert held is not None
    assert deleted is not None
    assert (deleted.rows, deleted.left_over) == (1, 0)


async def until_somebody_waits(database: Database) -> None:
    async with asyncio.timeout(10):
        while await rows(database, "SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]:
            pass


async def test_a_deletion_in_parts_is_one_deletion(
    store: PgRetentionStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadboost.store.retention.AT_ONCE", 2)
    for number in range(5):
        await hear(database, f"old-{number}", days_ago=181, text=f"{LONG} {number}")
    await hear(database, "new", days_ago=1, text=LONG)
    await run(database, "UPDATE raw_signals SET state = 'processed'")

    deleted = await store.delete_old()

    assert deleted == Deleted(texts=0, rows=5, events=5, dead_letters=0, left_over=0)
    assert await rows(database, "SELECT external_id, is_lead FROM raw_signals") == [("new", True)]
    assert await rows(database, "SELECT count(*) FROM signal_bands") == [(1,)]
    assert await rows(database, "SELECT rows FROM deletions") == [(5,)]


@pytest.fixture
async def runtime(clock: SystemClock) -> AsyncIterator[Runtime]:
    runtime = Runtime(clock=clock, rng=Rng(7))
    yield runtime
    await runtime.close()


async def test_the_actor_sees_to_it(store: PgRetentionStore, database: Database, runtime: Runtime) -> None:
    erasure = PgErasureStore(database, pseudonyms=PSEUDONYMS)
    await runtime.spawn(
        "retention",
        lambda: Retention(store=store, erasure=erasure, committed=Topic("committed"), first_s=0.0),
    )

    async with asyncio.timeout(10):
        while await rows(database, "SELECT count(*) FROM deletions") == [(0,)]:
            pass

    assert await rows(database, "SELECT left_over FROM deletions") == [(0,)]
