"""Commands that stop the ads and let them go again."""

import json
import sys
from typing import Annotated
from uuid import UUID

import typer

from leadboost.cli.options import AsJson, Config, DataDir, ProfileOption, faulty_settings, settings_of
from leadboost.errors import InputError

app = typer.Typer()


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
    settings = faulty_settings(config, profile, data_dir)
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

    done = approve(settings_of(config, profile, data_dir), halt_id, reason)
    text = "resumed" if done["resumed"] else f"{done['approvals']} of {done['needed']} approvals"
    print(json.dumps(done) if as_json else text)
