"""One ad account of Meta as an ad platform.

Marketing API: ``GET /act_ID/campaigns``, ``GET /ID``, ``POST /ID`` with ``status``. Only PAUSED and
ACTIVE are ever sent: ARCHIVED and DELETED cannot be undone.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from leadboost.clock import Clock
from leadboost.connectors.client import CallError, WebAnswer, WebClient, WebRequest
from leadboost.connectors.meta_ads.fault import fault_of, read_fault
from leadboost.connectors.meta_ads.parse import (
    PLATFORM,
    AdAccount,
    AnswerError,
    check_accepted,
    is_id,
    read_account,
    read_campaign,
    read_page,
)
from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.errors import AdPlatformError

LIST_S = 60.0
PAGES = 500
PAGE_ROWS = 100
_FIELDS = "id,name,status,effective_status,daily_budget,account_id"
_LISTED = '["ACTIVE","PAUSED","IN_PROCESS","WITH_ISSUES"]'

CheckSpend = Callable[[Campaign, str], None]
T = TypeVar("T")


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
        self._client = client
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._token = access_token
        self._proof = _proof(access_token, app_secret) if app_secret else None
        self._clock = clock
        self._check_spend = check_spend
        self._timeout_s = timeout_s
        self._currency: str | None = None

    async def read_account(self) -> AdAccount:
        """Who we connect as. Raises AdPlatformError."""
        answer = await self._get(f"act_{self.account_id}", {"fields": "account_id,name,currency"})
        account = self._read(read_account, answer)
        self._currency = account.currency
        return account

    async def list_campaigns(self) -> Sequence[AdCampaign]:
        """Every campaign that is not archived or deleted. Raises AdPlatformError."""
        try:
            async with asyncio.timeout(LIST_S):
                await self._learn_currency()
                return await self._list()
        except TimeoutError:
            raise self._error("unknown", f"gave no complete list within {LIST_S:g} s") from None

    async def read_campaign(self, campaign_id: str) -> AdCampaign:
        """One campaign as it is now. Raises AdPlatformError."""
        answer = await self._get(self._object(campaign_id), {"fields": _FIELDS})
        found = self._read(
            lambda body: read_campaign(body, account_id=self.account_id, currency=self._currency), answer
        )
        if found.campaign.campaign_id != campaign_id:
            raise self._error("unknown", "answered with another campaign")
        return found

    async def pause(self, campaign_id: str) -> None:
        """Set PAUSED at once. Raises AdPlatformError."""
        await self._set_status(campaign_id, "PAUSED")

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
        found: dict[str, AdCampaign] = {}
        params = {"fields": _FIELDS, "effective_status": _LISTED, "limit": str(PAGE_ROWS)}
        seen: set[str] = set()
        while len(seen) < PAGES:
            answer = await self._get(f"act_{self.account_id}/campaigns", params)
            page = self._read(
                lambda body: read_page(body, account_id=self.account_id, currency=self._currency), answer
            )
            found |= {each.campaign.campaign_id: each for each in page.campaigns}
            if page.after is None:
                return list(found.values())
            if page.after in seen:
                break
            seen.add(page.after)
            params |= {"after": page.after}
        raise self._error("unknown", "answers with a list that does not end")

    async def _set_status(
        self, campaign_id: str, status: str, check: Callable[[], None] | None = None
    ) -> None:
        form = {"status": status} | ({"appsecret_proof": self._proof} if self._proof else {})
        request = self._request(self._object(campaign_id), form=form, check=check)
        self._read(check_accepted, await self._call(request, priority=check is None))

    async def _get(self, path: str, params: Mapping[str, str]) -> WebAnswer:
        proof = {"appsecret_proof": self._proof} if self._proof else {}
        return await self._call(self._request(path, params={**params, **proof}), priority=True)

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

    async def _call(self, request: WebRequest, *, priority: bool) -> WebAnswer:
        try:
            answer = await self._client.call(request, deadline_s=self._timeout_s, priority=priority)
        except CallError as error:
            kind = "refused" if error.refused else "unknown" if error.retry_after_s is None else "busy"
            raise self._error(kind, error.reason, error.retry_after_s) from None
        if not 200 <= answer.status < 300 or read_fault(answer.body) is not None:
            raise fault_of(PLATFORM, answer, now=self._clock.now(), secrets=self._secrets())
        return answer

    def _read(self, read: Callable[[bytes], T], answer: WebAnswer) -> T:
        """Read a body; one that is not understood leaves open what happened."""
        try:
            return read(answer.body)
        except AnswerError as error:
            raise self._error("unknown", f"answered something else than expected: {error}") from None

    def _object(self, campaign_id: str) -> str:
        if not is_id(campaign_id):
            raise self._error("refused", "a campaign id must be digits only")
        return campaign_id

    def _secrets(self) -> tuple[str, ...]:
        return (self._token, self._proof) if self._proof else (self._token,)

    def _error(self, kind: str, reason: str, retry_after_s: float | None = None) -> AdPlatformError:
        return AdPlatformError(PLATFORM, kind, reason, retry_after_s)


def _proof(access_token: str, app_secret: str) -> str:
    """``appsecret_proof``: hex HMAC-SHA256 of the token under the app's secret."""
    return hmac.new(app_secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()
