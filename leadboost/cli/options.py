"""Options that many commands take, and the settings that follow from them."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadboost.errors import ConfigError
from leadboost.remote.faults import of_options

if TYPE_CHECKING:
    from leadboost.config import Settings


class Profile(StrEnum):
    """Where LeadBoost runs."""

    production = "production"
    demo = "demo"
    test = "test"


Config = Annotated[Path | None, typer.Option("--config", help="TOML file; default config/leadboost.toml.")]
ProfileOption = Annotated[Profile | None, typer.Option("--profile", help="production, demo or test.")]
DataDir = Annotated[str | None, typer.Option("--data-dir", help="Folder for data; default var.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON on standard output.")]


def settings_of(config: Path | None, profile: Profile | None, data_dir: str | None) -> "Settings":
    """Raises ConfigError where there is any fault."""
    from leadboost.config import load_settings

    return load_settings(config, profile, {"data_dir": data_dir})


def faulty_settings(config: Path | None, profile: Profile | None, data_dir: str | None) -> "Settings":
    """For commands that need the data folder alone: faults are told, as a daemon in safe mode does."""
    from leadboost.config import read_settings

    settings, problems = read_settings(config, profile, {"data_dir": data_dir})
    if faults := of_options(problems):
        raise ConfigError(faults)
    for problem in problems:
        print(f"warning: {problem}", file=sys.stderr)
    return settings
