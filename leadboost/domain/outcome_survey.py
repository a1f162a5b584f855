"""A first pass over a table of outcomes: what its columns show about numbers, dates and attributes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from leadboost.domain.columns import find_column, plain_name
from leadboost.domain.dates import (
    DateOrders,
    DayParts,
    Order,
    decide_orders,
    month_number,
    newest_year,
    split_date,
)
from leadboost.domain.evidence import NumberEvidence, TextEvidence
from leadboost.domain.numerals import Mark, is_missing
from leadboost.domain.outcome_columns import AD_IDS, OutcomeColumns
from leadboost.domain.tabular import Table
from leadboost.errors import InputError

MAX_ATTRIBUTES = 64
_COUNTS = ("clicks", "impressions", "conversions")
_NUMBERS = ("spend", "revenue", *_COUNTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeOptions:
    """What the caller states. ``stated`` maps a field to column names; ``attributes`` are column names.

    ``currency`` is the ISO code that all amounts must be in. ``year`` completes dates without one.
    """

    stated: Mapping[str, Sequence[str]] = field(default_factory=dict)
    attributes: Sequence[str] = ()
    platform: str | None = None
    currency: str = "USD"
    year: int | None = None
    date_order: Order | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the table showed. ``marks`` and ``attributes`` point to columns by their position.

    ``id_column`` is None where ids are to be made, from the columns of ``identity`` among other things;
    ``notes`` tell the reader what was assumed.
    """

    rows: int
    marks: Mapping[int, Mark]
    orders: DateOrders
    year: int | None
    attributes: Mapping[str, int]
    id_column: int | None
    identity: Sequence[int]
    notes: Sequence[str]


def survey(table: Table, columns: OutcomeColumns, options: OutcomeOptions, today: date) -> Survey:
    """Read the whole table once. Raises InputError for one without rows or an unknown attribute column."""
    gathered = _Gathered(table, columns, options)
    gathered.read(table)
    orders = decide_orders(gathered.dates, today=today, stated=options.date_order)
    notes = list(orders.notes)
    return Survey(
        rows=gathered.rows,
        orders=orders,
        year=gathered.year(today, notes),
        marks=gathered.marks(notes),
        attributes=gathered.attributes(notes),
        id_column=gathered.id_column(notes),
        identity=gathered.identity(),
        notes=notes,
    )


def date_parts(cells: Sequence[str], columns: OutcomeColumns) -> DayParts | None:
    """Take a row's date apart; None where it is missing. Raises InputError (field ``date``)."""
    if columns.date_parts is None:
        text = cells[columns.fields["date"][0]]
        return None if is_missing(text) else split_date(text)
    year, month, day = ("" if index is None else cells[index] for index in columns.date_parts)
    if is_missing(month) or is_missing(day):
        return None
    number = month_number(month)
    if number is None:
        raise InputError("date", f"{month.strip()!r} is no month")
    return DayParts(None if is_missing(year) else _whole(year, "year"), number, _whole(day, "day"))


def _whole(text: str, what: str) -> int:
    plain = text.strip().removesuffix(".0")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 4):
        raise InputError("date", f"{text.strip()!r} is no {what}")
    return int(plain)


class _Gathered:
    """The evidence of all columns together."""

    def __init__(self, table: Table, columns: OutcomeColumns, options: OutcomeOptions) -> None:
        self._names = table.columns
        self._columns = columns
        self._options = options
        self._stated = {name: find_column(table.columns, name, "--attribute") for name in options.attributes}
        self._words = {
            index: TextEvidence()
            for index in range(len(table.columns))
            if index not in columns.used and not options.attributes
        }
        self._figures = {
            index: NumberEvidence() for name in _NUMBERS for index in columns.fields.get(name, ())
        }
        self.dates: set[DayParts] = set()
        self.rows = 0

    def read(self, table: Table) -> None:
        for row in table:
            self.rows += 1
            if row.fault is None:
                self._add(row.cells)
        if not self.rows:
            raise InputError("file", "has a header but no row of data")

    def _add(self, cells: Sequence[str]) -> None:
        for index, figures in self._figures.items():
            figures.add(cells[index])
        for index, words in self._words.items():
            words.add(cells[index])
        try:
            parts = date_parts(cells, self._columns)
        except InputError:
            return
        if parts is not None:
            self.dates.add(parts)

    def id_column(self, notes: list[str]) -> int | None:
        index = next(iter(self._columns.fields.get("external_id", ())), None)
        if index is None or self._states_id() or plain_name(self._names[index]) not in AD_IDS:
            return index
        name = self._names[index]
        why = "names an ad, which may have many rows, so an id was made for each row"
        notes.append(f"{name!r} {why}; --map id={name!r} takes it for the row's own")
        return None

    def identity(self) -> list[int]:
        """Which columns tell rows apart where ids are made: all outside the known ones, or those stated."""
        indexes = [*self._stated.values()]
        if not indexes:
            indexes = [index for index in range(len(self._names)) if index not in self._columns.used]
        return indexes if self._states_id() else [*indexes, *self._columns.fields.get("external_id", ())]

    def _states_id(self) -> bool:
        return not {"id", "external_id"}.isdisjoint(self._options.stated)

    def attributes(self, notes: list[str]) -> dict[str, int]:
        indexes: Iterable[int] = self._stated.values()
        if not self._stated:
            indexes = [index for index, words in self._words.items() if words.is_attribute][:MAX_ATTRIBUTES]
        named: dict[str, int] = {}
        for index in indexes:
            name = plain_name(self._names[index])[:60]
            named[name if name not in named else f"{name}_{index + 1}"] = index
        if named and not self._stated:
            names = ", ".join(named)
            notes.append(f"attributes: {names} (text columns of few values; --attribute states others)")
        return named

    def marks(self, notes: list[str]) -> dict[int, Mark]:
        whole = {index for name in _COUNTS for index in self._columns.fields.get(name, ())}
        of_file = sum((figures.marks for figures in self._figures.values()), Counter[Mark]())
        marks: dict[int, Mark] = {}
        for index, figures in self._figures.items():
            marks[index] = figures.decide(of_file, whole=index in whole)
            if figures.example and not figures.marks and index not in whole:
                sense = "decimal mark" if marks[index] in figures.example else "mark between thousands"
                source = "as in the other columns" if of_file else "nothing in the file shows otherwise"
                value, name = figures.example, self._names[index]
                notes.append(f"in {name!r} the mark in values like {value} was read as {sense}: {source}")
        return marks

    def year(self, today: date, notes: list[str]) -> int | None:
        without = [parts for parts in self.dates if parts.year is None]
        if not without or self._options.year is not None:
            return self._options.year
        days = [(parts.month, parts.day) for parts in without]
        year = newest_year(days, today)
        why = "the newest that puts no day in the future; --year states another"
        notes.append(f"the dates have no year; {year} was taken, {why}")
        return year
