"""TikTok: the Display API for accounts of one's own, and the research API for holders of its licence."""

from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from leadboost.settings.connectors.section import (
    BASE,
    BASE_ALLOWED,
    WATCH_NAME,
    Key,
    SourceSection,
    WebBase,
    needs,
)
from leadboost.settings.section import Count, Seconds, Section, refuse_twins

_KEY = r"^[!-~]{1,100}$"


class TikTokAccountSettings(Section):
    """An account that has logged in to the app."""

    name: str = Field(
        pattern=WATCH_NAME, description="a lower-case name of letters, digits, - and _, for example shop"
    )
    refresh_token: Key = Field(None, max_length=2_000, description="the token of the account's last login")

    @field_validator("refresh_token")
    @classmethod
    def _is_there(cls, token: SecretStr | None) -> SecretStr:
        if token is None:
            raise ValueError("is missing: an account is read with its login alone")
        return token


class TikTokSettings(SourceSection):
    """TikTok's Display API."""

    base_url: WebBase = Field("https://open.tiktokapis.com", pattern=BASE, description=BASE_ALLOWED)
    client_key: str | None = Field(None, pattern=_KEY, description="the key of the reviewed app")
    client_secret: Key = Field(None, max_length=200, description="the secret of that app")
    min_interval_s: Seconds = Field(900, ge=60, le=86_400, description="a number of seconds from 60 to 86400")
    overlap_s: Seconds = Field(
        86_400, ge=0, le=604_800, description="a number of seconds from 0 to 604800 before it"
    )
    timeout_s: Seconds = Field(20, ge=1, le=300, description="a number of seconds from 1 to 300")
    accounts: tuple[TikTokAccountSettings, ...] = Field(
        (), description="a list of tables of name and refresh_token, each name once"
    )
    enabled: bool = Field(
        False, description="true or false; true needs client_key, client_secret and accounts"
    )

    @field_validator("accounts")
    @classmethod
    def _unique(cls, accounts: tuple[TikTokAccountSettings, ...]) -> tuple[TikTokAccountSettings, ...]:
        refuse_twins("name", [account.name for account in accounts])
        return accounts

    @field_validator("enabled")
    @classmethod
    def _has_app(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "client_key", "client_secret", "accounts")

    def source_names(self) -> list[str]:
        return [f"tiktok.{account.name}" for account in self.accounts]


class TikTokSearchSettings(Section):
    """One search for public videos."""

    name: str = Field(
        pattern=WATCH_NAME, description="a lower-case name of letters, digits, - and _, for example mate"
    )
    keywords: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = Field(
        min_length=1, max_length=20, description="a list of 1 to 20 words, of which a video holds one"
    )
    regions: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = Field(
        (), max_length=50, description="a list of at most 50 countries such as AR"
    )


class TikTokResearchSettings(SourceSection):
    """TikTok's research API."""

    base_url: WebBase = Field("https://open.tiktokapis.com", pattern=BASE, description=BASE_ALLOWED)
    client_key: str | None = Field(None, pattern=_KEY, description="the key of the approved client")
    client_secret: Key = Field(None, max_length=200, description="the secret of that client")
    licence_confirmed: bool = Field(False, description="true or false")
    daily_calls: Count = Field(
        1_000, ge=1, le=1_000_000, description="a number of calls from 1 to 1000000 in each day, UTC"
    )
    lookback_days: Count = Field(7, ge=1, le=29, description="a number of days from 1 to 29")
    overlap_days: Count = Field(2, ge=0, le=28, description="a number of days from 0 to 28 before it")
    min_interval_s: Seconds = Field(
        3_600, ge=60, le=86_400, description="a number of seconds from 60 to 86400"
    )
    timeout_s: Seconds = Field(30, ge=1, le=300, description="a number of seconds from 1 to 300")
    searches: tuple[TikTokSearchSettings, ...] = Field(
        (), description="a list of tables of name, keywords and regions, each name once"
    )
    enabled: bool = Field(
        False,
        description="true or false; true needs client_key, client_secret, licence_confirmed and searches",
    )

    @field_validator("searches")
    @classmethod
    def _unique(cls, searches: tuple[TikTokSearchSettings, ...]) -> tuple[TikTokSearchSettings, ...]:
        refuse_twins("name", [search.name for search in searches])
        return searches

    @field_validator("enabled")
    @classmethod
    def _has_licence(cls, enabled: bool, info: ValidationInfo) -> bool:
        if enabled and not info.data.get("licence_confirmed", True):
            raise ValueError(
                "needs licence_confirmed: TikTok gives this API to non-commercial researchers that it has"
                " approved, and selling with its data breaks its terms; a shop uses [connectors.tiktok]"
            )
        return needs(enabled, info, "client_key", "client_secret", "searches")

    def source_names(self) -> list[str]:
        return [f"tiktok_research.{search.name}" for search in self.searches]
