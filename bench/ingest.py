"""Signals from raw objects to committed rows, against one INSERT of the same rows."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

import asyncpg
import uvloop

from bench.ground import open_ground
from bench.harness import Options, Report, alternate, growth, ratio
from leadboost.actors.scout.intake import CHUNK, SignalIntake
from leadboost.clock import Rng, SystemClock
from leadboost.domain.pseudonym import Pseudonyms
from leadboost.domain.radar.policy import Policy
from leadboost.domain.radar.tally import IntakeTally
from leadboost.messages.events import EventsCommitted, SignalsStored
from leadboost.messages.scout import SignalsHeard
from leadboost.runtime import Topic
from leadboost.store.database import Database
from leadboost.store.radar import PgKnowledgeStore
from leadboost.store.signals import PgSignalStore

SIGNALS = 16_384
MARK = 0.3
REQUEST = 1_000
SENDERS = 2
COPIES, REPEATS = 0.08, 0.02
ALLOWED_MISSES = 0.1  # a changed word leaves short posts less than alike enough
COLUMNS = """id uuid, seq bigint, source text, external_id text, author text, content_hash bytea, body jsonb,
    state text, reason text, published_at timestamptz, heard_at timestamptz, language text, topics text[],
    spam real, signature bytea, richness integer"""
NAMES = ", ".join(column.split()[0] for column in COLUMNS.split(","))
READ = f"SELECT {NAMES} FROM raw_signals ORDER BY seq"
INSERT = f"""
INSERT INTO plain_signals ({NAMES})
SELECT id, seq, source, external_id, author, content_hash, body::jsonb, state, reason, published_at, heard_at,
    language, string_to_array(topics, ','), spam, signature, richness
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[],
    $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[], $14::real[],
    $15::bytea[], $16::integer[])
    AS row ({NAMES})
