"""Other systems of one's own that send signals."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from leadboost.domain.webhook import read_secret
from leadboost.settings.connectors.section import WATCH_NAME, SourceSection, needs
from leadboost.settings.section import Section, refuse_twins


def _readable(secret: SecretStr) -> SecretStr:
    read_secret(secret.get_secret_value())
    return secret


class PushSenderSettings(Section):
    """One sender and its secrets."""

    name: str = Field(
        pattern=WATCH_NAME, description="a lower-case name of letters, digits, - and _, for example crm"
    )
    secrets: tuple[Annotated[SecretStr, AfterValidator(_readable)], ...] = Field(
        min_length=1,
        max_length=2,
        description="a list of 1 or 2 secrets, whsec_ and base64 of 24 to 64 bytes",
    )


class PushSettings(SourceSection):
    """Signals by signed webhook."""

    senders: tuple[PushSenderSettings, ...] = Field(
        (), description="a list of tables of name and secrets, each name once"
    )
    enabled: bool = Field(False, description="true or false; true needs senders")

    @field_validator("senders")
    @classmethod
    def _unique(cls, senders: tuple[PushSenderSettings, ...]) -> tuple[PushSenderSettings, ...]:
        refuse_twins("name", [sender.name for sender in senders])
        return senders

    @field_validator("enabled")
    @classmethod
    def _has_senders(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "senders")

    def source_names(self) -> list[str]:
        return [f"push.{sender.name}" for sender in self.senders]

    def keys(self) -> dict[str, list[bytes]]:
        """The live secrets by sender; none while it is not enabled."""
        if not self.enabled:
            return {}
        return {
            sender.name: [read_secret(secret.get_secret_value()) for secret in sender.secrets]
            for sender in self.senders
        }
