"""Commands: arguments in, exit code out (0 ok, 1 failed, 2 usage).

Whatever reads or writes data goes through the HTTP API: of the daemon that runs on the data folder, or
of one started in this process for as long as the command takes. Heavy modules are imported by the
command that needs them.
"""

import asyncio
import json
import sys
import zlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer

from leadboost.domain.role import RoleName
from leadboost.errors import ConfigError, InputError, LeadBoostError
from leadboost.remote.faults import of_options, report_failure

if TYPE_CHECKING:
    from leadboost.config import Settings
    from leadboost.remote.client import Remote
    from leadboost.remote.report import Progress, Report

T = TypeVar("T")

_UsageError: Any = typer.BadParameter.__mro__[1]  # of the click that typer brings along

app = typer.Typer(
    name="leadboost",
    help="Growth on autopilot that cannot oversell, cannot spend twice, and can always be stopped.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ingest = typer.Typer(no_args_is_help=True, help="Read a file: outcomes, signals or stock.")
token = typer.Typer(no_args_is_help=True, help="Access tokens.")
app.add_typer(ingest, name="ingest")
app.add_typer(token, name="token")
model = typer.Typer(no_args_is_help=True, help="The ROI model.")
app.add_typer(model, name="model")


class Profile(StrEnum):
    """Where LeadBoost runs."""

    production = "production"
    demo = "demo"
    test = "test"


class DateOrder(StrEnum):
    """The order of day, month and year in dates that leave it open."""

    dmy = "dmy"
    mdy = "mdy"


Config = Annotated[Path | None, typer.Option("--config", help="TOML file; default config/leadboost.toml.")]
ProfileOption = Annotated[Profile | None, typer.Option("--profile", help="production, demo or test.")]
DataDir = Annotated[str | None, typer.Option("--data-dir", help="Folder for data; default var.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON on standard output.")]
File = Annotated[Path, typer.Argument(help="File to read; .gz is unpacked.", show_default=False)]
Maps = Annotated[
    list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN[,COLUMN]", help="Name a field's columns.")
]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    as_json = "--json" in arguments
    try:
        code = app(args=arguments, prog_name="leadboost", standalone_mode=not as_json)
        return code if isinstance(code, int) else 0
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 1
    except _UsageError as error:
        detail = " ".join(error.format_message().split())
        report_failure("usage", detail, None, as_json=as_json)
        return 2
    except LeadBoostError as error:
        return report_failure(error.code, str(error), error, as_json=as_json)
    except OSError as error:
        return report_failure("system", str(error), error, as_json=as_json)


# -- the daemon -----------------------------------------------------------------------------------


@app.command()
def up(
    config: Config = None,
    profile: ProfileOption = None,
    host: Annotated[str | None, typer.Option("--host", help="Name or address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Start the daemon; it runs until Ctrl-C or SIGTERM."""
    from leadboost import log
    from leadboost.app import run
    from leadboost.config import read_settings

    overrides = {"data_dir": data_dir, "http.host": host, "http.port": port}
    settings, problems = read_settings(config, profile, overrides)
    if faults := of_options(problems):
        raise ConfigError(faults)
    log.configure(settings.log.level, settings.log.format)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr, flush=True)

    def say_where(url: str, first_link: str | None) -> None:
        said = {"url": url, "demo": settings.demo, "first_link": first_link}
        label = " (demo profile)" if settings.demo else ""
        invitation = f"\nopen {first_link}" if first_link else ""
        print(json.dumps(said) if as_json else f"LeadBoost is up{label}: {url}{invitation}", flush=True)

    raise typer.Exit(run(settings, problems, say_where))


@app.command()
def check(
    config: Config = None, profile: ProfileOption = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Check configuration and connections; every fault is listed."""
    from leadboost.config import read_settings
    from leadboost.remote.checks import check_surroundings

    settings, problems = read_settings(config, profile, {"data_dir": data_dir})
    checks = {"configuration": f"{len(problems)} fault(s)" if problems else "ok"}
    checks |= asyncio.run(check_surroundings(settings))
    sound = all(state.startswith("ok") for state in checks.values())
    if as_json:
        faults = [{"key": each.key, "value": each.value, "allowed": each.allowed} for each in problems]
        print(json.dumps({"ok": sound, "checks": checks, "problems": faults}))
    else:
        for problem in problems:
            print(f"error: {problem}")
        for name, state in checks.items():
            print(f"{name}: {state}")
    raise typer.Exit(0 if sound else 2 if of_options(problems) else 1)


@app.command()
def status(
    config: Config = None, profile: ProfileOption = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Say how the daemon on this data folder is; exit code 1 unless it is ready."""
    from leadboost.remote.health import describe, read_health

    health = asyncio.run(read_health(_faulty_settings(config, profile, data_dir).data_dir))
    print(json.dumps(health) if as_json else describe(health))
    raise typer.Exit(0 if health["ready"] else 1)


@app.command()
def migrate(
    config: Config = None, profile: ProfileOption = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Bring the database to this version."""
    from leadboost.remote.checks import migrate_database

    applied = asyncio.run(migrate_database(_settings(config, profile, data_dir)))
    text = "\n".join(f"applied {name}" for name in applied) or "the database is up to date"
    print(json.dumps({"applied": list(applied)}) if as_json else text)


# -- the kill switch ------------------------------------------------------------------------------


@app.command()
def panic(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.", show_default=False)],
    scope: Annotated[
        str,
        typer.Option("--scope", help="global, account:PLATFORM:ID, campaign:PLATFORM:ID or sku:SKU."),
    ] = "global",
    wait: Annotated[
        float, typer.Option("--wait", min=0, max=3600, help="Seconds to watch until all is confirmed.")
    ] = 120,
    config: Config = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Stop the ads now, also while the daemon is dead; exit code 1 until every pause is confirmed."""
    from leadboost import log
    from leadboost.domain.halt import Scope
    from leadboost.remote.panic import Stop, describe, halt

    log.configure("error", "auto")
    reason = reason.encode("utf-8", "replace").decode().strip()  # of a terminal in another encoding
    if not 0 < len(reason) <= 500:
        raise InputError("--reason", "takes 1 to 500 characters")
    stop = Stop(scope=Scope.parse(scope), reason=reason, wait_s=wait)
    settings = _faulty_settings(config, profile, data_dir)
    seen = halt(settings, stop, lambda text: print(text, file=sys.stderr, flush=True))
    print(seen.model_dump_json() if as_json else describe(seen))
    raise typer.Exit(0 if seen.state == "confirmed" and seen.connected else 1)


@app.command()
def resume(
    halt_id: Annotated[UUID, typer.Argument(help="Which halt.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.", show_default=False)],
    config: Config = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Approve the end of a halt; what it had paused runs again once enough persons have."""
    from leadboost.remote.panic import resume as approve

    done = approve(_settings(config, profile, data_dir), halt_id, reason)
    text = "resumed" if done["resumed"] else f"{done['approvals']} of {done['needed']} approvals"
    print(json.dumps(done) if as_json else text)


@app.command()
def version(as_json: AsJson = False) -> None:
    """Print the version."""
    from leadboost import __version__

    print(json.dumps({"version": __version__}) if as_json else __version__)


# -- files ----------------------------------------------------------------------------------------


@ingest.command("outcomes")
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

    settings = _settings(config, profile, data_dir)
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
    report = _with_daemon(
        settings,
        lambda remote, progress: send(remote, file, options, fallback=settings.data_dir, progress=progress),
        as_json=as_json,
    )
    _show_report(report, "learned", "unchanged", as_json=as_json)


@ingest.command("signals")
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

    settings = _settings(config, profile, data_dir)
    stated, source = stated_columns(maps or ()), platform_name(platform)
    report = _with_daemon(
        settings,
        lambda remote, progress: send(
            remote, file, stated, source, fallback=settings.data_dir, progress=progress
        ),
        as_json=as_json,
    )
    _show_report(report, "accepted", "duplicates", as_json=as_json)


@ingest.command("stock")
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

    settings = _settings(config, profile, data_dir)
    stated = stated_columns(maps or ())
    report = _with_daemon(
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


# -- questions ------------------------------------------------------------------------------------


@app.command()
def predict(
    text: Annotated[str, typer.Argument(help="What the campaign says.", show_default=False)],
    spend: Annotated[
        str, typer.Option("--spend", help="Planned spend in the base currency.", show_default=False)
    ],
    platform: Annotated[str | None, typer.Option("--platform", help="Where it would run.")] = None,
    attributes: Annotated[list[str] | None, typer.Option("--attribute", metavar="NAME=VALUE")] = None,
    config: Config = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Forecast the return of a planned spend."""
    from leadboost.remote.forecast import describe, forecast, question

    body = question(text, spend, platform, attributes or [])
    settings = _settings(config, profile, data_dir)
    answer = _with_daemon(settings, lambda remote, _: forecast(remote, body), as_json=as_json)
    print(answer.model_dump_json() if as_json else describe(answer))


@model.command("status")
def model_status(
    config: Config = None, profile: ProfileOption = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Say what the model has learned, how wrong it has been, and which versions are kept."""
    from leadboost.remote.model import describe, read_model

    settings = _settings(config, profile, data_dir)
    seen = _with_daemon(settings, lambda remote, _: read_model(remote), as_json=as_json)
    print(seen.model_dump_json() if as_json else describe(seen))


@model.command("rollback")
def model_rollback(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.", show_default=False)],
    version: Annotated[
        int | None, typer.Argument(help="Where to; default the last good version.", min=1)
    ] = None,
    config: Config = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Serve what an older version had learned; what was learned since is set aside."""
    from leadboost.remote.model import roll_back

    settings = _settings(config, profile, data_dir)
    done = _with_daemon(
        settings,
        lambda remote, _: roll_back(remote, version, reason),
        as_json=as_json,
        role=RoleName.approver,
    )
    print(done.model_dump_json() if as_json else f"version {done.version} restores it and is served now")


@token.command("create")
def token_create(
    role: Annotated[RoleName, typer.Option("--role", help="What the bearer may do.", show_default=False)],
    name: Annotated[str | None, typer.Option("--name", help="Who the bearer is; default the role.")] = None,
    ttl: Annotated[str | None, typer.Option("--ttl", help="Life, for example 3600, 12h or 30d.")] = None,
    config: Config = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Print a new access token alone; a running daemon on the same data folder accepts it at once."""
    from leadboost.remote.tokens import issue_token

    issued = issue_token(_faulty_settings(config, profile, data_dir), role.value, name, ttl)
    print(json.dumps(issued) if as_json else issued["token"])


# -- pieces ---------------------------------------------------------------------------------------


def _settings(config: Path | None, profile: Profile | None, data_dir: str | None) -> "Settings":
    from leadboost.config import load_settings

    return load_settings(config, profile, {"data_dir": data_dir})


def _faulty_settings(config: Path | None, profile: Profile | None, data_dir: str | None) -> "Settings":
    """For commands that need the data folder alone: faults are told, as a daemon in safe mode does."""
    from leadboost.config import read_settings

    settings, problems = read_settings(config, profile, {"data_dir": data_dir})
    if faults := of_options(problems):
        raise ConfigError(faults)
    for problem in problems:
        print(f"warning: {problem}", file=sys.stderr)
    return settings


def _with_daemon(
    settings: "Settings",
    work: Callable[["Remote", "Progress"], Awaitable[T]],
    *,
    as_json: bool,
    role: RoleName = RoleName.operator,
) -> T:
    """Do ``work`` through the running daemon, else through one that lives as long as the work."""
    from leadboost import log
    from leadboost.clock import SystemClock
    from leadboost.console.auth import Role
    from leadboost.folder import DataFolder
    from leadboost.remote.progress import shown_progress
    from leadboost.remote.session import through_daemon

    log.configure("warning", "auto")
    folder, clock = DataFolder(settings.data_dir), SystemClock()
    with shown_progress(quiet=as_json) as progress:
        done = through_daemon(
            folder,
            clock,
            lambda: _own_daemon(settings),
            lambda remote: work(remote, progress),
            role=Role.parse(role.value),
        )
        try:
            return asyncio.run(done)
        except (EOFError, zlib.error):
            raise InputError("file", "is damaged: its compressed data ends early or does not fit") from None


def _own_daemon(settings: "Settings") -> AbstractAsyncContextManager[str]:
    from leadboost.app import Daemon

    http = settings.http.model_copy(update={"host": "127.0.0.1", "port": 0})
    return Daemon(settings.model_copy(update={"http": http})).started()
