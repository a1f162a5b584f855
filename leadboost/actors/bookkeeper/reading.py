"""One account: what is to be read of it next, and what a reading brought."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from leadboost.domain.ad_results import AdDay, spans
from leadboost.errors import AdPlatformError
from leadboost.messages.bookkeeper import AccountBook
from leadboost.ports import AdReports

BACKFILL, RESTATED, RECENT = timedelta(days=90), timedelta(days=30), timedelta(days=3)
RESTATED_EVERY_S = 86_400.0
FIRST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a reading of the days from ``first`` to ``last`` brought until it was over, or failed."""

    first: date
    last: date
    days: Sequence[AdDay]
    error: AdPlatformError | None = None


@dataclass(slots=True)
class Account:
    """Times are monotonic, but for the book's."""

    reports: AdReports
    book: AccountBook
    due_at: float
    restated_at: float | None = None
    wait_s: float = FIRST_WAIT_S
    busy: bool = field(default=False)

    def first_day(self, today: date, now: float) -> date:
        """Where the next reading begins."""
        if self.restated_at is None:
            return today - BACKFILL
        return today - (RESTATED if now - self.restated_at >= RESTATED_EVERY_S else RECENT)


async def read(reports: AdReports, first: date, last: date) -> Brought:
    """Read span by span, the newest first; what came before a failure counts."""
    days: list[AdDay] = []
    for span in spans(first, last):
        try:
            days += await reports.read_results(*span)
        except AdPlatformError as error:
            return Brought(first=first, last=last, days=days, error=error)
    return Brought(first=first, last=last, days=days)


def booked(book: AccountBook, brought: Brought, at: datetime, *, currency: str) -> AccountBook:
    """The book after a reading; ``currency`` is the only one that can be learned from."""
    tells = book.tells_value or any(each.revenue_micros for each in brought.days)
    error = brought.error
    return AccountBook(
        platform=book.platform,
        account_id=book.account_id,
        read_at=book.read_at if error else at,
        since=book.since if error else min(brought.first, book.since or brought.first),
        days=len(brought.days),
        tells_value=tells,
        error=error.reason if error else _foreign(brought.days, currency),
    )


def _foreign(days: Sequence[AdDay], currency: str) -> str | None:
    others = sorted({each.currency or "no currency" for each in days if each.currency != currency})
    if not others:
        return None
    return (
        f"tells money in {' and '.join(others)}, and only {currency}, the base currency, can be learned from"
    )
