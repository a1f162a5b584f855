"""The server: what Graph checks, and how it answers."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from aiohttp import web

from leadboost.standins.ads import AdAccount, AdServer, Asked, StandInCampaign, StandInResult
from leadboost.standins.ads.account import STATUSES
from leadboost.standins.meta_ads.faults import LIMIT_TEXT, GraphError, limited, revoked_token, server_error

VERSIONS = ("v22.0", "v23.0", "v24.0", "v25.0", "v26.0")
ACCOUNT_FIELDS = ("id", "account_id", "name", "currency", "account_status")
CAMPAIGN_FIELDS = (
    "id",
    "name",
    "status",
    "configured_status",
    "effective_status",
    "objective",
    "daily_budget",
    "lifetime_budget",
    "budget_remaining",
    "spend_cap",
    "issues_info",
    "updated_time",
    "account_id",
)
INSIGHT_FIELDS = (
    "campaign_id",
    "campaign_name",
    "account_currency",
    "spend",
    "impressions",
    "clicks",
    "actions",
    "action_values",
)
DEFAULT_ROWS, MOST_ROWS = 25, 500
LIVE = ("ACTIVE", "PAUSED", "IN_PROCESS", "WITH_ISSUES")
HOUR_S = 3_600.0


class MetaAdsServer(AdServer):
    """Graph's campaigns. ``hourly_calls`` is the budget that the header ``X-Business-Use-Case-Usage``
    counts against; beyond it every call is answered with code 80004."""

    def __init__(
        self,
        *,
        token: str,
        account_id: str = "120000000000001",
        app_secret: str | None = None,
        hourly_calls: int = 100_000,
        **given: Any,
    ) -> None:
        self._app_secret = app_secret
        self._hourly_calls = hourly_calls
        super().__init__(token=token, account_id=account_id, **given)
        self._hour_began = self.clock.monotonic()
        self._hour_calls = 0

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/{version}/{object}/campaigns", self.served(self._list))
        router.add_get("/{version}/{object}/insights", self.served(self._insights))
        router.add_get("/{version}/{object}", self.served(self._read))
        router.add_post("/{version}/{object}", self.served(self._write))
        router.add_route("*", "/{path:.*}", self.served(self._unknown))

    # -- every call -------------------------------------------------------------------------------

    async def asked(self, request: web.Request) -> Asked:
        status = (await request.post()).get("status")
        if not isinstance(status, str):
            return Asked()
        return Asked(status=status, campaigns=(request.match_info.get("object", ""),))

    def limited(self) -> web.Response:
        return limited(self.faults, self.rng, self._usage).response

    def trouble(self) -> web.Response:
        return server_error(self.rng).response

    def finish(self, request: web.Request, response: web.Response, /) -> None:
        response.headers.setdefault("X-Business-Use-Case-Usage", self._usage(0))
        response.headers["facebook-api-version"] = request.match_info.get("version", VERSIONS[-1])

    async def check(self, request: web.Request) -> None:
        """Token, version, proof and the hourly budget, in Graph's order."""
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = bearer or request.query.get("access_token", "")
        if not token:
            raise GraphError(400, 104, "An access token is required to request this resource.")
        if self.faults.revoked:
            raise revoked_token()
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise GraphError(401, 190, f"Malformed access token {token}")
        if request.match_info.get("version") not in VERSIONS:
            raise GraphError(400, 2635, "You are calling a deprecated version of the Ads API.")
        await self._check_proof(request)
        self._count()

    async def _check_proof(self, request: web.Request) -> None:
        if self._app_secret is None:
            return
        form = await request.post()
        given = str(form.get("appsecret_proof") or request.query.get("appsecret_proof", ""))
        proof = hmac.new(self._app_secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(given.encode(), proof.encode()):
            raise GraphError(400, 100, "API calls from the server require an appsecret_proof argument")

    def _count(self) -> None:
        now = self.clock.monotonic()
        if now - self._hour_began >= HOUR_S:
            self._hour_began, self._hour_calls = now, 0
        self._hour_calls += 1
        if self._hour_calls > self._hourly_calls:
            regain_min = int((self._hour_began + HOUR_S - now) // 60) + 1
            headers = {"X-Business-Use-Case-Usage": self._usage(regain_min)}
            raise GraphError(400, 80_004, LIMIT_TEXT, subcode=2446079, transient=True, headers=headers)

    def _usage(self, regain_min: int) -> str:
        """The header: percent of the hour's budget, and minutes until access comes back."""
        percent = min(100 * self._hour_calls // self._hourly_calls, 100)
        case = {
            "type": "ads_management",
            "call_count": percent,
            "total_cputime": percent // 2,
            "total_time": percent // 2,
            "estimated_time_to_regain_access": regain_min,
            "ads_api_access_tier": "standard_access",
        }
        return json.dumps({self.account.id: [case]})

    # -- what Graph serves ------------------------------------------------------------------------

    async def _list(self, request: web.Request) -> web.Response:
        if request.match_info["object"] != f"act_{self.account.id}":
            raise _no_such(request.match_info["object"])
        fields = _fields(request, CAMPAIGN_FIELDS)
        campaigns = self.account.listed(_statuses(request))
        after = _decoded(request.query.get("after", ""))
        ids = [each.id for each in campaigns]
        start = ids.index(after) + 1 if after in ids else 0
        rows = campaigns[start : start + _limit(request)]
        page: dict[str, object] = {"data": [_picked(as_graph(self.account, each), fields) for each in rows]}
        if rows:
            more = start + len(rows) < len(campaigns)
            page["paging"] = self._paging(request, rows[0].id, rows[-1].id, more=more)
        return web.json_response(page)

    async def _insights(self, request: web.Request) -> web.Response:
        if request.match_info["object"] != f"act_{self.account.id}":
            raise _no_such(request.match_info["object"])
        if request.query.get("level") != "campaign" or request.query.get("time_increment") != "1":
            raise GraphError(400, 100, "Param level must be one of {campaign}, time_increment 1")
        fields = [*_fields(request, INSIGHT_FIELDS)[1:], "date_start", "date_stop"]
        first, last = _time_range(request)
        found = self.account.results_between(first, last)
        start = int(_decoded(request.query.get("after", "")) or 0)
        rows = found[start : start + _limit(request)]
        page: dict[str, object] = {"data": [_picked(insight(self.account, *each), fields) for each in rows]}
        if rows:
            ends = (str(start), str(start + len(rows)))
            page["paging"] = self._paging(request, *ends, more=start + len(rows) < len(found))
        return web.json_response(page)

    def _paging(self, request: web.Request, first: str, last: str, *, more: bool) -> Mapping[str, object]:
        """Cursors, and the ``next`` URL with the token in it, as Graph has it."""
        cursors = {"before": _encoded(first), "after": _encoded(last)}
        if not more:
            return {"cursors": cursors}
        query = {**request.query, "after": cursors["after"], "access_token": self.token}
        return {"cursors": cursors, "next": str(request.url.with_query(query))}

    async def _read(self, request: web.Request) -> web.Response:
        name = request.match_info["object"]
        if name == f"act_{self.account.id}":
            account: dict[str, object] = {
                "id": name,
                "account_id": self.account.id,
                "name": self.account.name,
                "currency": self.account.currency,
                "account_status": 1,
            }
            return web.json_response(_picked(account, _fields(request, ACCOUNT_FIELDS)))
        campaign = self._campaign(name)
        fields = _fields(request, CAMPAIGN_FIELDS)
        return web.json_response(_picked(as_graph(self.account, campaign), fields))

    async def _write(self, request: web.Request) -> web.Response:
        campaign = self._campaign(request.match_info["object"])
        form = await request.post()
        if "daily_budget" in form:
            return self._set_budget(campaign, str(form["daily_budget"]))
        if (status := form.get("status")) not in STATUSES:
            raise GraphError(400, 100, "Param status must be one of {ACTIVE, PAUSED, DELETED, ARCHIVED}")
        if campaign.status in ("ARCHIVED", "DELETED"):
            raise GraphError(400, 100, "Archived campaigns cannot be edited", subcode=1487056)
        if "validate_only" not in str(form.get("execution_options", "")):
            self.set_status(request, campaign.id, status)
        return web.json_response({"success": True})

    def _set_budget(self, campaign: StandInCampaign, amount: str) -> web.Response:
        if campaign.daily_budget is None or not amount.isdecimal() or int(amount) == 0:
            raise GraphError(400, 100, "Param daily_budget is not valid for this campaign")
        self.account.set_budget(campaign.id, int(amount))
        return web.json_response({"success": True})

    async def _unknown(self, request: web.Request) -> web.Response:
        raise GraphError(400, 2500, f"Unknown path components: {request.path}")

    def _campaign(self, name: str) -> StandInCampaign:
        if (campaign := self.account.campaigns.get(name)) is None:
            raise _no_such(name)
        return campaign


def as_graph(account: AdAccount, campaign: StandInCampaign) -> dict[str, object]:
    """All fields of a campaign that Graph would tell; numbers are text, absent values are left out."""
    updated = campaign.updated_at.strftime("%Y-%m-%dT%H:%M:%S%z") if campaign.updated_at else None
    budget = None if campaign.daily_budget is None else str(campaign.daily_budget)
    fields: dict[str, object | None] = {
        "id": campaign.id,
        "name": campaign.name,
        "status": account.seen_status(campaign),
        "configured_status": account.seen_status(campaign),
        "effective_status": account.effective(campaign),
        "objective": "OUTCOME_SALES",
        "daily_budget": budget,
        "budget_remaining": budget,
        "updated_time": updated,
        "account_id": account.id,
    }
    return {name: value for name, value in fields.items() if value is not None}


def insight(
    account: AdAccount, campaign: StandInCampaign, day: date, result: StandInResult
) -> dict[str, object]:
    """One row as Graph would tell it: numbers are text, and kinds of purchases contain one another."""
    row: dict[str, object] = {
        "campaign_id": campaign.id,
        "campaign_name": campaign.name,
        "account_currency": account.currency,
        "spend": f"{result.spend / 100:.2f}",
        "impressions": str(result.impressions),
        "clicks": str(result.clicks),
        "actions": [
            {"action_type": "link_click", "value": str(result.clicks)},
            *_purchases(result.conversions),
        ],
        "date_start": day.isoformat(),
        "date_stop": day.isoformat(),
    }
    if result.revenue is not None:
        row["action_values"] = _purchases(f"{result.revenue / 100:.2f}")
    return row


def _purchases(value: object) -> list[Mapping[str, object]]:
    kinds = ("purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase")
    return [{"action_type": kind, "value": str(value)} for kind in kinds]


def _time_range(request: web.Request) -> tuple[date, date]:
    try:
        asked = json.loads(request.query.get("time_range", ""))
        return date.fromisoformat(asked["since"]), date.fromisoformat(asked["until"])
    except (ValueError, KeyError, TypeError):
        raise GraphError(400, 100, "Param time_range must be an object of since and until") from None


def _no_such(name: str) -> GraphError:
    text = f"Unsupported request. Object with ID '{name}' does not exist or cannot be loaded"
    return GraphError(400, 100, text, subcode=33)


def _fields(request: web.Request, known: Sequence[str]) -> Sequence[str]:
    """The fields asked for, the id always among them."""
    asked = [field for field in request.query.get("fields", "").split(",") if field]
    for field in asked:
        if field not in known:
            raise GraphError(400, 100, f"Tried accessing nonexisting field ({field})")
    return ["id", *asked]


def _picked(row: Mapping[str, object], fields: Sequence[str]) -> Mapping[str, object]:
    return {field: row[field] for field in fields if field in row}


def _statuses(request: web.Request) -> Sequence[str]:
    try:
        asked = json.loads(request.query.get("effective_status", json.dumps(LIVE)))
    except ValueError:
        asked = None
    if not isinstance(asked, list) or not set(asked) <= {*LIVE, "ARCHIVED", "DELETED"}:
        raise GraphError(400, 100, "Param effective_status must be an array of statuses")
    return asked


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", str(DEFAULT_ROWS))
    if not text.isdecimal() or int(text) == 0:
        raise GraphError(400, 100, "Param limit must be a positive number")
    return min(int(text), MOST_ROWS)


def _encoded(campaign_id: str) -> str:
    return base64.urlsafe_b64encode(campaign_id.encode()).decode()


def _decoded(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor.encode()).decode()
    except ValueError:
        raise GraphError(400, 100, "Invalid cursors values") from None
