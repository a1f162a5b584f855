"""What the tables say after a storm, beside what buyers were told."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import asyncpg
import orjson


async def compare(
    dsn: str, stock: Mapping[str, int], answers: Mapping[Any, tuple[int, bytes]]
) -> dict[str, int]:
    """Count what does not agree; every count should be 0.

    ``miscounted``: units on hand that differ from the opening less what buyers were told was sold, plus
    what they were told came back or arrived. ``unbalanced``: units on hand that differ from the ledger's
    sum, and reserved ones from what is held. ``lost`` and ``untold``: effects that were acknowledged and
    are not in the tables, and the other way round. ``doubled``: keys with more than one sale.
    ``oversold``: units below zero.
    """
    told = _told(answers)
    connection = await asyncpg.connect(dsn)
    try:
        levels = {row["sku"]: row for row in await connection.fetch(_LEVELS)}
        sales = {row["id"] for row in await connection.fetch("SELECT DISTINCT id::text FROM sales")}
        held = {row["id"] for row in await connection.fetch("SELECT id::text FROM reservations")}
        doubled = await connection.fetchval(_DOUBLED)
    finally:
        await connection.close()
    expected = {sku: opening + told.moved[sku] for sku, opening in stock.items()}
    return {
        "miscounted": sum(abs(expected[sku] - levels[sku]["on_hand"]) for sku in stock),
        "unbalanced": sum(
            abs(row[name]) for row in levels.values() for name in ("unledgered", "unheld", "unsummed")
        ),
        "oversold": sum(max(0, -row["available"]) + row["short"] for row in levels.values()),
        "lost": len(told.sales - sales) + len(told.held - held),
        "untold": len(sales - told.sales) + len(held - told.held),
        "doubled": doubled,
    }


_DOUBLED = """
SELECT count(*) FROM (
    SELECT 1 FROM sales GROUP BY principal, idempotency_key HAVING count(DISTINCT id) > 1
) AS twice
"""
_LEVELS = """
WITH ledger AS (SELECT sku, sum(quantity)::bigint AS sum FROM stock_ledger GROUP BY sku),
    held AS (SELECT sku, sum(quantity)::bigint AS sum FROM reservations WHERE state = 'held' GROUP BY sku),
    sold AS (SELECT sku, sum(quantity)::bigint AS sum FROM sales GROUP BY sku),
    days AS (SELECT sku, sum(units)::bigint AS sum FROM sales_days GROUP BY sku)
SELECT sku, on_hand, on_hand - reserved AS available, short,
    on_hand - coalesce(ledger.sum, 0) AS unledgered,
    reserved - coalesce(held.sum, 0) AS unheld,
    coalesce(days.sum, 0) - coalesce(sold.sum, 0) AS unsummed
FROM stock
LEFT JOIN ledger USING (sku)
LEFT JOIN held USING (sku)
LEFT JOIN sold USING (sku)
LEFT JOIN days USING (sku)
"""


class _Told:
    def __init__(self) -> None:
        self.moved: Counter[str] = Counter()
        self.sales: set[str] = set()
        self.held: set[str] = set()


def _told(answers: Mapping[Any, tuple[int, bytes]]) -> _Told:
    told = _Told()
    for asked, (status, body) in answers.items():
        if status != 201:
            continue
        answer = orjson.loads(body)
        lines = answer.get("lines") or [answer]
        if asked.kind == "reserve":
            told.held.add(answer["reservation_id"])
            continue
        if asked.kind in ("sell", "order", "confirm"):
            told.sales.add(answer["sale_id"])
        sign = 1 if asked.kind in ("return", "restock") else -1
        for line in lines:
            told.moved[line["sku"]] += sign * line["quantity"]
    return told
