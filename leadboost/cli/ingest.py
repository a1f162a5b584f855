"""Commands that read a file."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadboost.cli.options import AsJson, Config, DataDir, ProfileOption, settings_of
from leadboost.cli.running import with_daemon
from leadboost.errors import InputError

if TYPE_CHECKING:
    from leadboost.remote.report import Report

app = typer.Typer(no_args_is_help=True, help="Read a file: outcomes, signals or stock.")


class DateOrder(StrEnum):
    """The order of day, month and year in dates that leave it open."""

    dmy = "dmy"
    mdy = "mdy"


File = Annotated[Path, typer.Argument(help="File to read; .gz is unpacked.", show_default=False)]
Maps = Annotated[
    list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN[,COLUMN]", help="Name a field's columns.")
]


@app.command("outcomes")
def ingest_outcomes(
    file: File,
    maps: Maps = None,
    attributes: Annotated[list[str] | None, typer.Option("--attribute", help="Column to learn from.")] = None,
    platform: Annotated[str | None, typer.Option("--platform", help="Platform of all rows.")] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="ISO code; default the base currency.")
    ] = None,
    year: Annotated[
        int | None, typer.Option("--year", min=1970, max=2200, help="Year of dates without one.")
    ] = None,
    date_order: Annotated[
        DateOrder | None, typer.Option("--date-order", help="Order of day and month.")
    ] = None,
    config: Config = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Learn from a delimited file of campaign outcomes.

    Fields: date, spend, revenue; external_id, platform, clicks, impressions, conversions, currency.
    """
    from leadboost.domain.outcome_survey import OutcomeOptions
    from leadboost.remote.arguments import platform_name, stated_columns
    from leadboost.remote.outcomes import ingest_outcomes as send

    settings = settings_of(config, profile, data_dir)
    if currency is not None and currency.upper() != settings.currency:
        raise InputError(
            "--currency", f"must be {settings.currency}, the base currency; convert the file first"
        )
    options = OutcomeOptions(
        stated=stated_columns(maps or ()),
        attributes=attributes or [],
        platform=platform_name(platform),
        currency=settings.currency,
        year=year,
        date_order=None if date_order is None else date_order.value,
    )
    report = with_daemon(
        settings,
        lambda remote, progress: send(remote, file, options, fallback=settings.data_dir, progress=progress),
        as_json=as_json,
    )
    _show_report(report, "learned", "unchanged", as_json=as_json)


@app.command("signals")
def ingest_signals(
    file: File,
    maps: Maps = None,
    platform: Annotated[
        str | None, typer.Option("--platform", help="Source of a table's rows that name none.")
    ] = None,
    config: Config = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Hear the signals of a file: one JSON object a line, a JSON array, or a delimited table."""
    from leadboost.remote.arguments import platform_name, stated_columns
    from leadboost.remote.signals import ingest_signals as send

    settings = settings_of(config, profile, data_dir)
    stated, source = stated_columns(maps or ()), platform_name(platform)
    report = with_daemon(
        settings,
        lambda remote, progress: send(
            remote, file, stated, source, fallback=settings.data_dir, progress=progress
        ),
        as_json=as_json,
    )
    _show_report(report, "accepted", "duplicates", as_json=as_json)


@app.command("stock")
def ingest_stock(
    file: File,
    maps: Maps = None,
    config: Config = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set stock from a delimited file: sku and any of on_hand, floor, title, price, unit_cost, url."""
    from leadboost.remote.arguments import stated_columns
    from leadboost.remote.stock import ingest_stock as send

    settings = settings_of(config, profile, data_dir)
    stated = stated_columns(maps or ())
    report = with_daemon(
        settings,
        lambda remote, progress: send(
            remote, file, stated, settings.currency, fallback=settings.data_dir, progress=progress
        ),
        as_json=as_json,
    )
    _show_report(report, "accepted", "unchanged", as_json=as_json)


def _show_report(report: "Report", new: str, known: str, *, as_json: bool) -> None:
    from leadboost.remote.report import describe

    print(json.dumps(report.as_json(new, known)) if as_json else describe(report, new, known))
    raise typer.Exit(1 if report.rejected == report.rows else 0)
