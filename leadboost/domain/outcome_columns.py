"""Which column of a table holds what: known names in English and Spanish, or as the caller says.

How names are compared stands in ``columns.py``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadboost.domain.columns import (
    known_column,
    known_columns,
    plain_name,
    shown,
    stated_columns,
    unknown_columns,
)
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
AD_IDS = ("ad_id", "id_anuncio")  # ids of an ad rather than of a row
_FIELD_NAMES = {"id": "external_id", "cost": "spend"}
_PART_ALIASES: Mapping[str, str] = {
    "year": "year ano anio yr yyyy",
    "month": "month mes month_name mm",
    "day": "day dia day_of_month dd",
}


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


def recognise(columns: Sequence[str], stated: Mapping[str, Sequence[str]]) -> OutcomeColumns:
    """Find the columns of an outcome; ``stated`` maps a field to column names and wins over known names.

    Several columns of one number are added together; several columns of ``date`` are its parts. Raises
    InputError naming the field, the columns found and the ``--map`` to use.
    """
    fields = stated_columns(columns, stated, FIELDS, several=(*SUMMED, "date"), short=_FIELD_NAMES)
    said = set(fields)
    parts = _stated_parts(columns, fields.pop("date")) if len(fields.get("date", ())) > 1 else None
    if parts is None and "date" not in fields:
        parts = _known_parts(columns)
    aliases = {field: names for field, names in _ALIASES.items() if not (field == "date" and parts)}
    fields = known_columns(columns, aliases, fields)
    for field in fields.keys() - said:
        _refuse_twin(columns, fields[field][0], field)
    _refuse_gaps(columns, fields, parts)
    return OutcomeColumns(fields, parts, _units(columns, fields))


def _refuse_twin(columns: Sequence[str], index: int, field: str) -> None:
    twin = f"{columns[index]} (2)"
    if field in REQUIRED and twin in columns:
        name = shown(columns[index])
        reason = f"two columns are named '{name}'; choose one, for example --map {field}='{shown(twin)}'"
        raise InputError(field, reason)


def _known_parts(columns: Sequence[str]) -> tuple[int | None, int, int] | None:
    whole_dates = _ALIASES["date"].partition(" day ")[0]
    if known_column(columns, whole_dates, ()) is not None:
        return None
    year, month, day = (known_column(columns, _PART_ALIASES[part], ()) for part in ("year", "month", "day"))
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
    if missing:
        hint = ", a date in several columns as --map date=month,day --year 2020" if "date" in missing else ""
        raise unknown_columns(missing, columns, hint)
