"""Dates as people write them, in English and Spanish.

A value with a year in front, eight digits, or a month by name reads by itself. In ``11/12/2024`` the
order of day and month is decided for the whole column, apart for each separator, in this order:

1. a value above 12 in one position; where both positions show some, at least 95 % must agree;
2. the reading that puts no date in the future, where the other does;
3. ``.`` is day first;
4. the reading that packs the dates into less than half the span of the other, unless one of the two is a
   series of firsts of the month.

What is left open is refused; the order can always be stated. Rules 2 to 4 leave a note.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from leadboost.errors import InputError

Order = Literal["dmy", "mdy"]

_MONTHS = (
    "january|jan|enero|ene",
    "february|feb|febrero",
    "march|mar|marzo",
    "april|apr|abril|abr",
    "may|mayo",
    "june|jun|junio",
    "july|jul|julio",
    "august|aug|agosto|ago",
    "september|sept|sep|septiembre|setiembre|set",
    "october|oct|octubre",
    "november|nov|noviembre",
    "december|dec|diciembre|dic",
)
_MONTH_NUMBER = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split("|")}
_WEEKDAY = re.compile(
    r"(?:mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
    r"lun|mar|mie|jue|vie|sab|dom|lunes|martes|miercoles|jueves|viernes|sabado|domingo)\.?,?\s+(?=\S)"
)
_TIME = re.compile(r"(?:t|\s|,\s*)\s*[0-9]{1,2}[:h][0-9]{2}.*|t[0-9]{6}.*")
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_COMPACT = re.compile(r"([12][0-9]{3})([01][0-9])([0-3][0-9])")
_NUMERIC = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_MONTH_NAMED = (
    re.compile(
        r"(?P<m>[a-z]+)\.?[ \-/]+(?P<d>[0-9]{1,2})(?:st|nd|rd|th|o)?"
        r"(?:[ ,\-/]+(?P<y>[0-9]{4}|'?[0-9]{2}))?"
    ),
    re.compile(
        r"(?P<d>[0-9]{1,2})(?:st|nd|rd|th|o)?[ \-/.]*(?:de |of )?(?P<m>[a-z]+)\.?"
        r"(?:[ ,\-/]+(?:de |del )?(?P<y>[0-9]{4}|'?[0-9]{2}))?"
    ),
    re.compile(r"(?P<y>[0-9]{4})[ ,\-/]+(?P<m>[a-z]+)\.?[ \-/]+(?P<d>[0-9]{1,2})"),
)


@dataclass(frozen=True, slots=True)
class DayParts:
    """A date as far as it reads by itself. ``year`` is None where none was written.

    ``separator`` is set where the order of day and month is open: then ``month`` and ``day`` hold the
    first and the second number.
    """

    year: int | None
    month: int
    day: int
    separator: str | None = None


def month_number(text: str) -> int | None:
    """Read a month by name or number, in English or Spanish; None when it is neither."""
    text = _fold(text).rstrip(".")
    if re.fullmatch(r"0?[1-9]|1[0-2]", text):
        return int(text)
    return _MONTH_NUMBER.get(text)


def split_date(text: str) -> DayParts:
    """Take a written date apart; a time of day after it is ignored. Raises InputError (field ``date``)."""
    folded = _TIME.sub("", _fold(text), count=1).strip()
    parts = _split(folded) or _split(_WEEKDAY.sub("", folded, count=1))
    if parts is None:
        raise InputError("date", "not a date; write it as 2024-11-20")
    return parts


def _split(folded: str) -> DayParts | None:
    if match := _YEAR_FIRST.fullmatch(folded):
        return DayParts(int(match[1]), int(match[3]), int(match[4]))
    if match := _NUMERIC.fullmatch(folded):
        return _numeric(match)
    if match := _COMPACT.fullmatch(folded):
        return DayParts(int(match[1]), int(match[2]), int(match[3]))
    for pattern in _MONTH_NAMED:
        match = pattern.fullmatch(folded)
        if match and match["m"] in _MONTH_NUMBER:
            year = _full_year(match["y"].lstrip("'")) if match["y"] else None
            return DayParts(year, _MONTH_NUMBER[match["m"]], int(match["d"]))
    return None


def _numeric(match: re.Match[str]) -> DayParts:
    first, second, last = int(match[1]), int(match[3]), match[4]
    if first > 31 and len(last) == 2:
        return DayParts(_full_year(match[1]), second, int(last))
    return DayParts(_full_year(last), first, second, match[2])


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return 2000 + year if year < 70 else 1900 + year


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", " ".join(text.split()).casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


@dataclass(slots=True)
class DateOrders:
    """Which of day and month comes first, for each separator that leaves it open."""

    orders: Mapping[str, Order | None]
    notes: list[str] = field(default_factory=list)

    def resolve(self, parts: DayParts) -> DayParts:
        """Put day and month in their places. Raises InputError where the column leaves them open."""
        if parts.separator is None:
            return parts
        first, second = parts.month, parts.day
        order = self.orders.get(parts.separator)
        if second > 12 or first == second:
            order = "mdy"
        elif first > 12:
            order = "dmy"
        if order is None:
            raise InputError("date", "day and month can be read both ways; say which with --date-order")
        month, day = (second, first) if order == "dmy" else (first, second)
        return DayParts(parts.year, month, day)


def decide_orders(dates: Iterable[DayParts], *, today: date, stated: Order | None = None) -> DateOrders:
    """Decide the order of day and month from all dates of a column, by the rules of this module."""
    groups: dict[str, set[tuple[int, int, int]]] = defaultdict(set)
    for parts in dates:
        if parts.separator is not None and parts.year is not None:
            groups[parts.separator].add((parts.year, parts.month, parts.day))
    if stated is not None:
        return DateOrders(dict.fromkeys(groups, stated))
    decided = DateOrders({})
    orders: dict[str, Order | None] = {}
    for separator, values in sorted(groups.items()):
        orders[separator], reason = _decide_order(separator, values, today)
        if reason:
            decided.notes.append(_order_note(separator, orders[separator], reason))
    decided.orders = orders
    return decided


def _decide_order(
    separator: str, values: set[tuple[int, int, int]], today: date
) -> tuple[Order | None, str | None]:
    as_mdy = sorted(date(*value) for value in values if _exists(*value))
    swapped = {(year, second, first) for year, first, second in values}
    as_dmy = sorted(date(*value) for value in swapped if _exists(*value))
    only_mdy, only_dmy = (sum(day.day > 12 for day in days) for days in (as_mdy, as_dmy))
    if only_mdy or only_dmy:
        return _majority(only_dmy, only_mdy)
    if not as_mdy or all(first == second for _, first, second in values):
        return None, None
    if (as_mdy[-1] > today) != (as_dmy[-1] > today):
        return ("dmy" if as_mdy[-1] > today else "mdy"), "the other way some would lie in the future"
    if separator == ".":
        return "dmy", "that is the custom with points"
    return _packed(as_dmy, as_mdy)


def _majority(day_first: int, month_first: int) -> tuple[Order | None, str | None]:
    if min(day_first, month_first) * 20 > day_first + month_first:
        return None, "the file holds both orders, so that values up to 12 cannot be told apart"
    return ("dmy" if day_first > month_first else "mdy"), None


def _packed(as_dmy: list[date], as_mdy: list[date]) -> tuple[Order | None, str | None]:
    undecided = "nothing in the file shows the order"
    for days in (as_dmy, as_mdy):
        if len(days) > 2 and all(day.day == 1 for day in days):
            return None, undecided
    span_dmy, span_mdy = (days[-1].toordinal() - days[0].toordinal() for days in (as_dmy, as_mdy))
    if len(as_dmy) > 2 and span_dmy * 2 < span_mdy:
        return "dmy", "so that the dates lie close together"
    if len(as_dmy) > 2 and span_mdy * 2 < span_dmy:
        return "mdy", "so that the dates lie close together"
    return None, undecided


def _order_note(separator: str, order: Order | None, reason: str) -> str:
    if order is None:
        return f"dates with '{separator}' are ambiguous: {reason}; say which with --date-order"
    words = "day first" if order == "dmy" else "month first"
    return f"dates with '{separator}' were read {words}, {reason}; --date-order states another"


def newest_year(days: Iterable[tuple[int, int]], today: date) -> int:
    """Return the newest year that puts none of the (month, day) pairs after ``today``.

    A 29 February asks for a leap year. Pairs that exist in no year are left out of account.
    """
    pairs = {(month, day) for month, day in days if _exists(2000, month, day)}
    for year in range(today.year, today.year - 9, -1):
        if all(_exists(year, *pair) and date(year, *pair) <= today for pair in pairs):
            return year
    return today.year - 1


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def to_date(parts: DayParts, year: int | None) -> date:
    """Make the date, taking ``year`` where none was written. Raises InputError (field ``date``)."""
    written = year if parts.year is None else parts.year
    if written is None:
        raise InputError("date", "has no year; state it with --year")
    try:
        return date(written, parts.month, parts.day)
    except ValueError:
        raise InputError("date", "no such day in the calendar") from None
