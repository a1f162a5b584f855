"""A folder into which other programs put files of signals."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from leadboost.settings.connectors.section import SourceSection, needs
from leadboost.settings.section import Seconds, absolute_path


class DropSettings(SourceSection):
    """Signals by file."""

    folder: Annotated[Path, AfterValidator(absolute_path)] | None = Field(
        None, description="a folder that LeadBoost may write to"
    )
    min_interval_s: Seconds = Field(10, ge=1, le=86_400, description="a number of seconds from 1 to 86400")
    enabled: bool = Field(False, description="true or false; true needs folder")

    @field_validator("enabled")
    @classmethod
    def _has_folder(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "folder")

    def source_names(self) -> list[str]:
        return ["drop.files"]
