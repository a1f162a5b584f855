"""Whether the ad accounts can be reached from here, and who we are there."""

from leadboost.adapters.platforms import ConnectedPlatform, make_ads_client, make_platforms
from leadboost.clock import Clock, Rng
from leadboost.domain.campaign import Campaign
from leadboost.errors import AdPlatformError, GateClosedError
from leadboost.settings.connectors import ConnectorsSettings


async def account_states(connectors: ConnectorsSettings, clock: Clock) -> dict[str, str]:
    """Read each enabled account once; each value is ``ok...`` with its name, or the fault."""
    client = make_ads_client(connectors, clock=clock, rng=Rng())
    try:
        platforms = make_platforms(connectors, client=client, clock=clock, check_spend=_refuse)
        return {platform.name: await _state(platform) for platform in platforms}
    finally:
        await client.close()


async def _state(platform: ConnectedPlatform) -> str:
    """Who we are there; where a pause can be rehearsed, whether one would be taken."""
    try:
        account = await platform.read_account()
        campaigns = await platform.list_campaigns()
        rehearsed = bool(campaigns) and await platform.rehearse_pause(campaigns[0].campaign.campaign_id)
    except AdPlatformError as error:
        return error.reason
    may = ", may pause" if rehearsed else ""
    return f"ok, {account.name} ({account.id}, {account.currency or 'no currency'}{may})"


def _refuse(_campaign: Campaign, _account_id: str) -> None:
    raise GateClosedError("a check changes nothing", halted=False)
