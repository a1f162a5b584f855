"""The three ad platforms: for each its stand-in, and how the connector is made for it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from leadboost.adapters.platforms import ConnectedPlatform
from leadboost.clock import Rng, SystemClock
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.google_ads import GoogleAds, GoogleAdsAccess, GoogleLogin
from leadboost.connectors.meta_ads import MetaAds
from leadboost.connectors.tiktok_ads import TikTokAds
from leadboost.domain.campaign import Campaign
from leadboost.standins.ads import AdServer, StandInCampaign
from leadboost.standins.google_ads import GoogleAdsServer
from leadboost.standins.meta_ads import MetaAdsServer
from leadboost.standins.tiktok_ads import TikTokAdsServer

TOKEN = "EAAB-demo-token"
CheckSpend = Callable[[Campaign, str], None]


def web_client(**given: Any) -> WebClient:
    policy = ClientPolicy(user_agent="LeadBoost/test", gap_s=0.0, connections_per_host=1)
    guard = EgressGuard(allow_hosts=["127.0.0.1"])
    settings: dict[str, Any] = {"guard": guard, "clock": SystemClock(), "rng": Rng(2)}
    return WebClient(policy, **(settings | given))


@dataclass(frozen=True, slots=True)
class Case:
    """One platform. ``make`` connects to an address with a token, and what else a test replaces."""

    name: str
    server: Callable[..., AdServer]
    account: str
    first: str
    second: str
    setting: str
    hindered: str
    make: Callable[..., ConnectedPlatform]

    def open_server(self) -> AdServer:
        campaigns = [
            StandInCampaign(id=self.first, name="DEMO fans", daily_budget=5_000),
            StandInCampaign(id=self.second, name="DEMO lamps", status="PAUSED", daily_budget=None),
        ]
        return self.server(token=TOKEN, account_id=self.account, campaigns=campaigns, rng=Rng(1))


def _meta(client: WebClient, url: str, token: str, check_spend: CheckSpend, **given: Any) -> MetaAds:
    settings: dict[str, Any] = {
        "version": "v26.0",
        "account_id": META.account,
        "clock": SystemClock(),
        "timeout_s": 5.0,
    }
    return MetaAds(
        client=client, base_url=url, access_token=token, check_spend=check_spend, **(settings | given)
    )


def google_access(client: WebClient, url: str, token: str, **given: Any) -> GoogleAdsAccess:
    login = GoogleLogin(
        client_id="demo-client",
        client_secret="demo-secret",
        refresh_token=token,
        manager=given.pop("manager", None),
    )
    settings: dict[str, Any] = {"version": "v26", "clock": SystemClock(), "timeout_s": 5.0}
    return GoogleAdsAccess(
        client=client, base_url=url, token_url=f"{url}/token", login=login, **(settings | given)
    )


def _google(client: WebClient, url: str, token: str, check_spend: CheckSpend, **given: Any) -> GoogleAds:
    access = google_access(client, url, token, **given)
    return GoogleAds(access=access, account_id=GOOGLE.account, check_spend=check_spend)


def _tiktok(client: WebClient, url: str, token: str, check_spend: CheckSpend, **given: Any) -> TikTokAds:
    settings: dict[str, Any] = {
        "version": "v1.3",
        "account_id": TIKTOK.account,
        "clock": SystemClock(),
        "timeout_s": 5.0,
    }
    return TikTokAds(
        client=client, base_url=url, access_token=token, check_spend=check_spend, **(settings | given)
    )


META = Case(
    "meta_ads",
    MetaAdsServer,
    "120000000000001",
    "120210000000000001",
    "120210000000000002",
    "access_token",
    "WITH_ISSUES",
    _meta,
)
GOOGLE = Case(
    "google_ads",
    GoogleAdsServer,
    "1234567890",
    "21000000001",
    "21000000002",
    "refresh_token",
    "LIMITED",
    _google,
)
TIKTOK = Case(
    "tiktok_ads",
    partial(TikTokAdsServer, calls_per_s=1_000_000),
    "7001",
    "1780000000000001",
    "1780000000000002",
    "access_token",
    "BUDGET_EXCEED",
    _tiktok,
)
CASES = (META, GOOGLE, TIKTOK)
