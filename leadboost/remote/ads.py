"""Whether the ad accounts can be reached from here, and who we are there."""

from leadboost.adapters.platforms import make_ads_client, make_platforms
from leadboost.clock import Clock, Rng
from leadboost.connectors.meta_ads import MetaAds
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


async def _state(platform: MetaAds) -> str:
    try:
        account = await platform.read_account()
    except AdPlatformError as error:
        return error.reason
    return f"ok, {account.name} (act_{account.id}, {account.currency or 'no currency'})"


def _refuse(_campaign: Campaign, _account_id: str) -> None:
    raise GateClosedError("a check changes nothing", halted=False)