ON CONFLICT (content_hash) DO NOTHING"""
FREQUENT = """the of and to in is you that it he was for on are as with his they at be this have from or had
    by but what some we can out other were all there when up use your how said an each she which do their"""
TABLES = "raw_signals, signal_bands, joined_clusters, events, plain_signals"


def run(options: Options) -> Report:
    """Measure against the reference, then the cost per signal at a sixteenth, a quarter and full size."""
    report = Report(bench="ingest", rounds=options.rounds)
    with open_ground() as ground:
        dsn = ground.create_database("ingest")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            bench = runner.run(_Bench.open(dsn, report))
            try:
                _measure(bench, runner, options, report)
            finally:
                runner.run(bench.close())
    return report


def _measure(bench: "_Bench", runner: asyncio.Runner, options: Options, report: Report) -> None:
    items = made_up(options.scaled(SIGNALS))
    rows = runner.run(bench.rows(items))
    samples = alternate(
        {
            "ours": lambda: runner.run(bench.ours(items)),
            "insert": lambda: runner.run(bench.insert(rows)),
        },
        options.rounds,
    )
    ours, insert = (samples[name] for name in ("ours", "insert"))
    report.results.append(ratio("ingest_vs_insert", ours, insert, at_least=MARK))
    sizes = [max(CHUNK, len(items) // 16), max(CHUNK, len(items) // 4), len(items)]
    parts: Mapping[str, Callable[[], float]] = {
        str(size): partial(lambda size: runner.run(bench.ours(items[:size])), size) for size in sizes
    }
    grown = alternate(parts, options.rounds)
    costs = [[1 / per_s for per_s in grown[str(size)]] for size in sizes]
    report.results.append(growth("ingest_cost_growth", costs))
    report.figures |= {"signals": len(items), "ours_per_s": max(ours), "insert_per_s": max(insert)}


class _Bench:
    """The intake of a daemon on a database of its own, and a plain table beside it."""

    def __init__(
        self, database: Database, plain: "asyncpg.Connection[asyncpg.Record]", report: Report
    ) -> None:
        self._database = database
        self._plain = plain
        self._report = report
        self._intake = SignalIntake(
            signals=PgSignalStore(database),
            knowledge=PgKnowledgeStore(database),
            policy=Policy(blocked_words=("casino", "free money"), blocked_domains=("spam.example",)),
            pseudonyms=Pseudonyms(bytes(32)),
            committed=Topic[EventsCommitted]("committed"),
            stored=Topic[SignalsStored]("stored"),
            tally=IntakeTally(),
            clock=SystemClock(),
            rng=Rng(1),
        )

    @classmethod
    async def open(cls, dsn: str, report: Report) -> "_Bench":
        plain = await asyncpg.connect(dsn)
        await plain.execute("CREATE TABLE plain_signals (LIKE raw_signals INCLUDING ALL)")
        return cls(await Database.open(dsn, clock=SystemClock(), rng=Rng(1)), plain, report)

    async def close(self) -> None:
        await self._database.close()
        await self._plain.close()

    async def ours(self, items: Sequence[Mapping[str, object]]) -> float:
        """Hear all in requests as large as the API takes, of two senders, then count; returns signals per
        second."""
        await self._plain.execute(f"TRUNCATE {TABLES}")
        requests = iter([items[at : at + REQUEST] for at in range(0, len(items), REQUEST)])
        began = time.perf_counter()
        told = [*chain.from_iterable(await asyncio.gather(*(self._send(requests) for _ in range(SENDERS))))]
        took_s = time.perf_counter() - began
        kept = sum(heard.accepted for heard in told)
        await self._check(kept, len({item["external_id"] for item in items}))
        return len(items) / took_s

    async def _send(self, requests: Iterator[Sequence[Mapping[str, object]]]) -> list[SignalsHeard]:
        """Send the next request as soon as the last one is answered."""
        return [await self._intake.hear(request) for request in requests]

    async def rows(self, items: Sequence[Mapping[str, object]]) -> Sequence[Sequence[object]]:
        """Return what ours stores of these, column by column, as arguments of the reference."""
        await self.ours(items)
        columns = list(zip(*(tuple(row) for row in await self._plain.fetch(READ)), strict=True))
        columns[12] = tuple(",".join(topics) for topics in columns[12])
        return columns

    async def insert(self, rows: Sequence[Sequence[object]]) -> float:
        """Insert them in transactions as large as ours; returns rows per second."""
        await self._plain.execute(f"TRUNCATE {TABLES}")
        stored = len(rows[0])
        began = time.perf_counter()
        for start in range(0, stored, CHUNK):
            await self._plain.execute(INSERT, *(column[start : start + CHUNK] for column in rows))
        return stored / (time.perf_counter() - began)

    async def _check(self, kept: int, distinct: int) -> None:
        told = "SELECT count(*) FROM events WHERE kind = 'signal.accepted'"
        copies = "SELECT count(*) FROM raw_signals WHERE external_id LIKE 'copy-%'"
        stored = await self._plain.fetchval("SELECT count(*) FROM raw_signals")
        alone = await self._plain.fetchval(f"{copies} AND cluster IS NULL")
        self._report.count(
            {
                "lost": distinct - stored,
                "untold": kept - await self._plain.fetchval(told),
                "copies_missed": int(alone > await self._plain.fetchval(copies) * ALLOWED_MISSES),
            }
        )


def made_up(count: int) -> list[dict[str, object]]:
    """Posts of 30 to 60 words of a vocabulary with few frequent and many rare words; some are copies of an
    earlier one with a word changed, some an earlier one sent again."""
    draw = random.Random(7)
    rare = [f"{draw.choice('bcdfglmnprst')}{'aeiou'[n % 5]}{n:x}" for n in range(20_000)]
    vocabulary = [*FREQUENT.split(), *rare]
    weights = [1 / (rank + 3) for rank in range(len(vocabulary))]  # as in real texts, by Zipf's law
    items: list[dict[str, object]] = []
    for number in range(count):
        chance = draw.random()
        if items and chance < REPEATS:
            items.append(draw.choice(items))
            continue
        words = draw.choices(vocabulary, weights, k=draw.randrange(30, 61))
        name = f"post-{number}"
        if items and chance < REPEATS + COPIES:
            words = str(draw.choice(items)["text"]).split()
            words[draw.randrange(len(words))] = "changed"
            name = f"copy-{number}"
        items.append(_item(name, number, " ".join(words)))
    return items


def _item(name: str, number: int, text: str) -> dict[str, object]:
    return {
        "source": ("reddit.shop", "trade-news", "x.brand")[number % 3],
        "external_id": name,
        "text": text,
        "title": " ".join(text.split()[:6]),
        "url": f"https://news.example/posts/{number}",
        "author": f"author-{number % 500}",
        "published_at": "2026-01-31T12:00:00Z",
        "engagement": {"score": number % 97, "comments": number % 7},
    }
