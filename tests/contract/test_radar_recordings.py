"""Copies and spam in recorded texts: in SAMPLE_DATA, or in shared/data beside the checkout.

Printed: precision and recall of the pairs found in each set of articles with planted copies, and of the
spam score, each decision forecast before it is learned.
"""

import asyncio
import gzip
import os
import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest

from leadboost.clock import Rng, SystemClock
from leadboost.domain.radar.spam import SpamModel, spam_features
from leadboost.store.database import Database
from leadboost.store.signals import PgSignalStore
from tests.cleaned import articles, clusters_of
from tests.contract.conftest import Show

DATA = Path(os.environ.get("SAMPLE_DATA") or Path(__file__).parents[3] / "shared" / "data")
FOLDER = DATA / "text_dedup_spam"
SETS = sorted(path.name.split(".")[0] for path in FOLDER.glob("minhash_articles_*.truth"))
HALF = FOLDER / "SMSSpamCollection_first_half.tsv"
LEARNED_FIRST = 500

needs_sets = pytest.mark.skipif(not SETS, reason=f"no recordings at {FOLDER}; set SAMPLE_DATA")
Pairs = set[frozenset[str]]


def read_set(name: str) -> tuple[dict[str, str], Pairs]:
    """Return the articles by id, and the pairs of ids that are copies of one another."""
    packed = FOLDER / f"{name}.train.gz"
    plain = gzip.decompress(packed.read_bytes()) if packed.exists() else packed.with_suffix("").read_bytes()
    lines = [line.partition(" ") for line in plain.decode().splitlines()]
    truth = (FOLDER / f"{name}.truth").read_text(encoding="utf-8").splitlines()
    return {id_: text for id_, _, text in lines}, {frozenset(line.split()) for line in truth if line.strip()}


def pairs_of(clusters: frozenset[tuple[str, frozenset[str]]]) -> Pairs:
    return {frozenset(pair) for _, members in clusters for pair in combinations(members, 2)}


async def feed(database: Database, texts: dict[str, str], order: Sequence[str], *, batch: int) -> None:
    store = PgSignalStore(database)
    for start in range(0, len(order), batch):
        await store.save_raw_signal(*articles({id_: texts[id_] for id_ in order[start : start + batch]}))


async def empty(database: Database) -> None:
    async with database.session() as session:
        await session.execute("TRUNCATE raw_signals, signal_bands, joined_clusters")


async def open_host(dsn: str) -> Database:
    return await Database.open(dsn, clock=SystemClock(), rng=Rng(99))


@needs_sets
@pytest.mark.parametrize("name", SETS)
async def test_planted_copies_are_found(name: str, database: Database, show: Show) -> None:
    texts, truth = read_set(name)

    await feed(database, texts, list(texts), batch=100)
    found = pairs_of(await clusters_of(database))

    hits = len(found & truth)
    precision, recall = hits / max(len(found), 1), hits / len(truth)
    show([f"{name}: {len(texts)} texts, {len(truth)} pairs, precision {precision:.3f}, recall {recall:.3f}"])
    assert precision >= 0.95
    assert recall >= 0.95


@needs_sets
@pytest.mark.parametrize("name", SETS)
async def test_a_restart_half_way_and_another_order_change_no_cluster(
    name: str, database: Database, dsn: str
) -> None:
    texts, _ = read_set(name)
    await feed(database, texts, list(texts), batch=100)
    expected = await clusters_of(database)
    await empty(database)
    order = random.Random(5).sample(sorted(texts), len(texts))
    half = len(order) // 2

    await feed(database, texts, order[:half], batch=37)
    restarted = await open_host(dsn)
    await feed(restarted, texts, order[half:], batch=50)
    await restarted.close()

    assert await clusters_of(database) == expected


@needs_sets
@pytest.mark.parametrize("name", SETS)
async def test_two_hosts_fed_the_same_articles_at_once_make_the_clusters_of_one(
    name: str, database: Database, dsn: str
) -> None:
    texts, _ = read_set(name)
    await feed(database, texts, list(texts), batch=100)
    expected = await clusters_of(database)
    await empty(database)
    other = await open_host(dsn)

    orders = [random.Random(seed).sample(sorted(texts), len(texts)) for seed in (1, 2)]
    await asyncio.gather(
        *(feed(host, texts, order, batch=25) for host, order in zip((database, other), orders, strict=True))
    )
    seen = [await clusters_of(host) for host in (database, other)]
    await other.close()

    assert seen == [expected, expected]


@pytest.mark.skipif(not HALF.exists(), reason=f"no recordings at {HALF}; set SAMPLE_DATA")
def test_the_spam_score_is_right_after_500_decisions(show: Show) -> None:
    lines = HALF.read_text(encoding="utf-8").splitlines()[1:]
    model, start = SpamModel(), None
    scored: list[tuple[float, bool]] = []
    for number, line in enumerate(lines):
        label, _, text = line.partition("\t")
        features, is_spam = spam_features([text]), label == "spam"
        if number >= LEARNED_FIRST:
            start = start or model.tally
            scored.append((float(model.scores(features)[0]), is_spam))
        model = model.learn(features, is_spam=is_spam)

    reports = {threshold: _precision_and_recall(scored, threshold) for threshold in (0.5, 0.8)}
    show(
        f"spam, {len(scored)} decisions after {LEARNED_FIRST}: at {threshold} precision {precision:.3f},"
        f" recall {recall:.3f}"
        for threshold, (precision, recall) in reports.items()
    )
    assert min(reports[0.5]) > 0.9
    assert reports[0.8][0] > 0.98
    assert start is not None
    hits = model.tally.hits - start.hits
    assert hits == sum(score >= 0.5 and is_spam for score, is_spam in scored)


def _precision_and_recall(scored: Sequence[tuple[float, bool]], threshold: float) -> tuple[float, float]:
    hits = sum(score >= threshold and is_spam for score, is_spam in scored)
    called = sum(score >= threshold for score, _ in scored)
    return hits / called, hits / sum(is_spam for _, is_spam in scored)
