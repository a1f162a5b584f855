"""Outcomes read from a table, row by row; a row that cannot be read is rejected with its reason.

Without an id column a row's id is the SHA-256 of its platform, day, texts and how often these came before
in the file. The texts are its cells outside the known columns, as far as they are no numbers, or the
attributes where these are stated; each cell is judged by itself, so a file that has grown gives its old
rows their old ids. Where no year is written and none is stated, the day counts without one: the year
would be taken anew some day.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from leadboost.domain.columns import plain_name, shown
from leadboost.domain.dates import to_date
from leadboost.domain.evidence import MAX_CHARS, MAX_NAME_CHARS, fold_value, is_number
from leadboost.domain.money import to_micros
from leadboost.domain.numerals import Number, is_missing, may_be_currency, parse_number
from leadboost.domain.outcome import Outcome
from leadboost.domain.outcome_columns import recognise
from leadboost.domain.outcome_survey import OutcomeOptions, date_parts, survey
from leadboost.domain.tabular import Row, Table
from leadboost.errors import InputError

UNKNOWN_PLATFORM = "unknown"
ZERO_SPEND = "spend is zero, so there is no return to learn"
_FIRST_YEAR = 1970
_MAX_ID_CHARS = 256
_MAX_COUNT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that is an outcome."""

    row: Row
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Repeated:
    """A row that repeats an earlier one of the same id to the letter."""

    row: Row


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sound row with nothing to learn from."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be used; ``reason`` names the field, its value and what is wrong."""

    row: Row
    reason: str


Reading = Taken | Repeated | Skipped | Rejected


