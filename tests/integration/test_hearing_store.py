import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from leadboost.domain.hearing.features import FEATURES, Decisions, Echo
from leadboost.domain.hearing.heard import HEARD_VERSION
from leadboost.domain.hearing.passage import Memory, Unheard, hear
from leadboost.domain.hearing.statistics import Statistics
from leadboost.store.database import Database
from leadboost.store.hearing import PgHearingStore
from tests.cleaned import PSEUDONYMS
from tests.integration.tables import rows, run

ADA, BOB = PSEUDONYMS.author("ada"), PSEUDONYMS.author("bob")
HEARD_AT = datetime(2026, 5, 6, 12, tzinfo=UTC)
BODY: dict[str, Any] = {
    "title": "Boots",
    "text": "where can i buy warm boots?",
    "engagement": {"likes": 3.0},
}


async def keep(database: Database, *numbers: int, body: dict[str, Any] = BODY, **columns: Any) -> None:
    """Keep pending signals by number, of a source ``reddit`` and a topic ``boots`` unless told otherwise."""
    async with database.session() as session:
        for number in numbers:
            fields = {
                "id": UUID(int=number),
                "source": "reddit",
                "external_id": str(number),
                "content_hash": number.to_bytes(32, "big"),
                "author": ADA,
                "body": body,
                "heard_at": HEARD_AT,
                "topics": ["boots"],
                **columns,
            }
            places = ", ".join(f"${place}" for place in range(1, len(fields) + 1))
            names = ", ".join(fields)
            await session.execute(f"INSERT INTO raw_signals ({names}) VALUES ({places})", *fields.values())


async def process(
    store: PgHearingStore, limit: int = 100, *, then: Callable[[], object] = lambda: None
) -> Sequence[Unheard]:
    """One pass; ``then`` is called before it commits."""
    async with store.claim() as claim:
        if signals := await claim.fetch_pending_signals(limit):
            memory = await claim.remember(signals)
            await claim.mark_as_processed(hear(signals, memory), memory)
        then()
    return signals


async def counted(database: Database) -> dict[tuple[str, str], float]:
    """How many signals each subject's statistics have counted, all of one moment."""
    found = await rows(database, "SELECT kind, name, (statistics ->> 'day')::float FROM hearing_statistics")
    return {(kind, name): day for kind, name, day in found}


@pytest.fixture
def store(database: Database) -> PgHearingStore:
    return PgHearingStore(database)


async def test_a_pending_signal_is_read_whole(store: PgHearingStore, database: Database) -> None:
    await keep(database, 1, published_at=HEARD_AT)

    async with store.claim() as claim:
        (signal,) = await claim.fetch_pending_signals(10)

    assert type(signal.id) is UUID
    assert (signal.id, signal.source, signal.author, signal.topics) == (
        UUID(int=1),
        "reddit",
        ADA,
        ["boots"],
    )
    assert signal.said.text == "Boots\nwhere can i buy warm boots?"
    assert (signal.said.engagement, signal.said.published_at) == ({"likes": 3.0}, HEARD_AT)
    assert (signal.is_rejected, signal.echo) == (False, Echo())


async def test_a_title_that_the_text_repeats_is_read_once(store: PgHearingStore, database: Database) -> None:
    said = "where can i buy warm boots?"
    await keep(database, 1, body={"title": said, "text": said})
    await keep(database, 2, body={"title": said, "text": None})

    signals = await process(store)

    assert [signal.said.text for signal in signals] == [said, said]
    stored = await store.features([signal.id for signal in signals])
    assert [features["text_intent"] for features in stored.values()] == [0.5, 0.5]


async def test_a_processed_signal_keeps_its_features_and_is_not_claimed_again(
    store: PgHearingStore, database: Database
) -> None:
    await keep(database, 1)

    (signal,) = await process(store)

    assert await process(store) == []
    stored = await store.features([signal.id, UUID(int=9)])
    assert stored == {signal.id: hear([signal], Memory())[signal.id]}
    assert set(stored[signal.id]) == set(FEATURES)
    assert await rows(
        database, "SELECT state, feature_version, processed_at IS NOT NULL FROM raw_signals"
    ) == [("processed", HEARD_VERSION, True)]


async def test_features_of_another_version_are_not_read(store: PgHearingStore, database: Database) -> None:
    await keep(database, 1, state="processed", features={"trust": 1.0}, feature_version="heard-0")

    assert await store.features([UUID(int=1)]) == {UUID(int=1): {}}


async def test_the_oldest_signals_come_first_and_no_more_than_asked_for(
    store: PgHearingStore, database: Database
) -> None:
    await keep(database, 3, 1, 2)

    assert [signal.id.int for signal in await process(store, limit=2)] == [3, 1]
    assert [signal.id.int for signal in await process(store, limit=2)] == [2]


async def test_memory_survives_from_pass_to_pass(store: PgHearingStore, database: Database) -> None:
    whole = Memory()
    await keep(database, 1, 2, 3, 4, published_at=HEARD_AT)
    async with store.claim() as claim:
        hear(await claim.fetch_pending_signals(10), whole)

    passes = [*await process(store, limit=1), *await process(store, limit=1), *await process(store, limit=2)]
    async with store.claim() as claim:
        memory = await claim.remember(passes)

    assert memory == whole


