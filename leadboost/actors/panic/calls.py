"""Calls to ad platforms; each ends in a private message, whatever becomes of it."""

import asyncio
from collections.abc import Callable

from leadboost.actors.panic.told import Listed, Looked, Paused, Read
from leadboost.clock import Rng
from leadboost.domain.campaign import Campaign
from leadboost.errors import AdPlatformError
from leadboost.ports import AdPlatform
from leadboost.runtime.retry import retrying

LOOK_WITHIN_S = 1.0
TRIES, FIRST_WAIT_S, LONGEST_WAIT_S = 5, 0.2, 10.0


async def look(platform: AdPlatform, campaign: Campaign) -> Looked:
    """Read what it is before it is paused, if the platform says so quickly: no pause waits long for that."""
    try:
        async with asyncio.timeout(LOOK_WITHIN_S):
            return Looked(campaign=campaign, before=(await read_back(platform, campaign)).found)
    except TimeoutError:
        return Looked(campaign=campaign, before=None)


async def pause(platform: AdPlatform, campaign: Campaign, rng: Rng, is_wanted: Callable[[], bool]) -> Paused:
    """Set PAUSED, up to five times, for as long as a halt wants it."""
    attempts = 0
    error: AdPlatformError | None = None
    loop = retrying(
        rng,
        attempts=TRIES,
        first_s=FIRST_WAIT_S,
        longest_s=LONGEST_WAIT_S,
        may_retry=lambda failure: getattr(failure, "kind", "") in ("unknown", "busy"),
        asked_s=lambda failure: getattr(failure, "retry_after_s", None),
    )
    try:
        async for attempt in loop:
            if not is_wanted():
                break
            with attempt:
                attempts += 1
                await platform.pause(campaign.campaign_id)
    except AdPlatformError as failure:
        error = failure
    return Paused(campaign=campaign, attempts=attempts, error=error)


async def no_connection(campaign: Campaign) -> Paused:
    """Nobody here can pause it."""
    reason = f"no connection to {campaign.platform}: pause it there by hand"
    error = AdPlatformError(campaign.platform, "refused", reason)
    return Paused(campaign=campaign, attempts=0, error=error)


async def read_back(platform: AdPlatform, campaign: Campaign) -> Read:
    """Read the campaign by a call of its own."""
    try:
        return Read(campaign=campaign, found=await platform.read_campaign(campaign.campaign_id))
    except AdPlatformError as error:
        return Read(campaign=campaign, error=error)


async def list_account(platform: AdPlatform, asked_at: float) -> Listed:
    """List the whole account."""
    try:
        campaigns = await platform.list_campaigns()
    except AdPlatformError as error:
        return Listed(platform=platform.name, asked_at=asked_at, error=error)
    return Listed(platform=platform.name, asked_at=asked_at, campaigns=campaigns)
