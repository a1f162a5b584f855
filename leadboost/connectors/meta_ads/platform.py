"""One ad account of Meta as an ad platform.

Marketing API: ``GET /act_ID/campaigns``, ``GET /ID``, ``GET /act_ID/insights``, ``POST /ID`` with ``status``.
Only PAUSED and ACTIVE are ever sent: ARCHIVED and DELETED cannot be undone.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar

from leadboost.clock import Clock
from leadboost.connectors.client import WebAnswer, WebClient, WebRequest
from leadboost.connectors.client.acting import AdCalls, check_lower
from leadboost.connectors.client.campaigns import is_id
from leadboost.connectors.meta_ads.fault import fault_of, read_fault
from leadboost.connectors.meta_ads.parse import (
    PLATFORM,
    CampaignPage,
    ResultsPage,
    check_accepted,
    read_account,
    read_campaign,
    read_page,
    read_results,
    to_minor,
)
from leadboost.domain.ad_results import AdDay
from leadboost.domain.campaign import AdAccount, AdCampaign, Campaign
from leadboost.errors import AdPlatformError

LIST_S = 60.0
PAGES = 500
PAGE_ROWS = 100
RESULT_ROWS = 500
_FIELDS = "id,name,status,effective_status,daily_budget,account_id"
_RESULTS = "campaign_id,campaign_name,spend,impressions,clicks,actions,action_values,account_currency"
_LISTED = '["ACTIVE","PAUSED","IN_PROCESS","WITH_ISSUES"]'

CheckSpend = Callable[[Campaign, str], None]
P = TypeVar("P", CampaignPage, ResultsPage)


class MetaAds:
    """The account ``account_id`` (digits, without ``act_``); see ``ports.AdPlatform``.

    ``check_spend`` is the gate's ``check``. ``timeout_s`` bounds each call; a list of many pages takes at
    most a minute. Budgets have no currency until the account was once read, by the first list.
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
        app_secret: str | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self.account_id = account_id
        self._calls = AdCalls(PLATFORM, client=client, timeout_s=timeout_s, fault_of=self._fault_of)
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._token = access_token
        self._proof = _proof(access_token, app_secret) if app_secret else None
        self._clock = clock
        self._check_spend = check_spend
        self._currency: str | None = None

    async def read_account(self) -> AdAccount:
        """Who we connect as. Raises AdPlatformError."""
        answer = await self._get(f"act_{self.account_id}", {"fields": "account_id,name,currency"})
        account = self._calls.read(read_account, answer)
        self._currency = account.currency
        return account

    async def rehearse_pause(self, campaign_id: str, /) -> bool:
        """Ask whether a pause would be taken, without any effect; True. Raises AdPlatformError."""
        await self._set_status(campaign_id, "PAUSED", options='["validate_only"]')
        return True

    async def list_campaigns(self) -> Sequence[AdCampaign]:
        """Every campaign that is not archived or deleted. Raises AdPlatformError."""
        try:
            async with asyncio.timeout(LIST_S):
                await self._learn_currency()
                return await self._list()
        except TimeoutError:
            raise self._calls.error("unknown", f"gave no complete list within {LIST_S:g} s") from None

    async def read_campaign(self, campaign_id: str) -> AdCampaign:
        """One campaign as it is now. Raises AdPlatformError."""
        answer = await self._get(self._object(campaign_id), {"fields": _FIELDS})
        found = self._calls.read(
            lambda body: read_campaign(body, account_id=self.account_id, currency=self._currency), answer
        )
        if found.campaign.campaign_id != campaign_id:
            raise self._calls.error("unknown", "answered with another campaign")
        return found

    async def read_results(self, first: date, last: date) -> Sequence[AdDay]:
        """What each campaign spent and earned on each of these days. Raises AdPlatformError."""
        params = {
            "level": "campaign",
            "fields": _RESULTS,
            "time_range": json.dumps({"since": first.isoformat(), "until": last.isoformat()}),
            "time_increment": "1",
            "use_unified_attribution_setting": "true",
            "limit": str(RESULT_ROWS),
        }
        try:
            async with asyncio.timeout(LIST_S):
                pages = await self._pages("insights", params, read_results, priority=False)
        except TimeoutError:
            raise self._calls.error("unknown", f"gave no complete results within {LIST_S:g} s") from None
        return [day for page in pages for day in page.days]

    async def pause(self, campaign_id: str) -> None:
        """Set PAUSED at once. Raises AdPlatformError."""
        await self._set_status(campaign_id, "PAUSED")

    async def lower_budget(self, campaign_id: str, micros: int) -> None:
        """Set the daily budget to at most ``micros``, unless that would raise it. Raises AdPlatformError."""
        await self._learn_currency()
        present = await self.read_campaign(campaign_id)
        if check_lower(self._calls, present, micros) and present.currency is not None:
            await self._write(campaign_id, {"daily_budget": str(to_minor(micros, present.currency))})

    async def enable(self, campaign_id: str) -> None:
        """Set ACTIVE unless the gate is closed. Raises AdPlatformError, GateClosedError."""
        campaign = Campaign(platform=PLATFORM, campaign_id=campaign_id)
        self._check_spend(campaign, self.account_id)
        await self._set_status(
            campaign_id, "ACTIVE", check=lambda: self._check_spend(campaign, self.account_id)
        )

    # -- requests ---------------------------------------------------------------------------------

    async def _learn_currency(self) -> None:
        """Ask for the account's currency once; without it a list has no budgets, but is still a list."""
        if self._currency is None:
            try:
                await self.read_account()
            except AdPlatformError:
                return

    async def _list(self) -> Sequence[AdCampaign]:
        params = {"fields": _FIELDS, "effective_status": _LISTED, "limit": str(PAGE_ROWS)}

        def read(body: bytes) -> CampaignPage:
            return read_page(body, account_id=self.account_id, currency=self._currency)

        pages = await self._pages("campaigns", params, read, priority=True)
        found = {each.campaign.campaign_id: each for page in pages for each in page.campaigns}
        return list(found.values())

    async def _pages(
        self, edge: str, params: Mapping[str, str], read: Callable[[bytes], P], *, priority: bool
    ) -> Sequence[P]:
        """Every page of a list of the account."""
        pages: list[P] = []
        seen: set[str] = set()
        while len(pages) < PAGES:
            answer = await self._get(f"act_{self.account_id}/{edge}", params, priority=priority)
            pages.append(self._calls.read(read, answer))
            after = pages[-1].after
            if after is None:
                return pages
            if after in seen:
                break
            seen.add(after)
            params = {**params, "after": after}
        raise self._calls.error("unknown", "answers with a list that does not end")

    async def _set_status(
        self,
        campaign_id: str,
        status: str,
        *,
        check: Callable[[], None] | None = None,
        options: str | None = None,
    ) -> None:
        form = {"status": status} | ({"execution_options": options} if options else {})
        await self._write(campaign_id, form, check)

    async def _write(
        self, campaign_id: str, form: Mapping[str, str], check: Callable[[], None] | None = None
    ) -> None:
        proof = {"appsecret_proof": self._proof} if self._proof else {}
        request = self._request(self._object(campaign_id), form={**form, **proof}, check=check)
        self._calls.read(check_accepted, await self._calls.send(request, priority=check is None))

    async def _get(self, path: str, params: Mapping[str, str], *, priority: bool = True) -> WebAnswer:
        proof = {"appsecret_proof": self._proof} if self._proof else {}
        return await self._calls.send(self._request(path, params={**params, **proof}), priority=priority)

    def _request(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        check: Callable[[], None] | None = None,
    ) -> WebRequest:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        return WebRequest(
            url=f"{self._root}/{path}", headers=headers, params=params or {}, form=form, check=check
        )

    def _fault_of(self, answer: WebAnswer) -> AdPlatformError | None:
        if 200 <= answer.status < 300 and read_fault(answer.body) is None:
            return None
        return fault_of(PLATFORM, answer, now=self._clock.now(), secrets=self._secrets())

    def _object(self, campaign_id: str) -> str:
        if not is_id(campaign_id):
            raise self._calls.error("refused", "a campaign id must be digits only")
        return campaign_id

    def _secrets(self) -> tuple[str, ...]:
        return (self._token, self._proof) if self._proof else (self._token,)


def _proof(access_token: str, app_secret: str) -> str:
    """``appsecret_proof``: hex HMAC-SHA256 of the token under the app's secret."""
    return hmac.new(app_secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()
