"""Stock in a table: each row sets what it holds of one SKU, an empty cell leaves the field as it is."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from leadboost.domain.columns import known_columns, shown, stated_columns, unknown_columns
from leadboost.domain.evidence import NumberEvidence
from leadboost.domain.money import format_micros, to_micros
from leadboost.domain.numerals import Mark, Number, is_missing, may_be_currency, parse_number
from leadboost.domain.tabular import Row, Table
from leadboost.errors import InputError

_ALIASES: Mapping[str, str] = {
    "sku": "sku stock_code stockcode product_id product_code item_code item_id item article codigo",
    "on_hand": "on_hand stock stock_level quantity qty available inventory existencias cantidad unidades",
    "floor": "floor minimum min_stock safety_stock reorder_point minimo stock_minimo",
    "title": "title product_title product_name name description titulo nombre descripcion",
    "price": "price unit_price sale_price precio precio_unitario",
    "unit_cost": "unit_cost cost cost_price purchase_price coste costo coste_unitario costo_unitario",
    "url": "url link product_url enlace",
}
_WHOLE = ("on_hand", "floor")
_MONEY = ("price", "unit_cost")


@dataclass(frozen=True, slots=True)
class StockRow:
    """A row read: ``fields`` holds what to set, JSON values; ``fault`` says why nothing can be set."""

    row: Row
    sku: str = ""
    fields: Mapping[str, object] | None = None
    fault: str | None = None


class StockTable:
    """The stock rows of a table; iterating reads it anew.

    ``stated`` maps a field to column names and wins over known names. Raises InputError naming the
    field, the columns found and the ``--map`` to use.
    """

    def __init__(self, table: Table, stated: Mapping[str, Sequence[str]], currency: str) -> None:
        self._table = table
        self._currency = currency
        self._fields = _recognise(table.columns, stated)
        self.columns = table.columns
        self.rows = 0
        self._marks = self._survey()

    def __iter__(self) -> Iterator[StockRow]:
        """Read every row in turn."""
        for row in self._table:
            try:
                yield self._read(row)
            except InputError as error:
                yield StockRow(row, fault=error.reason if error.field == "row" else str(error))

    def _survey(self) -> dict[str, Mark]:
        evidence = {field: NumberEvidence() for field in (*_WHOLE, *_MONEY) if field in self._fields}
        for row in self._table:
            self.rows += 1
            for field, figures in evidence.items():
                if row.fault is None:
                    figures.add(row.cells[self._fields[field]])
        if not self.rows:
            raise InputError("file", "has a header but no row of data")
        of_file = sum((figures.marks for figures in evidence.values()), Counter[Mark]())
        return {field: figures.decide(of_file, whole=field in _WHOLE) for field, figures in evidence.items()}

    def _read(self, row: Row) -> StockRow:
        if row.fault:
            raise InputError("row", row.fault)
        sku = row.cells[self._fields["sku"]].strip()
        if is_missing(sku):
            raise InputError("row", "sku is missing")
        fields: dict[str, object] = {}
        for field, index in self._fields.items():
            text = row.cells[index].strip()
            if field != "sku" and not is_missing(text):
                fields[field] = self._value(field, text)
        return StockRow(row, sku, fields)

    def _value(self, field: str, text: str) -> object:
        if field not in self._marks:
            return text
        try:
            number = parse_number(text, self._marks[field])
            return _whole(number) if field in _WHOLE else self._amount(number)
        except InputError as error:
            raise InputError(f"{field} {text[:80]!r}", error.reason) from None

    def _amount(self, number: Number) -> str:
        if number.percent or number.value < 0:
            raise InputError("number", "is negative" if number.value < 0 else "is a percentage")
        if number.currency is not None and not may_be_currency(number.currency, self._currency):
            said = shown(number.currency.upper())
            raise InputError(
                "number", f"is in {said}, but the base currency is {self._currency}: convert it first"
            )
        return format_micros(to_micros(number.value))


def _whole(number: Number) -> int:
    if number.percent or number.currency or number.value != number.value.to_integral_value():
        raise InputError("number", "must be a whole number of units")
    if number.value < 0:
        raise InputError("number", "is negative")
    return int(number.value)


def _recognise(columns: Sequence[str], stated: Mapping[str, Sequence[str]]) -> dict[str, int]:
    fields = known_columns(columns, _ALIASES, stated_columns(columns, stated, _ALIASES))
    if "sku" not in fields or len(fields) < 2:
        raise unknown_columns(["on_hand" if "sku" in fields else "sku"], columns)
    return {field: index for field, (index,) in fields.items()}
