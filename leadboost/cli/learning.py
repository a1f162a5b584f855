"""Commands about what was learned."""

from typing import Annotated

import typer

from leadboost.cli.options import AsJson, Config, DataDir, ProfileOption, settings_of
from leadboost.cli.running import with_daemon
from leadboost.domain.role import RoleName

app = typer.Typer()
model = typer.Typer(no_args_is_help=True, help="The ROI model.")


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
    settings = settings_of(config, profile, data_dir)
    answer = with_daemon(settings, lambda remote, _: forecast(remote, body), as_json=as_json)
    print(answer.model_dump_json() if as_json else describe(answer))


@model.command("status")
def model_status(
    config: Config = None, profile: ProfileOption = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Say what the model has learned, how wrong it has been, and which versions are kept."""
    from leadboost.remote.model import describe, read_model

    settings = settings_of(config, profile, data_dir)
    seen = with_daemon(settings, lambda remote, _: read_model(remote), as_json=as_json)
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

    settings = settings_of(config, profile, data_dir)
    done = with_daemon(
        settings,
        lambda remote, _: roll_back(remote, version, reason),
        as_json=as_json,
        role=RoleName.approver,
    )
    print(done.model_dump_json() if as_json else f"version {done.version} restores it and is served now")
