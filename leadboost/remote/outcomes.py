"""A file of outcomes sent to be learned from."""

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import orjson
from pydantic import BaseModel

from leadboost.domain.money import format_micros
from leadboost.domain.outcome import Outcome
from leadboost.domain.outcome_rows import OutcomeTable, Rejected, Repeated, Skipped, Taken
from leadboost.domain.outcome_survey import OutcomeOptions
from leadboost.domain.tabular import Table
from leadboost.remote.client import Remote
from leadboost.remote.files import opener
from leadboost.remote.report import Progress, Reject, RejectsFile, Report, no_progress
from leadboost.remote.upload import Item, Reading, Settled, post_items, upload

STALL_DEADLINE_S = 60.0
_POLL_S = 0.2


class _Model(BaseModel):
    pending: int


async def ingest_outcomes(
    remote: Remote,
    path: Path,
    options: OutcomeOptions,
    *,
    fallback: Path,
    progress: Progress = no_progress,
) -> Report:
    """Send a delimited file's outcomes and wait until they are learned.

    ``fallback`` is the folder for the rejects where the file's own cannot be written. Raises InputError
    when the file as a whole cannot be used, RemoteError.
    """
    started_at = remote.clock.monotonic()
    table = await asyncio.to_thread(_read_table, path, options, remote.clock.now().date())
    report = Report(notes=table.notes)
    with RejectsFile(path, fallback, table.columns, report) as rejects:
        await upload(
            _readings(table),
            lambda items: post_items(remote, "/api/outcomes", items),
            report,
            rejects,
            progress,
            table.rows,
        )
    report.notes += _notes(report)
    await _wait_until_learned(remote, report, progress)
    report.seconds = remote.clock.monotonic() - started_at
    return report


def _read_table(path: Path, options: OutcomeOptions, today: date) -> OutcomeTable:
    return OutcomeTable(Table(opener(path)), options, today)


def _readings(table: OutcomeTable) -> Iterator[Reading]:
    for reading in table:
        match reading:
            case Taken(row, outcome):
                yield Item(row.line, row.cells, _body(outcome))
            case Rejected(row, reason):
                yield Reject(row.line, reason, row.cells)
            case Repeated():
                yield Settled.KNOWN
            case Skipped():
                yield Settled.SKIPPED


def _body(outcome: Outcome) -> bytes:
    fields: dict[str, object] = {
        "external_id": outcome.external_id,
        "platform": outcome.platform,
        "date": outcome.day,
        "spend": format_micros(outcome.spend_micros),
        "revenue": format_micros(outcome.revenue_micros),
        "currency": outcome.currency,
        "clicks": outcome.clicks,
        "impressions": outcome.impressions,
        "conversions": outcome.conversions,
        "attributes": dict(outcome.attributes),
    }
    return orjson.dumps({name: value for name, value in fields.items() if value is not None})


def _notes(report: Report) -> Iterator[str]:
    if report.skipped:
        yield f"{report.skipped} row(s) skipped: the spend is zero, so there is no return to learn"
    if report.changed:
        yield (
            f"{report.changed} row(s) replaced outcomes already known under the same id; if these are other "
            "campaigns, give --map id=COLUMN or --platform NAME"
        )


async def _wait_until_learned(remote: Remote, report: Report, progress: Progress) -> None:
    pending = most = (await remote.get("/api/model", _Model)).pending
    moved_at = remote.clock.monotonic()
    while pending:
        if remote.clock.monotonic() - moved_at > STALL_DEADLINE_S:
            report.notes.append(f"{pending} row(s) are stored and still wait to be learned")
            return
        await asyncio.sleep(_POLL_S)
        before, pending = pending, (await remote.get("/api/model", _Model)).pending
        most = max(most, pending)
        if pending < before:
            moved_at = remote.clock.monotonic()
        progress("learned", most - pending, most)
