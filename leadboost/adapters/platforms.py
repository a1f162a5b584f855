"""Connectors of ad platforms, from the settings; for the daemon and for commands that do without it."""

from collections.abc import Callable, Sequence

from leadboost import __version__
from leadboost.clock import Clock, Rng
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.meta_ads import MetaAds
from leadboost.domain.campaign import Campaign
from leadboost.settings.connectors import ConnectorsSettings

CONNECTIONS = 8


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
    connectors: ConnectorsSettings,
    *,
    client: WebClient,
    clock: Clock,
    check_spend: Callable[[Campaign, str], None],
) -> Sequence[MetaAds]:
    """Every ad platform that is enabled. ``check_spend`` is the gate's ``check``."""
    meta = connectors.meta_ads
    if not meta.enabled or meta.access_token is None or meta.account_id is None:
        return []
    return [
        MetaAds(
            client=client,
            base_url=meta.base_url,
            version=meta.version,
            access_token=meta.access_token.get_secret_value(),
            app_secret=None if meta.app_secret is None else meta.app_secret.get_secret_value(),
            account_id=meta.account_id,
            clock=clock,
            check_spend=check_spend,
            timeout_s=meta.timeout_s,
        )
    ]
