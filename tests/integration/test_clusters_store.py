"""Copies on a real database: joined alike by any host, in any order, and after any restart."""

import asyncio
import random

import pytest

from leadboost.clock import Rng, SystemClock
from leadboost.domain.radar.policy import Policy
from leadboost.domain.signal import Signal
from leadboost.messages.scout import DecideSignal, Echo, SignalQuery, StoredSignal
from leadboost.ports import NewSignal
from leadboost.store.database import Database
from leadboost.store.migrate import MIGRATIONS, read_migrations
from leadboost.store.radar import PgKnowledgeStore
from leadboost.store.signals import PgSignalStore
from tests.cleaned import articles, cleaned, clusters_of, members_of
from tests.integration.tables import run

WORDS = [f"word{number}" for number in range(400)]


def variants(seed: int, *, groups: int = 6, copies: int = 5) -> dict[str, str]:
    """Groups of texts that differ by a word or two, by ids such as 3-1, and as many texts of their own."""
    draw = random.Random(seed)
    texts = {}
    for group in range(groups):
        words = draw.choices(WORDS, k=50)
        texts[f"own-{group}"] = " ".join(draw.choices(WORDS, k=50))
        for copy in range(copies):
            words[draw.randrange(50)] = draw.choice(WORDS)
            texts[f"{group}-{copy}"] = " ".join(words)
    return texts


async def second_host(dsn: str) -> Database:
    return await Database.open(dsn, clock=SystemClock(), rng=Rng(99))


async def save(database: Database, signals: list[NewSignal], *, batch: int) -> None:
    store = PgSignalStore(database)
    for start in range(0, len(signals), batch):
        await store.save_raw_signal(*signals[start : start + batch])


async def page(database: Database) -> list[StoredSignal]:
    return list((await PgSignalStore(database).page(SignalQuery())).items)


async def test_copies_join_and_others_stay_alone(database: Database) -> None:
    await save(database, articles(variants(1)), batch=7)

    assert members_of(await clusters_of(database)) == {
        frozenset(f"{group}-{copy}" for copy in range(5)) for group in range(6)
    }


@pytest.mark.parametrize("batch", [1, 4, 100])
async def test_order_and_batches_change_no_cluster(database: Database, dsn: str, batch: int) -> None:
    signals = articles(variants(2))
    await save(database, signals, batch=9)
    expected = await clusters_of(database)
    await run(database, "TRUNCATE raw_signals, signal_bands, joined_clusters")

    await save(database, random.Random(batch).sample(signals, len(signals)), batch=batch)

    assert await clusters_of(database) == expected
    assert len(expected) == 6


async def test_two_hosts_fed_the_same_at_once_make_the_clusters_of_one(database: Database, dsn: str) -> None:
    texts = variants(3)
    await save(database, articles(texts), batch=100)
    expected = await clusters_of(database)
    await run(database, "TRUNCATE raw_signals, signal_bands, joined_clusters")
    other = await second_host(dsn)

    orders = [random.Random(seed).sample(sorted(texts), len(texts)) for seed in (1, 2)]
    await asyncio.gather(
        *(
            save(host, articles({id_: texts[id_] for id_ in order}), batch=3)
            for host, order in zip((database, other), orders, strict=True)
        )
    )
    await other.close()

    assert await clusters_of(database) == expected
    assert len(await page(database)) == len(texts)


async def test_a_copy_that_comes_after_a_restart_joins(database: Database, dsn: str) -> None:
    texts = variants(4, groups=1, copies=2)
    await save(database, articles({"0-0": texts["0-0"]}), batch=1)
    restarted = await second_host(dsn)

    await save(restarted, articles({"0-1": texts["0-1"]}), batch=1)
    await restarted.close()

    assert members_of(await clusters_of(database)) == {frozenset({"0-0", "0-1"})}


async def test_the_echo_counts_copies_and_their_sources_and_the_richest_leads(database: Database) -> None:
    text = " ".join(WORDS[:30])
    heard = cleaned(
        Signal(source="a", external_id="1", text=text),
        Signal(source="b", external_id="2", text=f"{text} more", author="ada", url="https://x.example"),
        Signal(source="b", external_id="3", text=text, author="ada"),
        Signal(source="c", external_id="4", text="quite another story about something else"),
    )
    await PgSignalStore(database).save_raw_signal(*heard)

    alone, third, second, first = await page(database)

    assert alone.cluster is None
    assert first.cluster is not None
    echo = Echo(id=first.cluster.id, size=3, sources=2, lead=False)
    assert (first.cluster, third.cluster) == (echo, echo)
    assert second.cluster == Echo(id=echo.id, size=3, sources=2, lead=True)
    members = (await PgSignalStore(database).page(SignalQuery(cluster=echo.id))).items
    assert [each.id for each in members] == [
        third.id,
        second.id,
        first.id,
    ]


