"""Which column of a table holds what: known names in English and Spanish, or as the caller says.

A name is compared in lower case without accents, with every other sign as ``_``; a unit in brackets, as
in ``Cost (EUR)``, is left out. Of several known names in one table the first of the list here is taken.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadboost.errors import InputError

REQUIRED = ("date", "spend", "revenue")
SUMMED = ("spend", "revenue", "clicks", "impressions", "conversions")
FIELDS = ("external_id", "platform", *REQUIRED, "clicks", "impressions", "conversions", "currency")

_ALIASES: Mapping[str, str] = {
    "external_id": "external_id id row_id record_id outcome_id ad_id id_anuncio identificador",
    "platform": """platform plataforma ad_platform publisher_platform network ad_network red channel canal
        media_channel marketing_channel""",
    "date": """date fecha ad_date c_date campaign_date report_date date_start reporting_starts reporting_start
        start_date fecha_inicio inicio_del_informe event_date datetime timestamp dt ds day dia week semana""",
    "spend": """spend spent cost amount_spent ad_spend adspend total_spend total_cost mark_spent
        marketing_spend media_spend media_cost ad_cost advertising_cost campaign_cost costs spend_usd cost_usd
        spend_eur cost_eur budget_spent expense expenses gasto gastos coste costes costo costos
        importe_gastado monto_gastado gasto_publicitario gasto_total inversion""",
    "revenue": """revenue total_revenue ad_revenue revenues revenue_usd revenue_eur ingresos ingreso
        conversion_value conv_value conversions_value total_conversion_value total_conv_value purchase_value
        purchases_conversion_value website_purchases_conversion_value valor_de_conversion valor_conv
        valor_de_conversion_de_compras sale_amount sales_amount sales_value sales sale total_sales gross_sales
        ventas importe_ventas facturacion turnover income order_value post_click_sales_amount""",
    "clicks": "clicks link_clicks click clics clics_en_el_enlace clicks_all",
    "impressions": "impressions impr displays impression views impresiones visualizaciones",
    "conversions": """conversions orders purchases conversion post_click_conversions conversiones pedidos
        compras sales_count results resultados leads""",
    "currency": "currency currency_code moneda codigo_de_moneda divisa",
}
AD_IDS = ("ad_id", "id_anuncio")  # ids of an ad rather than of a row, where they repeat
_FIELD_NAMES = {"id": "external_id", "cost": "spend"}
_PART_ALIASES: Mapping[str, str] = {
    "year": "year ano anio yr yyyy",
    "month": "month mes month_name mm",
    "day": "day dia day_of_month dd",
}
_UNIT = re.compile(r"[(\[][^)\]]*[)\]]")


@dataclass(frozen=True, slots=True)
class OutcomeColumns:
    """Positions in the header. ``date_parts`` is year, month, day (year None where no column holds it).

    ``fields`` maps a field to the columns that make it up, added together where there are several.
    ``units`` maps a field to the currency code that its header names, for example ``EUR``.
    """

    fields: Mapping[str, tuple[int, ...]]
    date_parts: tuple[int | None, int, int] | None
    units: Mapping[str, str]

    @property
    def used(self) -> frozenset[int]:
        """All positions that hold a field."""
        parts = (part for part in self.date_parts or () if part is not None)
        return frozenset(parts) | {index for indexes in self.fields.values() for index in indexes}


def plain_name(name: str) -> str:
    """Fold a column's name: ``Campaign Name`` is ``campaign_name``."""
    text = unicodedata.normalize("NFKD", _UNIT.sub(" ", name).casefold())
    bare = "".join(char for char in text if not unicodedata.combining(char))
    return re.sub(r"[^0-9a-z]+", "_", bare).strip("_") or "column"


def find_column(columns: Sequence[str], name: str, asked_by: str) -> int:
    """Find a column that the caller named, exactly or folded. Raises InputError listing the columns."""
    exact = [index for index, column in enumerate(columns) if column == name.strip()]
    folded = [index for index, column in enumerate(columns) if plain_name(column) == plain_name(name)]
    found = exact or folded
    if len(found) == 1:
        return found[0]
    problem = "is in the table more than once" if found else "is not in the table"
    raise InputError(asked_by, f"column {name!r} {problem}; the columns are {listed(columns)}")