async def test_a_failed_pass_leaves_nothing_behind(store: PgHearingStore, database: Database) -> None:
    await keep(database, 1, 2)

    with pytest.raises(ZeroDivisionError):
        await process(store, then=lambda: 1 // 0)

    assert await counted(database) == {}
    assert await rows(database, "SELECT count(*) FROM raw_signals WHERE state = 'pending'") == [(2,)]


async def test_hosts_that_process_at_once_count_each_signal_once(
    store: PgHearingStore, database: Database
) -> None:
    for number in range(1, 61):
        topics = ["boots", f"t{number % 2}"]
        author = PSEUDONYMS.author(f"author {number}")
        await keep(database, number, author=author, source=f"s{number % 3}", topics=topics)

    async def host() -> list[UUID]:
        done: list[UUID] = []
        while signals := await process(store, limit=7):
            done += [signal.id for signal in signals]
        return done

    done = [id_ for host_done in await asyncio.gather(*(host() for _ in range(4))) for id_ in host_done]

    assert sorted(id_.int for id_ in done) == list(range(1, 61))
    assert await counted(database) == {
        ("source", "s0"): 20.0,
        ("source", "s1"): 20.0,
        ("source", "s2"): 20.0,
        ("topic", "boots"): 60.0,
        ("topic", "t0"): 30.0,
        ("topic", "t1"): 30.0,
    }


async def test_what_one_host_has_claimed_the_other_passes_over(
    store: PgHearingStore, database: Database
) -> None:
    await keep(database, 1, 2, 3)

    async with store.claim() as one, store.claim() as other:
        claimed = [signal.id.int for signal in await one.fetch_pending_signals(2)]
        left = [signal.id.int for signal in await other.fetch_pending_signals(10)]

    assert (claimed, left) == ([1, 2], [3])


async def test_a_rejected_signal_is_counted_once_and_gets_no_features(
    store: PgHearingStore, database: Database
) -> None:
    await keep(database, 1, state="rejected", reason="spam: 0.99")

    (signal,) = await process(store)

    assert signal.is_rejected
    assert await process(store) == []
    assert await rows(database, "SELECT state, features, feature_version FROM raw_signals") == [
        ("rejected", None, None)
    ]
    async with store.claim() as claim:
        memory = await claim.remember([signal])
    assert memory.statistics == {("source", "reddit"): Statistics(HEARD_AT, rejected=1.0)}


async def test_a_rejected_signal_that_an_operator_accepts_is_processed(
    store: PgHearingStore, database: Database
) -> None:
    await keep(database, 1, state="rejected", reason="spam: 0.99")
    await process(store)
    await run(database, "UPDATE raw_signals SET state = 'pending', reason = NULL, decided_by = 'ana'")

    (signal,) = await process(store)

    assert (await store.features([signal.id]))[signal.id]
    assert await counted(database) == {("source", "reddit"): 1.0, ("topic", "boots"): 1.0}


async def test_the_voices_and_sources_of_a_cluster_are_counted_distinct(
    store: PgHearingStore, database: Database
) -> None:
    cluster = UUID(int=77)
    for number, (source, author) in enumerate(
        [("reddit", ADA), ("reddit", ADA), ("reddit", BOB), ("x", ADA), ("rss", None)], 1
    ):
        await keep(database, number, author=author, source=source, cluster=cluster)

    signals = await process(store)

    assert {signal.echo for signal in signals} == {Echo(voices=4, sources=3, first_heard_at=HEARD_AT)}


async def test_what_operators_decided_is_remembered_by_source(
    store: PgHearingStore, database: Database
) -> None:
    now = database.clock.now()
    await keep(database, 1, 2, state="rejected", decided_by="ana", heard_at=now)
    await keep(database, 3, decided_by="ana", heard_at=now)
    await keep(database, 4, decided_by="ana", source="x", heard_at=now)

    async with store.claim() as claim:
        memory = await claim.remember((await claim.fetch_pending_signals(10))[:1])

    assert memory.decisions == {"reddit": Decisions(accepted=1, rejected=2)}


async def test_voices_that_fell_silent_are_forgotten(store: PgHearingStore, database: Database) -> None:
    await keep(database, 1)
    await process(store)
    later = HEARD_AT + timedelta(days=8)
    await keep(database, 2, author=BOB, topics=["hats"], heard_at=later)

    await process(store)

    assert await rows(database, "SELECT DISTINCT weighed_at FROM hearing_voices") == [(later,)]


async def test_odd_bodies_are_processed_like_any_other(store: PgHearingStore, database: Database) -> None:
    await keep(database, 1, body={"text": None, "title": None, "engagement": None})
    await keep(database, 2, body={"text": "ü" * 100_000, "engagement": {"likes": 1e308}}, topics=[])

    signals = await process(store)

    assert [len(signal.said.text) for signal in signals] == [0, 2000]
    assert orjson.dumps(dict(await store.features([signals[1].id])), option=orjson.OPT_NON_STR_KEYS)
