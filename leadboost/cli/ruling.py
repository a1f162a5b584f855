"""Commands about the rules by which ads stop."""

from typing import Annotated

import typer

from leadboost.cli.options import AsJson, Config, DataDir, ProfileOption, settings_of
from leadboost.cli.running import with_daemon

rules = typer.Typer(no_args_is_help=True, help="The rules by which ads stop.")


@rules.command()
def preview(
    config: Config = None, profile: ProfileOption = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Say what the rules in force would do now: what would fire, and what would be held back and why."""
    from leadboost.remote.rules import describe_preview, preview

    settings = settings_of(config, profile, data_dir)
    seen = with_daemon(settings, lambda remote, _: preview(remote), as_json=as_json)
    print(seen.model_dump_json() if as_json else describe_preview(seen))


@rules.command()
def replay(
    since: Annotated[str, typer.Option("--since", help="How many days back, such as 30d.")] = "30d",
    hold_days: Annotated[
        int, typer.Option("--hold-days", min=1, max=90, help="How many days a firing is taken to hold.")
    ] = 7,
    config: Config = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say what the rules in force would have done on the days that are over, and what it would have saved."""
    from leadboost.remote.rules import describe_replay, replay

    settings = settings_of(config, profile, data_dir)
    seen = with_daemon(settings, lambda remote, _: replay(remote, since, hold_days), as_json=as_json)
    print(seen.model_dump_json() if as_json else describe_replay(seen))
