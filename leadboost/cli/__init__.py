"""Commands: arguments in, exit code out (0 ok, 1 failed, 2 usage).

Whatever reads or writes data goes through the HTTP API: of the daemon that runs on the data folder, or
of one started in this process for as long as the command takes. Heavy modules are imported by the
command that needs them.
"""

import sys
from collections.abc import Sequence
from typing import Any

import typer

from leadboost.cli import access, halting, hearing, ingest, learning, life, ruling
from leadboost.errors import LeadBoostError
from leadboost.remote.faults import report_failure

__all__ = ["main"]

_UsageError: Any = typer.BadParameter.__mro__[1]  # of the click that typer brings along

app = typer.Typer(
    name="leadboost",
    help="Growth on autopilot that cannot oversell, cannot spend twice, and can always be stopped.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (life, halting, hearing, learning):
    app.add_typer(commands.app)
app.add_typer(ingest.app, name="ingest")
app.add_typer(access.app, name="token")
app.add_typer(learning.model, name="model")
app.add_typer(ruling.rules, name="rules")


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
