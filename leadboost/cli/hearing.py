"""Commands about what was heard."""

from typing import Annotated

import typer

from leadboost.cli.options import AsJson, Config, DataDir, ProfileOption, settings_of
from leadboost.cli.running import with_daemon
from leadboost.domain.role import RoleName
from leadboost.errors import InputError

app = typer.Typer()


@app.command()
def erase(
    handle: Annotated[
        str | None, typer.Option("--handle", help="Whose signals: a name, or a pseudonym.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="In this source alone.")] = None,
    external_id: Annotated[
        str | None, typer.Option("--external-id", help="The one item of this id at --source.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count alone.")] = False,
    config: Config = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Erase what a person said, or one item, with all that was made of it; it is not heard again."""
    from leadboost.remote.erasure import describe
    from leadboost.remote.erasure import erase as send

    if (handle is None) == (external_id is None) or (handle is None and source is None):
        raise InputError("--handle", "must be given, or else --external-id with its --source; not both")
    settings = settings_of(config, profile, data_dir)
    wanted = {"handle": handle, "source": source, "external_id": external_id}
    done = with_daemon(
        settings,
        lambda remote, _: send(remote, wanted, dry_run=dry_run),
        as_json=as_json,
        role=RoleName.admin,
    )
    print(done.model_dump_json() if as_json else describe(done))
