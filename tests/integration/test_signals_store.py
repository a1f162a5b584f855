import asyncio
import hashlib
from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest

from leadboost.clock import Rng, SystemClock, uuid7
from leadboost.domain.signal import Signal
from leadboost.errors import StoreDataError
from leadboost.messages.scout import SignalQuery
from leadboost.ports import NewSignal
from leadboost.store.database import Database
from leadboost.store.signals import PgSignalStore, queries
from tests.cleaned import PSEUDONYMS
from tests.integration.tables import rows, run

ADA = PSEUDONYMS.author("ada")
RNG, CLOCK = Rng(2), SystemClock()


def signal(text: str, *, source: str = "rss:shop", title: str | None = None) -> NewSignal:
    heard = Signal(source=source, external_id=f"id of {text}", text=text, title=title)
    return NewSignal(id=uuid7(CLOCK, RNG), content_hash=hashlib.sha256(text.encode()).digest(), signal=heard)


@pytest.fixture
def store(database: Database) -> PgSignalStore:
    return PgSignalStore(database)


async def texts(store: PgSignalStore, query: SignalQuery) -> list[str]:
    return [each.signal.text for each in (await store.page(query)).items]


async def test_a_signal_comes_back_whole(store: PgSignalStore) -> None:
    heard = Signal(
        source="reddit",
        external_id="t3_1",
        text="body é",
        url="https://example.org/1",
        author=ADA,
        title="title",
        published_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
        engagement={"score": 3.0},
        extra={"flair": ["a", None, {"b": 1}]},
    )
    new = NewSignal(id=uuid7(CLOCK, RNG), content_hash=b"h" * 32, signal=heard)

    await store.save_raw_signal(new)

    (stored,) = (await store.page(SignalQuery())).items
    assert (stored.id, stored.signal, stored.state, stored.reason) == (new.id, heard, "pending", None)
    assert orjson.dumps(stored.id) == orjson.dumps(new.id)


async def test_content_known_or_named_twice_is_stored_once(store: PgSignalStore) -> None:
    first, twin, second = signal("a"), signal("a"), signal("b")

    assert await store.save_raw_signal(first, twin) == [first.id]
    assert await store.save_raw_signal(signal("a"), second) == [second.id]
    assert await store.save_raw_signal() == ()
    assert await texts(store, SignalQuery()) == ["b", "a"]


async def test_each_signal_stored_is_journalled_with_an_excerpt(
    store: PgSignalStore, database: Database
) -> None:
    new = signal("x" * 500, title="t")

    await store.save_raw_signal(new, signal("x" * 500))

    assert await rows(database, "SELECT kind, data FROM events ORDER BY seq LIMIT 1") == [
        (
            "signal.accepted",
            {
                "id": str(new.id),
                "source": "rss:shop",
                "external_id": new.signal.external_id,
                "title": "t",
                "text": "x" * 280,
                "url": None,
            },
        )
    ]


async def test_signals_stored_together_complete_one_step_of_the_timeline(
    store: PgSignalStore, database: Database
) -> None:
    await store.save_raw_signal(signal("a"), signal("b"))
    await store.save_raw_signal(signal("a"))

    (step,) = await rows(database, "SELECT data - 'run_id' FROM events WHERE kind = 'pipeline.step'")
    detail = "2 new signals from rss:shop"
    assert step == ({"step": "radar", "state": "COMPLETE", "detail": detail},)


async def test_a_signal_that_cannot_be_journalled_is_not_stored(
    store: PgSignalStore, database: Database
) -> None:
    await run(database, "ALTER TABLE events ADD CONSTRAINT shut CHECK (kind <> 'signal.accepted')")

    with pytest.raises(StoreDataError):
        await store.save_raw_signal(signal("a"))

    assert await texts(store, SignalQuery()) == []


async def test_writers_with_the_same_contents_in_opposite_order_store_each_once(store: PgSignalStore) -> None:
    names = [f"text {n}" for n in range(50)]
    batches = [[signal(name) for name in order] for order in (names, names[::-1]) * 4]

    stored = await asyncio.gather(*(store.save_raw_signal(*batch) for batch in batches))

    assert sum(map(len, stored)) == 50


