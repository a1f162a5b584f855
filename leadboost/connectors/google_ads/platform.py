"""One account of Google Ads as an ad platform.

Reads are GAQL over ``googleAds:searchStream``, writes ``campaigns:mutate`` with partial failure. Only PAUSED
and ENABLED are ever sent: a campaign that is removed does not come back.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from leadboost.connectors.client import WebAnswer
from leadboost.connectors.client.acting import check_lower
from leadboost.connectors.client.campaigns import is_id
from leadboost.connectors.client.together import Together
from leadboost.connectors.google_ads.access import GoogleAdsAccess
from leadboost.connectors.google_ads.fault import PLATFORM
from leadboost.connectors.google_ads.parse import (
    read_account,
    read_budget,
    read_campaigns,
    read_mutated,
    read_results,
)
from leadboost.domain.ad_results import AdDay
from leadboost.domain.campaign import AdAccount, AdCampaign, Campaign
from leadboost.errors import AdPlatformError, LeadBoostError

LIST_S = 60.0
AT_ONCE = 1_000
SMALLEST_MICROS = 10_000  # budgets are whole hundredths
_CUSTOMER = "SELECT customer.id, customer.descriptive_name, customer.currency_code FROM customer"
_CAMPAIGNS = (
    "SELECT campaign.id, campaign.name, campaign.status, campaign.primary_status, "
    "campaign_budget.amount_micros, customer.currency_code FROM campaign WHERE "
)

_BUDGET = "SELECT campaign.id, campaign_budget.resource_name, campaign_budget.explicitly_shared FROM campaign"
_RESULTS = (
    "SELECT campaign.id, campaign.name, customer.currency_code, segments.date, metrics.cost_micros, "
    "metrics.conversions, metrics.conversions_value, metrics.clicks, metrics.impressions FROM campaign"
)

CheckSpend = Callable[[Campaign, str], None]


class GoogleAds:
    """The customer ``account_id`` (ten digits); see ``ports.AdPlatform``.

    ``check_spend`` is the gate's ``check``. Pauses that are asked for at once are one call, and so are
    reads; each campaign has its own result.
    """

    name = PLATFORM

    def __init__(self, *, access: GoogleAdsAccess, account_id: str, check_spend: CheckSpend) -> None:
        self.account_id = account_id
        self._access = access
        self._check_spend = check_spend
        self._pauses = Together[None](self._pause_all, limit=AT_ONCE, given_up=self._given_up)
        self._reads = Together[AdCampaign](self._read_all, limit=AT_ONCE, given_up=self._given_up)

    async def read_account(self) -> AdAccount:
        """Who we connect as. Raises AdPlatformError."""
        answer = await self._search(_CUSTOMER)
        return self._access.calls.read(read_account, answer)

    async def rehearse_pause(self, campaign_id: str, /) -> bool:
        """Ask whether a pause would be taken, without any effect; True. Raises AdPlatformError."""
        await self._mutate([self._checked(campaign_id)], "PAUSED", only_validate=True)
        return True

    async def list_campaigns(self) -> Sequence[AdCampaign]:
        """Every campaign that is not removed. Raises AdPlatformError."""
        try:
            async with asyncio.timeout(LIST_S):
                return await self._campaigns("campaign.status != 'REMOVED'")
        except TimeoutError:
            raise self._error("unknown", f"gave no complete list within {LIST_S:g} s") from None

    async def read_campaign(self, campaign_id: str) -> AdCampaign:
        """One campaign as it is now. Raises AdPlatformError."""
        return await self._reads.ask(self._checked(campaign_id))

    async def read_results(self, first: date, last: date) -> Sequence[AdDay]:
        """What each campaign spent and earned on each of these days. Raises AdPlatformError."""
        answer = await self._search(
            f"{_RESULTS} WHERE segments.date BETWEEN '{first.isoformat()}' AND '{last.isoformat()}'",
            priority=False,
        )
        return self._access.calls.read(read_results, answer)

    async def pause(self, campaign_id: str) -> None:
        """Set PAUSED at once. Raises AdPlatformError."""
        await self._pauses.ask(self._checked(campaign_id))

    async def lower_budget(self, campaign_id: str, micros: int) -> None:
        """Set the daily budget to at most ``micros``, unless that would raise it. Raises AdPlatformError."""
        present = await self.read_campaign(campaign_id)
        if not check_lower(self._access.calls, present, micros):
            return
        answer = await self._search(f"{_BUDGET} WHERE campaign.id IN ({campaign_id})")
        name, is_shared = self._access.calls.read(read_budget, answer)
        if is_shared:
            raise self._error("refused", "shares its budget with other campaigns: lower it by hand")
        amount = str(micros - micros % SMALLEST_MICROS)
        update = {"updateMask": "amount_micros", "update": {"resourceName": name, "amountMicros": amount}}
        path = f"customers/{self.account_id}/campaignBudgets:mutate"
        body = json.dumps({"operations": [update]}).encode()
        await self._access.post(path, body, priority=True)

    async def enable(self, campaign_id: str) -> None:
        """Set ENABLED unless the gate is closed. Raises AdPlatformError, GateClosedError."""
        campaign = Campaign(platform=PLATFORM, campaign_id=self._checked(campaign_id))

        def check() -> None:
            self._check_spend(campaign, self.account_id)

        check()
        (failure,) = (await self._mutate([campaign_id], "ENABLED", check=check)).values()
        if failure is not None:
            raise failure

    # -- requests ---------------------------------------------------------------------------------

    async def _pause_all(self, ids: Sequence[str]) -> Mapping[str, AdPlatformError | None]:
        return await self._mutate(ids, "PAUSED")

    async def _read_all(self, ids: Sequence[str]) -> Mapping[str, AdCampaign | LeadBoostError]:
        found = await self._campaigns(f"campaign.id IN ({', '.join(ids)})")
        missing = self._error("refused", "knows no such campaign in this account")
        return dict.fromkeys(ids, missing) | {each.campaign.campaign_id: each for each in found}

    async def _campaigns(self, where: str) -> Sequence[AdCampaign]:
        answer = await self._search(_CAMPAIGNS + where)
        return self._access.calls.read(lambda body: read_campaigns(body, account_id=self.account_id), answer)

    async def _search(self, query: str, *, priority: bool = True) -> WebAnswer:
        path = f"customers/{self.account_id}/googleAds:searchStream"
        return await self._access.post(path, json.dumps({"query": query}).encode(), priority=priority)

    async def _mutate(
        self,
        ids: Sequence[str],
        status: str,
        *,
        only_validate: bool = False,
        check: Callable[[], None] | None = None,
    ) -> Mapping[str, AdPlatformError | None]:
        """Set the same absolute status on each; why it failed, by id. Raises AdPlatformError."""
        names = [f"customers/{self.account_id}/campaigns/{each}" for each in ids]
        updates = [{"resourceName": name, "status": status} for name in names]
        body = {
            "operations": [{"updateMask": "status", "update": update} for update in updates],
            "partialFailure": not only_validate,  # a rehearsal that fails is to fail as a whole
            "validateOnly": only_validate,
        }
        path = f"customers/{self.account_id}/campaigns:mutate"
        answer = await self._access.post(path, json.dumps(body).encode(), priority=check is None, check=check)
        if only_validate:
            return dict.fromkeys(ids)
        failures = self._access.calls.read(lambda body: read_mutated(body, names), answer)
        return dict(zip(ids, failures, strict=True))

    def _checked(self, campaign_id: str) -> str:
        if not is_id(campaign_id):
            raise self._error("refused", "a campaign id must be digits only")
        return campaign_id

    def _given_up(self) -> AdPlatformError:
        return self._error("unknown", "was asked together with others, and that call was given up")

    def _error(self, kind: str, reason: str) -> AdPlatformError:
        return self._access.calls.error(kind, reason)