def recognise(columns: Sequence[str], stated: Mapping[str, Sequence[str]]) -> OutcomeColumns:
    """Find the columns of an outcome; ``stated`` maps a field to column names and wins over known names.

    Several columns of one number are added together; several columns of ``date`` are its parts. Raises
    InputError naming the field, the columns found and the ``--map`` to use.
    """
    fields: dict[str, tuple[int, ...]] = {}
    for field, names in stated.items():
        field = _FIELD_NAMES.get(field, field)
        if field not in FIELDS:
            raise InputError("--map", f"{field!r} is no field; the fields are {', '.join(FIELDS)}")
        if len(names) > 1 and field not in (*SUMMED, "date"):
            raise InputError("--map", f"{field} is made of one column, not of {len(names)}")
        fields[field] = tuple(find_column(columns, name, f"--map {field}") for name in names)
    parts = _stated_parts(columns, fields.pop("date")) if len(fields.get("date", ())) > 1 else None
    if parts is None and "date" not in fields:
        parts = _known_parts(columns)
    taken = {index for indexes in fields.values() for index in indexes}
    for field, aliases in _ALIASES.items():
        if field in fields or (field == "date" and parts):
            continue
        if (index := _known(columns, aliases, taken)) is not None:
            _refuse_twin(columns, index, field)
            fields[field] = (index,)
            taken.add(index)
    _refuse_gaps(columns, fields, parts)
    return OutcomeColumns(fields, parts, _units(columns, fields))


def _known(columns: Sequence[str], aliases: str, taken: set[int]) -> int | None:
    names = [plain_name(column) for column in columns]
    for alias in aliases.split():
        found = [index for index, name in enumerate(names) if name == alias and index not in taken]
        if found:
            return found[0]
    return None


def _refuse_twin(columns: Sequence[str], index: int, field: str) -> None:
    twin = f"{columns[index]} (2)"
    if field in REQUIRED and twin in columns:
        reason = f"two columns are named {columns[index]!r}; choose one, for example --map {field}='{twin}'"
        raise InputError(field, reason)


def _known_parts(columns: Sequence[str]) -> tuple[int | None, int, int] | None:
    whole_dates = _ALIASES["date"].partition(" day ")[0]
    if _known(columns, whole_dates, set()) is not None:
        return None
    year, month, day = (_known(columns, _PART_ALIASES[part], set()) for part in ("year", "month", "day"))
    return None if month is None or day is None else (year, month, day)


def _stated_parts(columns: Sequence[str], indexes: Sequence[int]) -> tuple[int | None, int, int]:
    """Order the named columns by what their names say, else as year, month, day or month, day."""
    if len(indexes) > 3:
        raise InputError("--map date", "is made of year, month and day at most")
    order = ("year", "month", "day")[-len(indexes) :]
    named = {
        part: index
        for index in indexes
        for part, aliases in _PART_ALIASES.items()
        if plain_name(columns[index]) in aliases.split()
    }
    if set(named) != set(order):
        named = dict(zip(order, indexes, strict=True))
    return named.get("year"), named["month"], named["day"]


def _units(columns: Sequence[str], fields: Mapping[str, Sequence[int]]) -> dict[str, str]:
    units: dict[str, str] = {}
    for field in ("spend", "revenue"):
        for index in fields[field]:
            if match := re.search(r"[(\[]\s*([A-Z]{3})\s*[)\]]", columns[index]):
                units[field] = match[1]
    return units


def _refuse_gaps(columns: Sequence[str], fields: Mapping[str, Sequence[int]], parts: object) -> None:
    missing = [field for field in REQUIRED if field not in fields and not (field == "date" and parts)]
    if not missing:
        return
    maps = " ".join(f"--map {field}=COLUMN" for field in missing)
    hint = ", a date in several columns as --map date=month,day --year 2020" if "date" in missing else ""
    raise InputError(
        ", ".join(missing),
        f"no column is known to hold it; name it with {maps}{hint}; the columns are {listed(columns)}",
    )


def listed(columns: Sequence[str]) -> str:
    """Write the columns of a table into an error."""
    shown = [column if len(column) <= 40 else f"{column[:37]}..." for column in columns[:40]]
    return ", ".join(shown) + (", ..." if len(columns) > 40 else "")
