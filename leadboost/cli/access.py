"""Commands about who may come in."""

import json
from typing import Annotated

import typer

from leadboost.cli.options import AsJson, Config, DataDir, ProfileOption, faulty_settings
from leadboost.domain.role import RoleName

app = typer.Typer(no_args_is_help=True, help="Access tokens.")


@app.command("create")
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

    issued = issue_token(faulty_settings(config, profile, data_dir), role.value, name, ttl)
    print(json.dumps(issued) if as_json else issued["token"])
