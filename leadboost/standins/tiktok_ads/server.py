"""The server: what the Marketing API checks, and how it answers: HTTP 200 with a code nearly always."""

import hmac
import json
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from aiohttp import web

from leadboost.standins.ads import AdServer, Asked, StandInCampaign, StandInResult
from leadboost.standins.api import Refusal

ROOT = "/open_api/v1.3"
STATUS = {"ENABLE": "ACTIVE", "DISABLE": "PAUSED", "DELETE": "DELETED"}
SPOKEN = {"ACTIVE": "ENABLE", "PAUSED": "DISABLE", "ARCHIVED": "DELETE", "DELETED": "DELETE"}
IDS, PAGE, MOST_ROWS = 20, 10, 1_000
FIELDS = (
    "advertiser_id",
    "campaign_id",
    "campaign_name",
    "operation_status",
    "secondary_status",
    "budget",
    "budget_mode",
    "is_smart_performance_campaign",
)


class TikTokError(Refusal):
    """An answer that is an error: a code, under HTTP 200."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(_envelope(code, message, {}))


class TikTokAdsServer(AdServer):
    """Campaigns of one advertiser. ``calls_per_s`` are let in within a second, further ones are answered
    with code 40100."""

    def __init__(self, *, token: str, account_id: str = "7001", calls_per_s: int = 10, **given: Any) -> None:
        self.calls_per_s = calls_per_s
        self._recent: deque[float] = deque()
        super().__init__(token=token, account_id=account_id, **given)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get(f"{ROOT}/advertiser/info/", self.served(self._advertiser))
        router.add_get(f"{ROOT}/campaign/get/", self.served(self._get))
        router.add_get(f"{ROOT}/report/integrated/get/", self.served(self._report))
        router.add_post(f"{ROOT}/campaign/status/update/", self.served(self._update))
        router.add_post(f"{ROOT}/smart_plus/campaign/status/update/", self.served(self._update))
        router.add_post(f"{ROOT}/campaign/update/", self.served(self._set_budget))
        router.add_post(f"{ROOT}/smart_plus/campaign/update/", self.served(self._set_budget))
        router.add_route("*", "/{path:.*}", self.served(self._unknown))

    # -- every call -------------------------------------------------------------------------------

    async def asked(self, request: web.Request) -> Asked:
        body = await _body(request)
        ids = body.get("campaign_ids")
        return Asked(
            status=STATUS.get(str(body.get("operation_status"))),
            campaigns=tuple(map(str, ids)) if isinstance(ids, list) else (),
        )

    async def check(self, request: web.Request) -> None:
        token = request.headers.get("Access-Token", "")
        if not token:
            raise TikTokError(40104, "Access token is missing.")
        if self.faults.revoked or not hmac.compare_digest(token.encode(), self.token.encode()):
            raise TikTokError(40105, "Access token is incorrect or has been revoked.")
        now = self.clock.monotonic()
        while self._recent and now - self._recent[0] >= 1.0:
            self._recent.popleft()
        if len(self._recent) >= self.calls_per_s:
            raise TikTokError(40100, "Too many requests. Please retry later.")
        self._recent.append(now)

    def limited(self) -> web.Response:
        if self.faults.retry_after_s is not None:
            headers = {"Retry-After": str(self.faults.retry_after_s)}
            return web.Response(status=429, text="<html>429</html>", headers=headers)
        return _envelope(40100, "Too many requests. Please retry later.", {})

    def trouble(self) -> web.Response:
        if self.rng.uniform(0.0, 1.0) < 0.5:
            return web.Response(status=502, text="<html>502</html>", content_type="text/html")
        return _envelope(50000, "System error", {})

    # -- what TikTok serves -----------------------------------------------------------------------

    async def _advertiser(self, request: web.Request) -> web.Response:
        if self.account.id not in _json_list(request, "advertiser_ids"):
            raise _not_yours()
        row = {
            "advertiser_id": self.account.id,
            "name": self.account.name,
            "currency": self.account.currency,
            "timezone": "Etc/UTC",
        }
        return _envelope(0, "OK", {"list": [row]})

    async def _get(self, request: web.Request) -> web.Response:
        if request.query.get("advertiser_id") != self.account.id:
            raise _not_yours()
        fields = _json_list(request, "fields") or list(FIELDS)
        if unknown := [field for field in fields if field not in FIELDS]:
            raise TikTokError(40002, f"fields: Not a valid choice: {unknown[0]}")
        filtering = _json_object(request, "filtering")
        page, size = _number(request, "page", 1), _number(request, "page_size", PAGE)
        if size > MOST_ROWS:
            raise TikTokError(40002, "page_size: Must be less than or equal to 1000.")
        found = [each for each in self.account.campaigns.values() if self._is_asked(each, filtering)]
        rows = [self._row(each, fields) for each in found[(page - 1) * size : page * size]]
        return _envelope(0, "OK", {"list": rows, "page_info": _page_info(page, size, len(found))})

    async def _report(self, request: web.Request) -> web.Response:
        """Daily reports of campaigns: at most 30 days a call."""
        if request.query.get("advertiser_id") != self.account.id:
            raise _not_yours()
        asked = (request.query.get("data_level"), _json_list(request, "dimensions"))
        if asked != ("AUCTION_CAMPAIGN", ["campaign_id", "stat_time_day"]):
            raise TikTokError(40002, "dimensions: Not a valid choice.")
        first, last = _day(request, "start_date"), _day(request, "end_date")
        if not 0 <= (last - first).days < 30:
            raise TikTokError(40002, "The time span must be within 30 days.")
        page, size = _number(request, "page", 1), _number(request, "page_size", PAGE)
        found = self.account.results_between(first, last)
        metrics = _json_list(request, "metrics")
        rows = [_reported(*each, self.account.currency, metrics) for each in found]
        shown = rows[(page - 1) * size : page * size]
        return _envelope(0, "OK", {"list": shown, "page_info": _page_info(page, size, len(rows))})

    def _is_asked(self, campaign: StandInCampaign, filtering: Mapping[str, Any]) -> bool:
        ids = filtering.get("campaign_ids")
        with_deleted = filtering.get("secondary_status") == "CAMPAIGN_STATUS_ALL"
        is_deleted = SPOKEN[self.account.seen_status(campaign)] == "DELETE"
        return (ids is None or campaign.id in ids) and (with_deleted or not is_deleted)

    def _row(self, campaign: StandInCampaign, fields: Sequence[str]) -> Mapping[str, object]:
        status = SPOKEN[self.account.seen_status(campaign)]
        hindered = campaign.hindered if status == "ENABLE" else None
        row = {
            "advertiser_id": self.account.id,
            "campaign_id": campaign.id,
            "campaign_name": campaign.name,
            "operation_status": status,
            "secondary_status": f"CAMPAIGN_STATUS_{hindered or status}",
            "budget": 0.0 if campaign.daily_budget is None else campaign.daily_budget / 100,
            "budget_mode": "BUDGET_MODE_INFINITE" if campaign.daily_budget is None else "BUDGET_MODE_DAY",
            "is_smart_performance_campaign": campaign.automatic,
        }
        return {field: row[field] for field in fields}

    async def _update(self, request: web.Request) -> web.Response:
        body = await _body(request)
        ids, status = body.get("campaign_ids"), body.get("operation_status")
        if body.get("advertiser_id") != self.account.id:
            raise _not_yours()
        if not isinstance(ids, list) or not 0 < len(ids) <= IDS or status not in STATUS:
            raise TikTokError(40002, "campaign_ids: Length must be between 1 and 20.")
        found = [self.account.campaigns.get(str(each)) for each in ids]
        smart = request.path.startswith(f"{ROOT}/smart_plus/")
        if any(each is not None and each.automatic is not smart for each in found):
            raise TikTokError(40002, "Smart+ campaigns are changed by their own endpoint alone.")
        done = [each.id for each in found if each is not None and not self.faults.leaves_out(self.rng)]
        for campaign_id in done:
            self.set_status(request, campaign_id, STATUS[status])
        data = {
            "campaign_ids": done,
            "status": status,
            "campaign_list": [{"campaign_id": each, "postback_window_mode": None} for each in done],
        }
        return _envelope(0 if len(done) == len(ids) else 20001, "OK", data)

    async def _set_budget(self, request: web.Request) -> web.Response:
        body = await _body(request)
        campaign, budget = self.account.campaigns.get(str(body.get("campaign_id"))), body.get("budget")
        if body.get("advertiser_id") != self.account.id or campaign is None:
            raise _not_yours()
        smart = request.path.startswith(f"{ROOT}/smart_plus/")
        if campaign.automatic is not smart or not isinstance(budget, int | float) or budget <= 0:
            raise TikTokError(40002, "budget: Not a valid number for this campaign.")
        self.account.set_budget(campaign.id, round(budget * 100))
        return _envelope(0, "OK", {"campaign_id": campaign.id})

    async def _unknown(self, _request: web.Request) -> web.Response:
        return web.Response(status=404, text="<html>404</html>", content_type="text/html")


def _envelope(code: int, message: str, data: Mapping[str, object]) -> web.Response:
    return web.json_response({"code": code, "message": message, "request_id": "20261120", "data": data})


def _page_info(page: int, size: int, count: int) -> Mapping[str, object]:
    pages = -(-count // size)
    return {"page": page, "page_size": size, "total_number": count, "total_page": pages}


def _reported(
    campaign: StandInCampaign, day: date, result: StandInResult, currency: str, metrics: Sequence[str]
) -> Mapping[str, object]:
    """Metrics are text, ``-`` where there is no value."""
    value = None if result.revenue is None else result.revenue / 100
    row = {
        "campaign_name": campaign.name,
        "spend": f"{result.spend / 100:.2f}",
        "impressions": str(result.impressions),
        "clicks": str(result.clicks),
        "conversion": str(result.conversions),
        "total_complete_payment_rate": "-" if value is None else f"{value:.2f}",
        "complete_payment_roas": "-" if value is None else f"{100 * value / max(result.spend, 1):.2f}",
        "currency": currency,
    }
    return {
        "dimensions": {"campaign_id": campaign.id, "stat_time_day": f"{day} 00:00:00"},
        "metrics": {name: row[name] for name in metrics},
    }


def _day(request: web.Request, name: str) -> date:
    try:
        return date.fromisoformat(request.query.get(name, ""))
    except ValueError:
        raise TikTokError(40002, f"{name}: Not a valid date.") from None


def _not_yours() -> TikTokError:
    return TikTokError(40001, "No permission to operate advertiser.")


async def _body(request: web.Request) -> Mapping[str, Any]:
    try:
        found = await request.json() if request.method == "POST" else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _json_list(request: web.Request, name: str) -> list[Any]:
    found = _json(request, name, "[]")
    if not isinstance(found, list):
        raise TikTokError(40002, f"{name}: Not a valid list.")
    return found


def _json_object(request: web.Request, name: str) -> Mapping[str, Any]:
    found = _json(request, name, "{}")
    if not isinstance(found, dict):
        raise TikTokError(40002, f"{name}: Invalid input type.")
    return found


def _json(request: web.Request, name: str, default: str) -> object:
    try:
        return json.loads(request.query.get(name, default))
    except ValueError:
        raise TikTokError(40002, f"{name}: Not valid JSON.") from None


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal() or int(text) == 0:
        raise TikTokError(40002, f"{name}: Not a valid integer.")
    return int(text)