async def test_pages_go_backwards_from_the_newest(store: PgSignalStore) -> None:
    await store.save_raw_signal(*(signal(text) for text in "abcde"))

    newest = await store.page(SignalQuery(limit=2))
    older = await store.page(SignalQuery(limit=2, before=newest.next))
    oldest = await store.page(SignalQuery(limit=2, before=older.next))

    assert [each.signal.text for page in (newest, older, oldest) for each in page.items] == list("edcba")
    assert oldest.next is None


async def test_a_text_is_looked_for_among_so_many_signals_for_each_page(
    store: PgSignalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadboost.store.signals.LOOK_BACK", 3)
    await store.save_raw_signal(*(signal(text) for text in ("find a", "b", "find c", "d", "e", "f")))

    first = await store.page(SignalQuery(text="find", limit=2))
    second = await store.page(SignalQuery(text="find", limit=2, before=first.next))

    assert (first.items, first.next) == ([], second.items[0].seq + 1)
    assert [each.signal.text for each in second.items] == ["find c", "find a"]
    third = await store.page(SignalQuery(text="find", before=second.next))
    assert (third.items, third.next) == ([], None)


async def test_a_topic_that_few_are_on_is_found_through_its_index(
    store: PgSignalStore, database: Database
) -> None:
    await run(
        database,
        "INSERT INTO raw_signals (id, source, external_id, content_hash, body, heard_at, topics)"
        " SELECT gen_random_uuid(), 'x', n, sha256(n::text::bytea), '{}', now(),"
        " CASE WHEN n % 1000 = 0 THEN '{rare}'::text[] ELSE '{often}' END FROM generate_series(1, 5000) AS n",
    )
    await run(database, "ANALYZE raw_signals")

    async with database.session() as session:
        args = (None, None, None, "rare", None, 101, 101)
        plan = await session.fetch(f"EXPLAIN {queries.page_signals}", *args)

    assert any("raw_signals_topics_idx" in line for (line,) in plan)


async def test_pages_are_filtered_by_source_state_and_text(store: PgSignalStore, database: Database) -> None:
    await store.save_raw_signal(
        signal("alpha"), signal("beta", source="hn"), signal("gamma", title="ALPHA too")
    )
    await run(
        database, "UPDATE raw_signals SET state = 'rejected', reason = 'spam' WHERE body ->> 'text' = 'gamma'"
    )

    assert await texts(store, SignalQuery(source="hn")) == ["beta"]
    assert await texts(store, SignalQuery(state="rejected")) == ["gamma"]
    assert await texts(store, SignalQuery(text="Alpha")) == ["gamma", "alpha"]
    assert (await store.page(SignalQuery(state="rejected"))).items[0].reason == "spam"


async def test_a_number_beyond_json_is_a_data_error(store: PgSignalStore) -> None:
    heard = Signal(source="hn", external_id="1", text="a", extra={"n": 2**70})

    with pytest.raises(StoreDataError):
        await store.save_raw_signal(NewSignal(id=uuid7(CLOCK, RNG), content_hash=b"h" * 32, signal=heard))


@pytest.mark.parametrize("text", ["100%", "a_b", "c\\d"])
async def test_wildcards_in_a_search_mean_themselves(store: PgSignalStore, text: str) -> None:
    await store.save_raw_signal(
        *(signal(each) for each in ("100%", "100 percent", "a_b", "axb", "c\\d", "cd"))
    )

    assert await texts(store, SignalQuery(text=text)) == [text]


async def test_a_nul_is_a_data_error(store: PgSignalStore) -> None:
    with pytest.raises(StoreDataError):
        await store.save_raw_signal(signal("a\0b"))


async def test_ids_are_plain_uuids(store: PgSignalStore) -> None:
    await store.save_raw_signal(signal("a"))

    assert type((await store.page(SignalQuery())).items[0].id) is UUID
