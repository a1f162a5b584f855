"""Concurrency attack on one daemon: 512 buyers, one SKU, one order in ten sent twice with its key.

The SKU is linked to a campaign of an ad account that answers three calls in ten with an error: the last
unit sold must have it paused, read back twice. Then ``bench.storm`` on several daemons.
"""

import asyncio
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import orjson

from bench.ground import Ground, open_ground, stock_up, take_stock
from bench.harness import Options, Report, alternate, summary
from bench.load import Load, Outcome, attack
from bench.servers import end, spawn, wait_for
from bench.storm import ATTEMPTS, run_storm

STOCK, ORDERS, RETRY_EVERY = 10_000, 50_000, 10
HALT_WITHIN_S = 60.0
ADS_OPTIONS = ("--faults", "0.3", "--campaigns", "100")
FIRST_CAMPAIGN, CAMPAIGNS = 120_210_000_000_000_001, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One attack: sales per second until sold out, answers per second over all of it, and seconds from
    the halt to its campaign read back twice as paused (the reads lie 10 s apart)."""

    sales_per_s: float
    answers_per_s: float
    halt_confirmed_s: float


def run(options: Options) -> Report:
    """Attack in rounds, each on a fresh SKU."""
    report = Report(bench="stress", rounds=options.rounds)
    with open_ground() as ground, ad_account(ground.folder) as account:
        dsn = ground.create_database("ours")
        with ground.daemon("daemon", dsn, account) as url:
            numbers = count()

            def strike() -> Sample:
                return _strike(ground, url, dsn, f"stress-{next(numbers)}", options, report)

            samples = alternate({"ours": strike}, options.rounds)["ours"]
        if options.daemons:
            storm = run_storm(ground, daemons=options.daemons, attempts=options.scaled(ATTEMPTS))
            report.count(storm.checks)
            report.figures |= storm.figures
    report.results.append(summary("stress_sales_per_s", [sample.sales_per_s for sample in samples]))
    halts = [sample.halt_confirmed_s for sample in samples]
    report.results.append(summary("stress_halt_confirmed_s", halts))
    report.figures["answers_per_s"] = median([sample.answers_per_s for sample in samples])
    return report


def _strike(ground: Ground, url: str, dsn: str, sku: str, options: Options, report: Report) -> Sample:
    stock, floor = options.scaled(STOCK), options.scaled(STOCK) // 10
    stock_up(dsn, {sku: stock}, floor=floor)
    link(dsn, sku, str(FIRST_CAMPAIGN + int(sku.rpartition("-")[2]) % CAMPAIGNS))
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
    confirmed_s = halt_confirmed_s(url, ground.token, sku)
    report.count({"unhalted": int(confirmed_s == HALT_WITHIN_S)})
    return Sample(
        halt_confirmed_s=confirmed_s,
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


@contextmanager
def ad_account(folder: Path) -> Iterator[Mapping[str, str]]:
    """Run an ad account beside the daemon; yields what connects one to it."""
    log = folder / "ads.log"
    process = spawn([sys.executable, "-m", "leadboost.standins.ads", "meta_ads", *ADS_OPTIONS], log)
    try:
        wait_for(lambda: log.read_text().endswith("\n"), "the start of the ad account")
        ready = orjson.loads(log.read_text())
        prefix = "LEADBOOST_CONNECTORS__META_ADS__"
        yield {
            f"{prefix}ENABLED": "true",
            f"{prefix}BASE_URL": ready["url"],
            f"{prefix}ACCESS_TOKEN": ready["token"],
            f"{prefix}ACCOUNT_ID": ready["account_id"],
            "LEADBOOST_CONNECTORS__ALLOW_HOSTS": '["127.0.0.1"]',
        }
    finally:
        end(process)


def link(dsn: str, sku: str, campaign_id: str) -> None:
    """Let a campaign advertise the SKU."""

    async def insert() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(
                "INSERT INTO product_campaigns (sku, platform, campaign_id) VALUES ($1, 'meta_ads', $2)",
                sku,
                campaign_id,
            )
        finally:
            await connection.close()

    asyncio.run(insert())


def halt_confirmed_s(url: str, token: str, sku: str) -> float:
    """Seconds from the trip of the SKU's halt to its last confirmation; HALT_WITHIN_S when in vain."""
    halts: list[Any] = []

    def confirmed() -> bool:
        asked = urllib.request.Request(f"{url}/api/safety", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            details = orjson.loads(answer.read())["details"]
        halts[:] = [
            each for each in details if each["scope"] == f"sku:{sku}" and each["state"] == "confirmed"
        ]
        return bool(halts)

    try:
        wait_for(confirmed, "a confirmed halt", seconds=HALT_WITHIN_S)
    except TimeoutError:
        return HALT_WITHIN_S
    ends = [datetime.fromisoformat(item["confirmed_at"]) for item in halts[0]["items"]]
    return (max(ends) - datetime.fromisoformat(halts[0]["tripped_at"])).total_seconds()
