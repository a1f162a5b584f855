"""Connectors of ad platforms, from the settings; for the daemon and for commands that do without it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from pydantic import SecretStr

from leadboost import __version__
from leadboost.clock import Clock, Rng
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.google_ads import GoogleAds, GoogleAdsAccess, GoogleLogin
from leadboost.connectors.meta_ads import MetaAds
from leadboost.connectors.tiktok_ads import TikTokAds
from leadboost.domain.campaign import AdAccount, Campaign
from leadboost.ports import AdBudgets, AdPlatform, AdReports
from leadboost.settings.connectors import ConnectorsSettings
from leadboost.settings.connectors.acting import GoogleAdsSettings, MetaAdsSettings, TikTokAdsSettings

CONNECTIONS = 8

CheckSpend = Callable[[Campaign, str], None]


class ConnectedPlatform(AdPlatform, AdBudgets, AdReports, Protocol):
    """What a connection can be checked by, beyond what acts."""

    async def read_account(self) -> AdAccount:
        """Who we connect as. Raises AdPlatformError."""
        ...

    async def rehearse_pause(self, campaign_id: str, /) -> bool:
        """Ask whether a pause would be taken, without any effect; False where the platform knows no
        rehearsals. Raises AdPlatformError."""
        ...


def make_ads_client(connectors: ConnectorsSettings, *, clock: Clock, rng: Rng) -> WebClient:
    """The client of all ad platforms: it keeps no gap, since their limits count calls and not their pace.

    Whoever makes it closes it.
    """
    contact = f" (+{connectors.contact})" if connectors.contact else ""
    return WebClient(
        ClientPolicy(
            user_agent=f"LeadBoost/{__version__}{contact}", gap_s=0.0, connections_per_host=CONNECTIONS
        ),
        guard=EgressGuard(allow_hosts=connectors.allow_hosts),
        clock=clock,
        rng=rng,
    )


def make_platforms(
    connectors: ConnectorsSettings, *, client: WebClient, clock: Clock, check_spend: CheckSpend
) -> Sequence[ConnectedPlatform]:
    """Every ad platform that is enabled. ``check_spend`` is the gate's ``check``."""
    made = (
        _meta(connectors.meta_ads, client, clock, check_spend),
        _google(connectors.google_ads, client, clock, check_spend),
        _tiktok(connectors.tiktok_ads, client, clock, check_spend),
    )
    return [platform for platform in made if platform is not None]


def _meta(meta: MetaAdsSettings, client: WebClient, clock: Clock, check_spend: CheckSpend) -> MetaAds | None:
    if not meta.enabled or meta.access_token is None or meta.account_id is None:
        return None
    return MetaAds(
        client=client,
        base_url=meta.base_url,
        version=meta.version,
        access_token=meta.access_token.get_secret_value(),
        app_secret=_text(meta.app_secret),
        account_id=meta.account_id,
        clock=clock,
        check_spend=check_spend,
        timeout_s=meta.timeout_s,
    )


def _google(
    google: GoogleAdsSettings, client: WebClient, clock: Clock, check_spend: CheckSpend
) -> GoogleAds | None:
    secret, token = _text(google.client_secret), _text(google.refresh_token)
    if not google.enabled or not (google.client_id and secret and token and google.account_id):
        return None
    login = GoogleLogin(
        client_id=google.client_id,
        client_secret=secret,
        refresh_token=token,
        manager=google.login_customer_id,
        developer_token=_text(google.developer_token),
    )
    access = GoogleAdsAccess(
        client=client,
        base_url=google.base_url,
        token_url=google.token_url,
        version=google.version,
        login=login,
        clock=clock,
        timeout_s=google.timeout_s,
    )
    return GoogleAds(access=access, account_id=google.account_id, check_spend=check_spend)


def _tiktok(
    tiktok: TikTokAdsSettings, client: WebClient, clock: Clock, check_spend: CheckSpend
) -> TikTokAds | None:
    if not tiktok.enabled or tiktok.access_token is None or tiktok.account_id is None:
        return None
    return TikTokAds(
        client=client,
        base_url=tiktok.base_url,
        version=tiktok.version,
        access_token=tiktok.access_token.get_secret_value(),
        account_id=tiktok.account_id,
        clock=clock,
        check_spend=check_spend,
        timeout_s=tiktok.timeout_s,
    )


def _text(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
