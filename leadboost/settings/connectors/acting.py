"""Ad platforms."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from leadboost.settings.connectors.section import BASE, BASE_ALLOWED, Key, WebBase, needs
from leadboost.settings.section import Seconds, Section


def _bare_account(value: object) -> object:
    return value.removeprefix("act_") if isinstance(value, str) else value


class MetaAdsSettings(Section):
    """One ad account of Meta."""

    base_url: WebBase = Field("https://graph.facebook.com", pattern=BASE, description=BASE_ALLOWED)
    version: str = Field("v26.0", pattern=r"^v\d{1,3}\.\d$", description="a version such as v26.0")
    access_token: Key = Field(
        None, max_length=1_000, description="a token of visible ASCII characters with ads_management"
    )
    app_secret: SecretStr | None = Field(
        None, max_length=200, description="the secret of the app, where it demands appsecret_proof"
    )
    account_id: Annotated[str, BeforeValidator(_bare_account)] | None = Field(
        None, pattern=r"^[0-9]{1,25}$", description="the ad account's number, with or without act_"
    )
    timeout_s: Seconds = Field(10, ge=1, le=60, description="a number of seconds from 1 to 60")

    enabled: bool = Field(False, description="true or false; true needs access_token and account_id")

    @field_validator("enabled")
    @classmethod
    def _has_account(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "access_token", "account_id")
