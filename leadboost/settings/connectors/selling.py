"""Shops that sell by themselves."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from leadboost.settings.connectors.section import needs
from leadboost.settings.section import Section


def _long(secret: SecretStr) -> SecretStr:
    if not 8 <= len(secret.get_secret_value()) <= 256:
        raise ValueError("must have 8 to 256 characters")
    return secret


class ShopSettings(Section):
    """A shop whose own checkout tells of its orders."""

    webhook_secrets: tuple[Annotated[SecretStr, AfterValidator(_long)], ...] = Field(
        (), max_length=2, description="a list of 1 or 2 secrets of 8 to 256 characters"
    )
    enabled: bool = Field(False, description="true or false; true needs webhook_secrets")

    @field_validator("enabled")
    @classmethod
    def _has_secrets(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "webhook_secrets")

    def keys(self) -> list[bytes]:
        """The live secrets; none while it is not enabled."""
        return [each.get_secret_value().encode() for each in self.webhook_secrets] if self.enabled else []
