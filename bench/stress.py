"""Concurrency attack on one daemon: 512 buyers, one SKU, one order in ten sent twice with its key."""

import asyncio
from dataclasses import dataclass
from itertools import count
from statistics import median

import asyncpg

from bench.ground import Ground, open_ground, stock_up, take_stock
from bench.harness import Options, Report, alternate, summary
from bench.load import Load, Outcome, attack

STOCK, ORDERS, RETRY_EVERY = 10_000, 50_000, 10
HALT = "stress_halt_confirmed_s (PanicManager is not in this version)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One attack: sales per second until sold out, and answers per second over all of it."""

    sales_per_s: float
    answers_per_s: float


def run(options: Options) -> Report:
    """Attack in rounds, each on a fresh SKU."""
    report = Report(bench="stress", rounds=options.rounds, missing=[HALT])
    with open_ground() as ground:
        dsn = ground.create_database("ours")
        with ground.daemon("daemon", dsn) as url:
            numbers = count()

            def strike() -> Sample:
                return _strike(ground, url, dsn, f"stress-{next(numbers)}", options, report)

            samples = alternate({"ours": strike}, options.rounds)["ours"]
    report.results.append(summary("stress_sales_per_s", [sample.sales_per_s for sample in samples]))
    report.figures["answers_per_s"] = median([sample.answers_per_s for sample in samples])
    return report


def _strike(ground: Ground, url: str, dsn: str, sku: str, options: Options, report: Report) -> Sample:
    stock, floor = options.scaled(STOCK), options.scaled(STOCK) // 10
    stock_up(dsn, {sku: stock}, floor=floor)
    load = Load(
        urls=[url],
        token=ground.token,
        prefix=sku,
        orders=max(2 * stock, options.scaled(ORDERS)),
        skus=[sku],
        retry_every=RETRY_EVERY,
    )
    outcome = attack(load)
    report.count(take_stock(dsn, {sku: stock}, outcome.granted))
    report.count(wrong_answers(outcome) | wrong_events(dsn, sku))
    answers = sum(outcome.statuses.values())
    return Sample(
        sales_per_s=len(outcome.granted) / outcome.last_granted_s,
        answers_per_s=answers / outcome.elapsed_s,
    )


def wrong_answers(outcome: Outcome) -> dict[str, int]:
    """Count what buyers may not see: other statuses, two answers to one key, none at all."""
    failed = sum(number for status, number in outcome.statuses.items() if status not in ("201", "409"))
    return {"failed": failed, "unequal": outcome.unequal, "unanswered": outcome.unanswered}


def wrong_events(dsn: str, sku: str) -> dict[str, int]:
    """Count stock events that are missing or too many, for a SKU that crossed its floor and sold out once."""
    return asyncio.run(_wrong_events(dsn, sku))


async def _wrong_events(dsn: str, sku: str) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    try:
        kinds = await connection.fetchval(
            "SELECT array_agg(kind) FROM events WHERE data->>'sku' = $1 AND kind LIKE 'stock.%'", sku
        )
    finally:
        await connection.close()
    crossings = ("stock.low", "stock.out")
    return {"events_wrong": sum(abs((kinds or []).count(kind) - 1) for kind in crossings)}
