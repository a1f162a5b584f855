"""Rows through one route in batches; what the API refuses joins what the reader rejected."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from pydantic import AliasChoices, BaseModel, Field

from leadboost.remote.client import Remote, RemoteError
from leadboost.remote.report import Progress, Reject, RejectsFile, Report

BATCH_ROWS = 500
BATCH_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Item:
    """A row to send: ``body`` is its JSON object."""

    line: int
    cells: tuple[str, ...]
    body: bytes


class Settled(Enum):
    """A row that needs no sending."""

    KNOWN = "known"
    SKIPPED = "skipped"


Reading = Item | Reject | Settled


class Refusal(BaseModel):
    """Why the item at ``index`` of the request was not taken."""

    index: int
    reason: str


class Recorded(BaseModel):
    """What the API did with a request's items; ``changed`` of the accepted replaced known ones."""

    accepted: int = 0
    changed: int = 0
    known: int = Field(0, validation_alias=AliasChoices("unchanged", "duplicates"))
    skipped: list[Refusal] = []
    rejected: list[Refusal] = []


Send = Callable[[Sequence[Item]], Awaitable[Recorded]]


async def post_items(remote: Remote, path: str, items: Sequence[Item]) -> Recorded:
    """Send all items in one request, in halves where it is refused as a whole.

    Raises RemoteError for what is not the items' fault.
    """
    body = b'{"items":[' + b",".join(item.body for item in items) + b"]}"
    try:
        return await remote.post(path, body, Recorded)
    except RemoteError as error:
        if not error.blames_request:
            raise
        if len(items) == 1:
            return Recorded(rejected=[Refusal(index=0, reason=error.detail)])
    half = len(items) // 2
    first = await post_items(remote, path, items[:half])
    second = await post_items(remote, path, items[half:])
    return Recorded.model_construct(
        accepted=first.accepted + second.accepted,
        changed=first.changed + second.changed,
        known=first.known + second.known,
        skipped=first.skipped + _shifted(second.skipped, half),
        rejected=first.rejected + _shifted(second.rejected, half),
    )


def _shifted(refusals: Iterable[Refusal], by: int) -> list[Refusal]:
    return [Refusal(index=refusal.index + by, reason=refusal.reason) for refusal in refusals]


async def upload(
    readings: Iterator[Reading],
    send: Send,
    report: Report,
    rejects: RejectsFile,
    progress: Progress,
    total: int | None = None,
) -> None:
    """Send everything, batch after batch, and count it in ``report``."""
    while batch := await asyncio.to_thread(_take, readings):
        items = [reading for reading in batch if isinstance(reading, Item)]
        rejected = [reading for reading in batch if isinstance(reading, Reject)]
        recorded = await send(items) if items else Recorded()
        rejected += [
            Reject(items[refusal.index].line, refusal.reason, items[refusal.index].cells)
            for refusal in recorded.rejected
        ]
        report.rows += len(batch)
        report.new += recorded.accepted
        report.changed += recorded.changed
        report.known += recorded.known + batch.count(Settled.KNOWN)
        report.skipped += len(recorded.skipped) + batch.count(Settled.SKIPPED)
        rejects.write(sorted(rejected))
        progress("rows", report.rows, total)


def _take(readings: Iterator[Reading]) -> list[Reading]:
    """Read the next batch: at most BATCH_ROWS rows, and about BATCH_BYTES to send."""
    batch: list[Reading] = []
    size = 0
    for reading in readings:
        batch.append(reading)
        size += len(reading.body) if isinstance(reading, Item) else 0
        if len(batch) >= BATCH_ROWS or size >= BATCH_BYTES:
            break
    return batch
