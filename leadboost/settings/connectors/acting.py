"""Ad platforms."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from leadboost.settings.connectors.section import BASE, BASE_ALLOWED, Key, WebBase, needs
from leadboost.settings.section import Seconds, Section


def _bare_account(value: object) -> object:
    return value.removeprefix("act_") if isinstance(value, str) else value


def _without_dashes(value: object) -> object:
    return value.replace("-", "") if isinstance(value, str) else value


Customer = Annotated[str, BeforeValidator(_without_dashes)]
_CUSTOMER = r"^[0-9]{10}$"
_TIMEOUT = "a number of seconds from 1 to 60"


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
    timeout_s: Seconds = Field(10, ge=1, le=60, description=_TIMEOUT)

    enabled: bool = Field(False, description="true or false; true needs access_token and account_id")

    @field_validator("enabled")
    @classmethod
    def _has_account(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "access_token", "account_id")


class GoogleAdsSettings(Section):
    """One account of Google Ads."""

    base_url: WebBase = Field("https://googleads.googleapis.com", pattern=BASE, description=BASE_ALLOWED)
    token_url: WebBase = Field("https://oauth2.googleapis.com/token", pattern=BASE, description=BASE_ALLOWED)
    version: str = Field("v26", pattern=r"^v\d{1,3}$", description="a version such as v26")
    client_id: str | None = Field(
        None, pattern=r"^[!-~]{1,200}$", description="the id of the OAuth client in the Cloud project"
    )
    client_secret: Key = Field(None, max_length=200, description="the secret of that client")
    refresh_token: Key = Field(
        None, max_length=1_000, description="the token of a user's login with the scope adwords"
    )
    developer_token: Key = Field(None, max_length=100, description="a developer token")
    login_customer_id: Customer | None = Field(
        None, pattern=_CUSTOMER, description="the manager account's ten digits, with or without dashes"
    )
    account_id: Customer | None = Field(
        None, pattern=_CUSTOMER, description="the ad account's ten digits, with or without dashes"
    )
    timeout_s: Seconds = Field(10, ge=1, le=60, description=_TIMEOUT)

    enabled: bool = Field(
        False,
        description="true or false; true needs client_id, client_secret, refresh_token and account_id",
    )

    @field_validator("enabled")
    @classmethod
    def _has_account(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "client_id", "client_secret", "refresh_token", "account_id")


class TikTokAdsSettings(Section):
    """One advertiser of TikTok."""

    base_url: WebBase = Field("https://business-api.tiktok.com", pattern=BASE, description=BASE_ALLOWED)
    version: str = Field("v1.3", pattern=r"^v\d{1,2}\.\d$", description="a version such as v1.3")
    access_token: Key = Field(
        None, max_length=1_000, description="a token of visible ASCII characters of the advertiser's consent"
    )
    account_id: str | None = Field(None, pattern=r"^[0-9]{1,25}$", description="the advertiser's number")
    timeout_s: Seconds = Field(10, ge=1, le=60, description=_TIMEOUT)

    enabled: bool = Field(False, description="true or false; true needs access_token and account_id")

    @field_validator("enabled")
    @classmethod
    def _has_account(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "access_token", "account_id")