async def test_a_rejected_copy_is_part_of_the_echo_and_no_lead(
    database: Database,
) -> None:
    text = " ".join(WORDS[:30])
    poor = Signal(source="a", external_id="1", text=text)
    rich = Signal(source="b", external_id="2", text=text, author="bot", url="https://x.example")
    store = PgSignalStore(database)

    await store.save_raw_signal(*cleaned(rich, policy=Policy(blocked_authors=("bot",))))
    await store.save_raw_signal(*cleaned(poor))

    second, first = await page(database)
    assert (first.state, first.reason) == ("rejected", "blocked_author: is on radar.blocked_authors")
    assert first.cluster is not None
    assert second.cluster is not None
    assert (first.cluster.size, first.cluster.lead, second.cluster.lead) == (2, False, True)


async def test_accepting_the_richest_copy_makes_it_the_lead(database: Database) -> None:
    text = " ".join(WORDS[:30])
    rich = Signal(source="b", external_id="2", text=text, author="bot", url="https://x.example")
    (rejected,) = cleaned(rich, policy=Policy(blocked_authors=("bot",)))
    await PgSignalStore(database).save_raw_signal(
        rejected, *cleaned(Signal(source="a", external_id="1", text=text))
    )

    decision = DecideSignal(id=rejected.id, accept=True, reason=None, by="ada")
    decided = await PgKnowledgeStore(database).decide(decision)

    assert decided is not None
    assert decided.cluster is not None
    assert (decided.state, decided.reason, decided.decided_by) == ("pending", None, "ada")
    assert [each.cluster and each.cluster.lead for each in await page(database)] == [False, True]


async def test_how_alike_copies_must_be_is_a_setting(database: Database) -> None:
    words = WORDS[:40]
    texts = {"one": " ".join(words), "two": " ".join([*words[:30], *WORDS[100:104]])}

    await PgSignalStore(database, near_duplicate_at=0.95).save_raw_signal(*articles(texts))
    strict = await clusters_of(database)
    await run(database, "TRUNCATE raw_signals, signal_bands, joined_clusters")
    await PgSignalStore(database, near_duplicate_at=0.5).save_raw_signal(*articles(texts))

    assert strict == frozenset()
    assert members_of(await clusters_of(database)) == {frozenset(texts)}


async def test_a_flood_of_copies_is_one_cluster_with_one_lead(database: Database) -> None:
    text = " ".join(WORDS[:30])
    flood = cleaned(*(Signal(source="a", external_id=str(n), text=text) for n in range(150)))

    await save(database, flood, batch=40)

    ((_, members),) = await clusters_of(database)
    assert len(members) == 150
    found = (await PgSignalStore(database).page(SignalQuery(limit=200))).items
    leads = [each for each in found if each.cluster and each.cluster.lead]
    assert len(leads) == 1


async def test_signals_stored_with_a_row_for_each_band_still_find_their_copies(database: Database) -> None:
    texts = variants(5, groups=2, copies=2)
    olds = {id_: text for id_, text in texts.items() if id_.endswith("-0")}
    await save(database, articles(olds), batch=9)
    (file,) = [each for each in read_migrations(MIGRATIONS) if each.name.endswith("_bands")]
    as_it_was = """
        CREATE TABLE former (band bigint, seq bigint, CONSTRAINT signal_bands_pkey PRIMARY KEY (band, seq));
        INSERT INTO former SELECT unnest(ARRAY[b1, b2, b3, b4, b5, b6]), seq FROM signal_bands;
        DROP TABLE signal_bands;
        ALTER TABLE former RENAME TO signal_bands;
    """

    await run(database, as_it_was + file.sql)
    await save(database, articles({id_: text for id_, text in texts.items() if id_ not in olds}), batch=9)

    assert members_of(await clusters_of(database)) == {frozenset({f"{n}-0", f"{n}-1"}) for n in range(2)}