class OutcomeTable:
    """The outcomes of a table. Making it reads the table once, each iteration once more.

    ``rows`` is how many there are; ``notes`` say what was assumed. Raises InputError when the table as a
    whole cannot be used.
    """

    def __init__(self, table: Table, options: OutcomeOptions, today: date) -> None:
        self._table = table
        self._options = options
        self._columns = recognise(table.columns, options.stated)
        self._survey = survey(table, self._columns, options, today)
        self._last_day = today + timedelta(days=1)  # a day may have begun elsewhere already
        self.columns = table.columns
        self.rows = self._survey.rows
        self.notes = list(self._survey.notes)
        if table.skipped_lines:
            self.notes.insert(0, f"{table.skipped_lines} line(s) before the header were left out")

    def __iter__(self) -> Iterator[Reading]:
        """Read every row in turn: the readings add up to the rows of the table."""
        occurrences: Counter[str] = Counter()
        known: dict[str, tuple[int, bytes]] = {}
        for row in self._table:
            try:
                reading = self._read(row, occurrences)
            except InputError as error:
                reading = Rejected(row, error.reason if error.field == "row" else str(error))
            yield _told_apart(reading, known) if isinstance(reading, Taken) else reading

    def _read(self, row: Row, occurrences: Counter[str]) -> Reading:
        if row.fault:
            raise InputError("row", row.fault)
        cells = row.cells
        day = self._day(cells)
        platform = self._platform(cells)
        attributes = self._attributes(cells)
        external_id = self._id(cells, platform, day, occurrences)
        spend = self._money(cells, "spend")
        if spend == 0:
            return Skipped(row, ZERO_SPEND)
        outcome = Outcome(
            external_id=external_id,
            platform=platform,
            day=day,
            spend_micros=spend,
            revenue_micros=self._money(cells, "revenue"),
            currency=self._options.currency,
            clicks=self._count(cells, "clicks"),
            impressions=self._count(cells, "impressions"),
            conversions=self._count(cells, "conversions"),
            attributes=attributes,
        )
        return Taken(row, outcome)

    def _cells(self, cells: Sequence[str], field: str) -> list[tuple[int, str]]:
        return [(index, cells[index]) for index in self._columns.fields.get(field, ())]

    def _day(self, cells: Sequence[str]) -> date:
        written = " ".join(cells[index].strip() for index in self._date_columns())
        try:
            parts = date_parts(cells, self._columns)
            if parts is None:
                raise InputError("row", "date is missing")
            day = to_date(self._survey.orders.resolve(parts), self._survey.year)
        except InputError as error:
            raise error if error.field == "row" else InputError(f"date {written!r}", error.reason) from None
        if day.year < _FIRST_YEAR or day > self._last_day:
            when = "lies in the future" if day > self._last_day else f"lies before {_FIRST_YEAR}"
            raise InputError(f"date {written!r}", when)
        return day

    def _date_columns(self) -> Sequence[int]:
        if self._columns.date_parts is None:
            return self._columns.fields["date"]
        return [index for index in self._columns.date_parts if index is not None]

    def _platform(self, cells: Sequence[str]) -> str:
        text = self._options.platform
        if text is None:
            text = next((text for _, text in self._cells(cells, "platform") if not is_missing(text)), "")
        return _bounded(fold_value(text) or UNKNOWN_PLATFORM, "platform", MAX_NAME_CHARS)

    def _attributes(self, cells: Sequence[str]) -> Mapping[str, str]:
        return {
            name: _bounded(fold_value(cells[index]), name, MAX_CHARS)
            for name, index in self._survey.attributes.items()
            if not is_missing(cells[index])
        }

    def _id(self, cells: Sequence[str], platform: str, day: date, occurrences: Counter[str]) -> str:
        if self._survey.id_column is not None:
            text = cells[self._survey.id_column].strip()
            if is_missing(text):
                raise InputError("row", "id is missing")
            return _bounded(text, "id", _MAX_ID_CHARS)
        key = json.dumps([platform, self._written_day(cells, day), self._texts(cells)])
        occurrences[key] += 1
        return hashlib.sha256(f"{key}{occurrences[key]}".encode()).hexdigest()

    def _written_day(self, cells: Sequence[str], day: date) -> str:
        parts = date_parts(cells, self._columns)
        inferred = self._options.year is None and parts is not None and parts.year is None
        return f"{day:%m-%d}" if inferred else day.isoformat()

    def _texts(self, cells: Sequence[str]) -> list[tuple[str, str]]:
        """Name and value of each cell that makes the row what it is, whatever the columns' order."""
        ad_id = self._columns.fields.get("external_id", ())
        return sorted(
            (plain_name(self.columns[index]), fold_value(cells[index]))
            for index in self._survey.identity
            if not is_missing(cells[index])
            and (self._options.attributes or index in ad_id or not is_number(cells[index]))
        )

    def _money(self, cells: Sequence[str], field: str) -> int:
        micros = 0
        for index, text in self._cells(cells, field):
            number = self._number(text, index, field)
            if number is None:
                raise InputError("row", f"{field} is missing")
            self._check_currency(cells, number, field, text)
            amount = to_micros(number.value, f"{field} {text.strip()!r}")
            if amount < 0:
                raise InputError(f"{field} {text.strip()!r}", "is negative")
            micros += amount
        return to_micros(Decimal(micros).scaleb(-6), field)

    def _check_currency(self, cells: Sequence[str], number: Number, field: str, text: str) -> None:
        if number.percent:
            raise InputError(f"{field} {text.strip()!r}", "is a percentage, not an amount")
        said = [number.currency, self._columns.units.get(field)]
        said += [code.strip() for _, code in self._cells(cells, "currency") if not is_missing(code)]
        wanted = self._options.currency
        for mark in said:
            if mark is not None and not may_be_currency(mark, wanted):
                reason = f"is in {shown(mark.upper())}, but the base currency is {wanted}: convert it first"
                raise InputError(f"{field} {text.strip()!r}", reason)

    def _count(self, cells: Sequence[str], field: str) -> int | None:
        numbers = [self._number(text, index, field) for index, text in self._cells(cells, field)]
        values = [number.value for number in numbers if number is not None]
        if not values:
            return None
        total = sum(values, Decimal(0))
        if not 0 <= total <= _MAX_COUNT:
            raise InputError(f"{field} {total}", "is negative" if total < 0 else "is too large")
        return int(total.to_integral_value(rounding=ROUND_HALF_EVEN))

    def _number(self, text: str, index: int, field: str) -> Number | None:
        if is_missing(text):
            return None
        try:
            return parse_number(text, self._survey.marks[index])
        except InputError as error:
            raise InputError(f"{field} {text.strip()[:80]!r}", error.reason) from None


def _bounded(text: str, what: str, limit: int) -> str:
    if len(text) > limit:
        raise InputError(f"{what} {text[:40]!r}...", f"is longer than {limit} characters")
    return text


def _told_apart(taken: Taken, known: dict[str, tuple[int, bytes]]) -> Reading:
    outcome = taken.outcome
    content = [getattr(outcome, field.name) for field in fields(outcome)]
    digest = hashlib.sha256(repr(content).encode()).digest()[:16]
    line, earlier = known.setdefault(outcome.external_id, (taken.row.line, digest))
    if line == taken.row.line:
        return taken
    if earlier == digest:
        return Repeated(taken.row)
    return Rejected(taken.row, f"id {outcome.external_id!r} stands in line {line} already with other values")
