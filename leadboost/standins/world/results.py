"""What the campaigns earned: a past that is known at once, then further days as they are closed."""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta

from leadboost.clock import Clock, Rng
from leadboost.standins.world.api import Api
from leadboost.standins.world.catalogue import CAMPAIGNS, ELSEWHERE, DemoCampaign
from leadboost.standins.world.chance import bell

FIRST_DAY = date(2024, 6, 1)
FIRST_DAYS = 90
CLOSED_ONE_BY_ONE = 720
BATCH_DAYS = 20
BATCH_PAUSE_S = 1.0
DAY_S = 30.0
NO_NEW_DAY_S = 600.0
_BASKET = {"meta_ads": 52.0, "google_ads": 61.0, "tiktok_ads": 38.0}
_PER_CLICK = 0.35
_CLICKED = 0.014

Pause = Callable[[float], Awaitable[object]]


class Results:
    """Posts outcomes. A day's figures depend on the seed and the day alone, so a restart that posts them
    again changes nothing."""

    def __init__(self, api: Api, *, clock: Clock, rng: Rng, pause: Pause) -> None:
        self._api = api
        self._clock = clock
        self._rng = rng
        self._pause = pause

    async def run(self) -> None:
        """Post the past in parts, then one day every half minute until yesterday, and go on.

        Days that are known from an earlier start are passed by quickly. Raises ApiError.
        """
        day, new = FIRST_DAY, False
        while True:
            last = self._yesterday()
            if day > last:
                await self._pause(NO_NEW_DAY_S)
                continue
            days = 1 if new and day > self._past_until(last) else BATCH_DAYS
            end = min(day + timedelta(days=days - 1), last)
            answer = await self._api.post("/api/outcomes", self.outcomes(day, end))
            day, new = end + timedelta(days=1), bool(answer.get("accepted"))
            if new:
                await self._pause(BATCH_PAUSE_S if day <= self._past_until(last) else DAY_S)

    def _past_until(self, last: date) -> date:
        """The last of the days that are known at once."""
        return max(last - timedelta(days=CLOSED_ONE_BY_ONE), FIRST_DAY + timedelta(days=FIRST_DAYS))

    def outcomes(self, first: date, last: date) -> Sequence[Mapping[str, object]]:
        """All campaigns' outcomes from ``first`` to ``last``, as the API takes them."""
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return [self._outcome(campaign, day) for day in days for campaign in (*CAMPAIGNS, *ELSEWHERE)]

    def _outcome(self, campaign: DemoCampaign, day: date) -> Mapping[str, object]:
        rng = self._rng.fork(f"{campaign.id}/{day}")
        spend = campaign.daily_budget * rng.uniform(0.7, 1.02)
        summer = 0.25 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 200) / 365)
        weekend = 0.12 if day.weekday() >= 5 else 0.0
        revenue = spend * math.exp(campaign.pull + summer + weekend + 0.3 * bell(rng))
        clicks = round(spend / (_PER_CLICK * rng.uniform(0.7, 1.4)))
        return {
            "external_id": f"demo-{campaign.id}-{day}",
            "platform": campaign.platform,
            "date": day.isoformat(),
            "spend": f"{spend:.2f}",
            "revenue": f"{revenue:.2f}",
            "clicks": clicks,
            "impressions": round(clicks / _CLICKED),
            "conversions": round(revenue / _BASKET[campaign.platform]),
            "attributes": {
                "campaign": campaign.name,
                "campaign_id": campaign.id,
                "audience": campaign.audience,
                "format": campaign.format,
                "text": campaign.text,
            },
        }

    def _yesterday(self) -> date:
        return self._clock.now().date() - timedelta(days=1)
