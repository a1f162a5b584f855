"""A file of stock levels set one SKU after another."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import orjson
from pydantic import BaseModel

from leadboost.domain.stock_rows import StockTable
from leadboost.domain.tabular import Table
from leadboost.remote.client import Remote, RemoteError
from leadboost.remote.files import opener
from leadboost.remote.report import Progress, Reject, RejectsFile, Report, no_progress
from leadboost.remote.upload import Item, Reading, Recorded, Refusal, Settled, upload

_IN_FLIGHT = 8


class _Product(BaseModel):
    sku: str


async def ingest_stock(
    remote: Remote,
    path: Path,
    stated: Mapping[str, Sequence[str]],
    currency: str,
    *,
    fallback: Path,
    progress: Progress = no_progress,
) -> Report:
    """Set what a delimited file says of each SKU.

    Raises InputError when the file as a whole cannot be used, RemoteError.
    """
    started_at = remote.clock.monotonic()
    table = await asyncio.to_thread(lambda: StockTable(Table(opener(path)), stated, currency))
    report = Report()
    skus: dict[int, str] = {}
    with RejectsFile(path, fallback, table.columns, report) as rejects:
        await upload(
            _readings(table, skus),
            lambda items: _put_all(remote, items, skus),
            report,
            rejects,
            progress,
            table.rows,
        )
    report.seconds = remote.clock.monotonic() - started_at
    return report


def _readings(table: StockTable, skus: dict[int, str]) -> Iterator[Reading]:
    """Read rows, noting each one's SKU by its line. A SKU set twice alike is known, otherwise rejected."""
    seen: dict[str, tuple[int, bytes]] = {}
    for each in table:
        row = each.row
        if each.fields is None:
            yield Reject(row.line, each.fault or "", row.cells)
            continue
        body = orjson.dumps(each.fields)
        line, earlier = seen.setdefault(each.sku, (row.line, body))
        if not each.fields:
            yield Settled.SKIPPED
        elif line == row.line:
            skus[row.line] = each.sku
            yield Item(row.line, row.cells, body)
        elif earlier == body:
            yield Settled.KNOWN
        else:
            yield Reject(
                row.line, f"sku {each.sku!r} stands in line {line} already with other values", row.cells
            )


async def _put_all(remote: Remote, items: Sequence[Item], skus: dict[int, str]) -> Recorded:
    recorded = Recorded()
    for start in range(0, len(items), _IN_FLIGHT):
        some = items[start : start + _IN_FLIGHT]
        reasons = await asyncio.gather(*(_put(remote, skus.pop(item.line), item) for item in some))
        for index, reason in enumerate(reasons, start):
            if reason is None:
                recorded.accepted += 1
            else:
                recorded.rejected.append(Refusal(index=index, reason=reason))
    return recorded


async def _put(remote: Remote, sku: str, item: Item) -> str | None:
    try:
        await remote.put(f"/api/stock/{quote(sku, safe='')}", item.body, _Product)
    except RemoteError as error:
        if not error.blames_request and error.status != 404:
            raise
        return error.detail
    return None
