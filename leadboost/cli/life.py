"""Commands about the daemon itself."""

import asyncio
import json
import sys
from typing import Annotated

import typer

from leadboost.cli.options import AsJson, Config, DataDir, ProfileOption, faulty_settings, settings_of
from leadboost.errors import ConfigError
from leadboost.remote.faults import of_options

app = typer.Typer()


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

    health = asyncio.run(read_health(faulty_settings(config, profile, data_dir).data_dir))
    print(json.dumps(health) if as_json else describe(health))
    raise typer.Exit(0 if health["ready"] else 1)


@app.command()
def migrate(
    config: Config = None, profile: ProfileOption = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Bring the database to this version."""
    from leadboost.remote.checks import migrate_database

    applied = asyncio.run(migrate_database(settings_of(config, profile, data_dir)))
    text = "\n".join(f"applied {name}" for name in applied) or "the database is up to date"
    print(json.dumps({"applied": list(applied)}) if as_json else text)


@app.command()
def version(as_json: AsJson = False) -> None:
    """Print the version."""
    from leadboost import __version__

    print(json.dumps({"version": __version__}) if as_json else __version__)
