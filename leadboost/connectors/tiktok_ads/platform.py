"""One advertiser of TikTok as an ad platform.

Marketing API 1.3: ``campaign/get``, ``report/integrated/get``, ``campaign/status/update`` and, for Smart+
campaigns, its twin. Only DISABLE and ENABLE are ever sent: DELETE is final.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar

from leadboost.clock import Clock
from leadboost.connectors.client import WebAnswer, WebClient, WebRequest
from leadboost.connectors.client.acting import AdCalls, check_lower
from leadboost.connectors.client.campaigns import is_id
from leadboost.connectors.client.together import Together
from leadboost.connectors.tiktok_ads.fault import PLATFORM, fault_of
from leadboost.connectors.tiktok_ads.parse import (
    CampaignPage,
    ResultsPage,
    read_account,
    read_changed,
    read_page,
    read_results,
)
from leadboost.domain.ad_results import AdDay
from leadboost.domain.campaign import AdAccount, AdCampaign, Campaign
from leadboost.domain.money import MICROS_PER_UNIT
from leadboost.errors import AdPlatformError, LeadBoostError

LIST_S = 60.0
PAGES = 100
PAGE_ROWS = 1_000
CHANGED_AT_ONCE, READ_AT_ONCE = 20, 100
_FIELDS = (
    "campaign_id",
    "campaign_name",
    "operation_status",
    "secondary_status",
    "budget",
    "budget_mode",
    "is_smart_performance_campaign",
)

_METRICS = (
    "campaign_name",
    "spend",
    "impressions",
    "clicks",
    "conversion",
    "complete_payment_roas",
    "total_complete_payment_rate",
    "currency",
)

CheckSpend = Callable[[Campaign, str], None]
P = TypeVar("P", CampaignPage, ResultsPage)


class TikTokAds:
    """The advertiser ``account_id``; see ``ports.AdPlatform``.

    ``check_spend`` is the gate's ``check``. The limit counts calls, so pauses that are asked for at once are
    one call, and so are reads; each campaign has its own result. Budgets have no currency until the
    advertiser was once read, by the first list.
    """

    name = PLATFORM

    def __init__(
        self,
        *,
        client: WebClient,
        base_url: str,
        version: str,
        access_token: str,
        account_id: str,
        clock: Clock,
        check_spend: CheckSpend,
        timeout_s: float = 10.0,
    ) -> None:
        self.account_id = account_id
        self._root = f"{base_url.rstrip('/')}/open_api/{version}"
        self._token = access_token
        self._clock = clock
        self._check_spend = check_spend
        self._currency: str | None = None
        self._automatic: dict[str, bool] = {}
        self._calls = AdCalls(PLATFORM, client=client, timeout_s=timeout_s, fault_of=self._fault_of)
        self._pauses = Together[None](self._pause_all, limit=CHANGED_AT_ONCE, given_up=self._given_up)
        self._reads = Together[AdCampaign](self._read_all, limit=READ_AT_ONCE, given_up=self._given_up)

    async def read_account(self) -> AdAccount:
        """Who we connect as. Raises AdPlatformError."""
        params = {
            "advertiser_ids": json.dumps([self.account_id]),
            "fields": '["advertiser_id","name","currency"]',
        }
        answer = await self._get("advertiser/info/", params)
        account = self._calls.read(lambda body: read_account(body, account_id=self.account_id), answer)
        self._currency = account.currency
        return account

    async def rehearse_pause(self, _campaign_id: str, /) -> bool:
        """TikTok knows no rehearsals: False."""
        return False

    async def list_campaigns(self) -> Sequence[AdCampaign]:
        """Every campaign that is not deleted. Raises AdPlatformError."""
        try:
            async with asyncio.timeout(LIST_S):
                await self._learn_currency()
                return await self._campaigns({})
        except TimeoutError:
            raise self._calls.error("unknown", f"gave no complete list within {LIST_S:g} s") from None

    async def read_campaign(self, campaign_id: str) -> AdCampaign:
        """One campaign as it is now. Raises AdPlatformError."""
        return await self._reads.ask(self._checked(campaign_id))

    async def read_results(self, first: date, last: date) -> Sequence[AdDay]:
        """What each campaign spent and earned on each of these days. Raises AdPlatformError."""
        params = {
            "report_type": "BASIC",
            "service_type": "AUCTION",
            "data_level": "AUCTION_CAMPAIGN",
            "dimensions": '["campaign_id","stat_time_day"]',
            "metrics": json.dumps(_METRICS),
            "start_date": first.isoformat(),
            "end_date": last.isoformat(),
        }
        try:
            async with asyncio.timeout(LIST_S):
                await self._learn_currency()
                pages = await self._pages(
                    "report/integrated/get/",
                    params,
                    lambda body: read_results(body, currency=self._currency),
                    priority=False,
                )
        except TimeoutError:
            raise self._calls.error("unknown", f"gave no complete results within {LIST_S:g} s") from None
        return [day for page in pages for day in page.days]

    async def pause(self, campaign_id: str) -> None:
        """Set DISABLE at once. Raises AdPlatformError."""
        await self._pauses.ask(self._checked(campaign_id))

    async def lower_budget(self, campaign_id: str, micros: int) -> None:
        """Set the daily budget to at most ``micros``, unless that would raise it. Raises AdPlatformError."""
        await self._learn_currency()
        present = await self.read_campaign(campaign_id)
        if not check_lower(self._calls, present, micros):
            return
        smart = "smart_plus/" if self._automatic.get(campaign_id) else ""
        budget = micros // (MICROS_PER_UNIT // 100) / 100
        body = {"advertiser_id": self.account_id, "campaign_id": campaign_id, "budget": budget}
        request = WebRequest(
            url=f"{self._root}/{smart}campaign/update/",
            headers=self._headers(),
            json=json.dumps(body).encode(),
        )
        await self._calls.send(request, priority=True)

    async def enable(self, campaign_id: str) -> None:
        """Set ENABLE unless the gate is closed. Raises AdPlatformError, GateClosedError."""
        campaign = Campaign(platform=PLATFORM, campaign_id=self._checked(campaign_id))

        def check() -> None:
            self._check_spend(campaign, self.account_id)

        check()
        (failure,) = (await self._change([campaign_id], "ENABLE", check=check)).values()
        if failure is not None:
            raise failure

    # -- requests ---------------------------------------------------------------------------------

    async def _learn_currency(self) -> None:
        """Ask for the currency once; without it a list has no budgets, but is still a list."""
        if self._currency is None:
            try:
                await self.read_account()
            except AdPlatformError:
                return

    async def _read_all(self, ids: Sequence[str]) -> Mapping[str, AdCampaign | LeadBoostError]:
        filtering = {"campaign_ids": list(ids), "secondary_status": "CAMPAIGN_STATUS_ALL"}
        found = await self._campaigns(filtering)
        missing = self._calls.error("refused", "knows no such campaign of this advertiser")
        return dict.fromkeys(ids, missing) | {each.campaign.campaign_id: each for each in found}

    async def _campaigns(self, filtering: Mapping[str, object]) -> Sequence[AdCampaign]:
        params = {"fields": json.dumps(_FIELDS), "filtering": json.dumps(filtering)}

        def read(body: bytes) -> CampaignPage:
            return read_page(body, account_id=self.account_id, currency=self._currency)

        found: dict[str, AdCampaign] = {}
        for page in await self._pages("campaign/get/", params, read, priority=True):
            found |= {each.campaign.campaign_id: each for each in page.campaigns}
            ids = (each.campaign.campaign_id for each in page.campaigns)
            self._automatic |= {each: each in page.automatic for each in ids}
        return list(found.values())

    async def _pages(
        self, path: str, params: Mapping[str, str], read: Callable[[bytes], P], *, priority: bool
    ) -> Sequence[P]:
        """Every page of a list."""
        pages: list[P] = []
        for number in range(1, PAGES + 1):
            numbered = {"advertiser_id": self.account_id, "page": str(number), "page_size": str(PAGE_ROWS)}
            answer = await self._get(path, {**params, **numbered}, priority=priority)
            pages.append(self._calls.read(read, answer))
            if number >= pages[-1].pages:
                return pages
        raise self._calls.error("unknown", "answers with a list that does not end")

    async def _pause_all(self, ids: Sequence[str]) -> Mapping[str, AdPlatformError | None]:
        return await self._change(ids, "DISABLE")

    async def _change(
        self, ids: Sequence[str], status: str, *, check: Callable[[], None] | None = None
    ) -> Mapping[str, AdPlatformError | None]:
        """Set the same absolute status on each; why it failed, by id."""
        failures = await self._learn_kinds(ids)
        left = [each for each in ids if each not in failures]
        smart = [each for each in left if self._automatic.get(each)]
        others = [each for each in left if each not in smart]
        for path, group in (("campaign", others), ("smart_plus/campaign", smart)):
            if group:
                failures |= await self._update(f"{path}/status/update/", group, status, check)
        return failures

    async def _learn_kinds(self, ids: Sequence[str]) -> dict[str, AdPlatformError | None]:
        """Each kind of campaign has its own endpoint; while that cannot be read, the common one is tried.

        Returns why what does not exist cannot be changed.
        """
        strange = [each for each in ids if each not in self._automatic]
        try:
            found = await self._read_all(strange) if strange else {}
        except AdPlatformError:
            return {}
        return {each: result for each, result in found.items() if isinstance(result, AdPlatformError)}

    async def _update(
        self, path: str, ids: Sequence[str], status: str, check: Callable[[], None] | None
    ) -> Mapping[str, AdPlatformError | None]:
        body = {"advertiser_id": self.account_id, "campaign_ids": list(ids), "operation_status": status}
        request = WebRequest(
            url=f"{self._root}/{path}", headers=self._headers(), json=json.dumps(body).encode(), check=check
        )
        try:
            answer = await self._calls.send(request, priority=check is None)
            changed = self._calls.read(read_changed, answer)
        except AdPlatformError as error:
            return dict.fromkeys(ids, error)
        left_out = self._calls.error("unknown", "does not name it among what it changed")
        return {each: None if each in changed else left_out for each in ids}

    async def _get(self, path: str, params: Mapping[str, str], *, priority: bool = True) -> WebAnswer:
        request = WebRequest(url=f"{self._root}/{path}", headers=self._headers(), params=params)
        return await self._calls.send(request, priority=priority)

    def _headers(self) -> Mapping[str, str]:
        return {"Access-Token": self._token, "Accept": "application/json"}

    def _fault_of(self, answer: WebAnswer) -> AdPlatformError | None:
        return fault_of(answer, now=self._clock.now(), secrets=(self._token,))

    def _checked(self, campaign_id: str) -> str:
        if not is_id(campaign_id):
            raise self._calls.error("refused", "a campaign id must be digits only")
        return campaign_id

    def _given_up(self) -> AdPlatformError:
        return self._calls.error("unknown", "was asked together with others, and that call was given up")
