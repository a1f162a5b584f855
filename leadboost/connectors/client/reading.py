"""JSON answers, read without trusting them: what is odd costs its own item, never the poll."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FUTURE = timedelta(hours=24)
ROWS = 2_000
REASONS = 3
_LAST_UNIX_SECOND = 253_402_300_799

Raw = Mapping[str, object]


class AnswerError(Exception):
    """The body is not what was asked for; the text says what is wrong, and quotes nothing of it."""


class ItemError(Exception):
    """One item cannot be used; the text says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Raw items for Scout by ``external_id``, why others were rejected, and where the next page begins."""

    items: Mapping[str, Raw]
    rejected: tuple[str, ...] = ()
    after: str | None = None


def read_object(body: bytes) -> Raw:
    """Read a JSON object. Raises AnswerError."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise AnswerError("not complete JSON") from None
    if not isinstance(found, dict):
        raise AnswerError("JSON, but no object")
    return found


def read_rows(rows: object, read: Callable[[Raw], Raw]) -> Page:
    """Read each row by itself; of equal ids the first counts. Raises AnswerError when there is no list."""
    if not isinstance(rows, list):
        raise AnswerError("an object without its list of items")
    items: dict[str, Raw] = {}
    rejected: list[str] = []
    for row in rows[:ROWS]:
        try:
            if not isinstance(row, dict):
                raise ItemError("is no object")
            item = read(row)
        except ItemError as error:
            rejected.append(str(error))
        else:
            items.setdefault(str(item["external_id"]), item)
    return Page(items=items, rejected=tuple(rejected))


def rejection_note(rejected: tuple[str, ...]) -> str | None:
    """Say how many items were rejected and why, the first reasons alone; None when none was."""
    if not rejected:
        return None
    reasons = "; ".join(list(dict.fromkeys(rejected))[:REASONS])
    return f"{len(rejected)} item(s) rejected: {reasons}"


def as_text(value: object) -> str:
    """Return a text as it is, anything else as the empty one."""
    return value if isinstance(value, str) else ""


def as_object(value: object) -> Raw:
    """Return an object as it is, anything else as the empty one."""
    return value if isinstance(value, dict) else {}


def as_counters(**values: object) -> dict[str, float]:
    """Keep what are numbers from 0 to 10^15: what a signal takes as engagement."""
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e15
    }


def read_instant(value: object) -> datetime | None:
    """Read Unix seconds or an ISO 8601 date, without a zone as UTC; None when it is neither."""
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value.strip())
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return datetime.fromtimestamp(value, UTC) if 0 <= value <= _LAST_UNIX_SECOND else None
    except (ValueError, OverflowError, OSError):
        return None
    return None


def published_at(at: datetime | None, *, now: datetime) -> str | None:
    """Return the date for a raw item; one up to a day ahead is a clock that goes wrong, and becomes ``now``.

    Raises ItemError for dates further ahead: such an item is left for a later poll.
    """
    if at is None:
        return None
    if at > now + FUTURE:
        raise ItemError("is dated more than a day ahead")
    return min(at, now).isoformat()
