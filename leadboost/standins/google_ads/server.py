"""The server: what Google Ads checks, and how it answers."""

import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, cast

from aiohttp import web

from leadboost.standins.ads import AdServer, Asked, StandInCampaign, StandInResult
from leadboost.standins.api import Refusal
from leadboost.standins.google_ads.faults import GoogleAdsError, cause, failure, limited, trouble
from leadboost.standins.google_ads.query import Query, parse

VERSIONS = ("v23", "v24", "v25", "v26")
STATUS = {"ENABLED": "ACTIVE", "PAUSED": "PAUSED"}
SPOKEN = {"ACTIVE": "ENABLED", "PAUSED": "PAUSED", "ARCHIVED": "REMOVED", "DELETED": "REMOVED"}
PRIMARY = {"ENABLED": "ELIGIBLE", "PAUSED": "PAUSED", "REMOVED": "REMOVED"}
CHUNK_ROWS = 100
TOKEN_S = 3_599
_NAME = re.compile(r"customers/(?P<customer>\d+)/campaigns/(?P<id>\d+)")


class GoogleAdsServer(AdServer):
    """Campaigns of one customer, and the token endpoint of Google's OAuth.

    ``token`` is the refresh token; access tokens are made up from it and end after ``token_s`` seconds.
    ``manager`` is the only login customer through which access is granted, None: access is direct.
    """

    def __init__(
        self,
        *,
        token: str,
        account_id: str = "1234567890",
        client_id: str = "demo-client",
        client_secret: str = "demo-secret",  # noqa: S107 - of a stand-in
        manager: str | None = None,
        token_s: float = TOKEN_S,
        **given: Any,
    ) -> None:
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._manager = manager
        self._token_s = token_s
        self._access: dict[str, float] = {}
        super().__init__(token=token, account_id=account_id, **given)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/token", self._grant)
        router.add_post("/{version}/customers/{customer}/googleAds:searchStream", self.served(self._search))
        router.add_post("/{version}/customers/{customer}/campaigns:mutate", self.served(self._mutate))
        router.add_post("/{version}/customers/{customer}/campaignBudgets:mutate", self.served(self._budgets))
        router.add_route("*", "/{path:.*}", self.served(self._unknown))

    # -- every call -------------------------------------------------------------------------------

    async def asked(self, request: web.Request) -> Asked:
        if not request.path.endswith("campaigns:mutate"):
            return Asked()
        updates = [each.get("update", {}) for each in _dicts((await _body(request)).get("operations"))]
        statuses = {str(each.get("status")) for each in updates}
        status = next((STATUS[each] for each in ("ENABLED", "PAUSED") if each in statuses), None)
        return Asked(status=status, campaigns=tuple(map(_campaign_id, updates)))

    async def check(self, request: web.Request) -> None:
        """Token, version, manager and customer; a developer token is ignored, as it is since 2026-09-09."""
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.faults.revoked:
            raise _unauthenticated("OAUTH_TOKEN_REVOKED")
        if self._access.get(bearer, 0.0) <= self.clock.monotonic():
            raise _unauthenticated("OAUTH_TOKEN_EXPIRED" if bearer in self._access else "OAUTH_TOKEN_INVALID")
        if request.match_info.get("version") not in VERSIONS:
            raise Refusal(web.Response(status=404, text="<html>404</html>", content_type="text/html"))
        through = request.headers.get("login-customer-id")
        if request.match_info.get("customer") != self.account.id or through != self._manager:
            text = (
                "User doesn't have permission to access customer. Note: If you're accessing a client customer"
            )
            raise GoogleAdsError(403, "authorizationError", "USER_PERMISSION_DENIED", text)

    def limited(self) -> web.Response:
        return limited(self.faults.retry_after_s).response

    def trouble(self) -> web.Response:
        return trouble(transient=self.rng.uniform(0.0, 1.0) < 0.5).response

    def finish(self, _request: web.Request, response: web.Response, /) -> None:
        response.headers["request-id"] = "Xy_2demo"

    # -- OAuth ------------------------------------------------------------------------------------

    async def _grant(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if {name: form.get(name) for name in self._client} != self._client:
            return web.json_response({"error": "invalid_client"}, status=401)
        known = hmac.compare_digest(form.get("refresh_token", "").encode(), self.token.encode())
        if form.get("grant_type") != "refresh_token" or not known or self.faults.revoked:
            refused = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            return web.json_response(refused, status=400)
        access = f"ya29.{self.rng.bits(64):016x}"
        self._access[access] = self.clock.monotonic() + self._token_s
        scope = "https://www.googleapis.com/auth/adwords"
        granted = {"access_token": access, "expires_in": int(self._token_s), "scope": scope}
        return web.json_response(granted | {"token_type": "Bearer"})

    # -- what Google Ads serves -------------------------------------------------------------------

    async def _search(self, request: web.Request) -> web.Response:
        try:
            query = parse(str((await _body(request)).get("query")))
        except GoogleAdsError as error:
            return error.in_a_stream()
        rows = [_nested(row, query) for row in self._rows(query) if query.holds(row)]
        chunks = [
            {
                "results": rows[start : start + CHUNK_ROWS],
                "fieldMask": ",".join(query.fields),
                "requestId": "Xy_2demo",
                "queryResourceConsumption": "512",
            }
            for start in range(0, len(rows), CHUNK_ROWS)
        ]
        return web.json_response(chunks)

    def _rows(self, query: Query) -> Iterator[Mapping[str, object]]:
        customer: dict[str, object] = {
            "customer.id": self.account.id,
            "customer.descriptive_name": self.account.name,
            "customer.currency_code": self.account.currency,
        }
        if query.source == "customer":
            yield customer
            return
        if "segments.date" in query.fields:
            for campaign, day, result in self.account.results_between(date.min, date.max):
                yield {**customer, **self._campaign(campaign), **_metrics(day, result)}
            return
        for campaign in self.account.campaigns.values():
            yield {**customer, **self._campaign(campaign)}

    def _campaign(self, campaign: StandInCampaign) -> Mapping[str, object]:
        status = SPOKEN[self.account.seen_status(campaign)]
        primary = campaign.hindered if campaign.hindered and status == "ENABLED" else PRIMARY[status]
        budget = None if campaign.daily_budget is None else str(campaign.daily_budget * 10_000)
        row = {
            "campaign.resource_name": f"customers/{self.account.id}/campaigns/{campaign.id}",
            "campaign.id": campaign.id,
            "campaign.name": campaign.name,
            "campaign.status": status,
            "campaign.primary_status": primary,
            "campaign_budget.resource_name": f"customers/{self.account.id}/campaignBudgets/9{campaign.id}",
            "campaign_budget.amount_micros": budget,
            "campaign_budget.explicitly_shared": campaign.shares_budget,
        }
        return {name: value for name, value in row.items() if value is not None}

    async def _mutate(self, request: web.Request) -> web.Response:
        body = await _body(request)
        causes: list[Mapping[str, object]] = []
        results: list[Mapping[str, object]] = []
        granted: list[tuple[str, str]] = []
        for index, operation in enumerate(_dicts(body.get("operations"))):
            fault = self._fault_of(operation, index)
            update = operation.get("update", {})
            causes += [fault] if fault else []
            results.append({} if fault else {"resourceName": update["resourceName"]})
            granted += [] if fault else [(_campaign_id(update), STATUS[update["status"]])]
        answer: dict[str, object] = {"results": results}
        if causes and body.get("partialFailure") is not True:
            raise _refused(causes[0])
        if causes:
            text = "Multiple errors in `details`."
            answer["partialFailureError"] = {"code": 3, "message": text, "details": [failure(causes)]}
        if body.get("validateOnly") is not True:
            for campaign_id, status in granted:
                self.set_status(request, campaign_id, status)
        return web.json_response(answer if body.get("validateOnly") is not True else {})

    async def _budgets(self, request: web.Request) -> web.Response:
        (operation,) = _dicts((await _body(request)).get("operations"))
        name, amount = operation["update"]["resourceName"], str(operation["update"]["amountMicros"])
        campaign = self.account.campaigns.get(name.rpartition("/9")[2])
        if campaign is None or operation.get("updateMask") != "amount_micros":
            raise GoogleAdsError(400, "mutateError", "RESOURCE_NOT_FOUND", "Resource was not found.")
        if not amount.isdecimal() or int(amount) % 10_000:
            raise GoogleAdsError(400, "campaignBudgetError", "NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT", "No.")
        self.account.set_budget(campaign.id, int(amount) // 10_000)
        return web.json_response({"results": [{"resourceName": name}]})

    def _fault_of(self, operation: Mapping[str, Any], index: int) -> Mapping[str, object] | None:
        """Why an operation cannot be done; None where it can."""
        update = operation.get("update", {})
        place = {"fieldPathElements": [{"fieldName": "operations", "index": index}]}
        campaign = self.account.campaigns.get(_campaign_id(update))
        if operation.get("updateMask") != "status" or update.get("status") not in STATUS:
            return cause("fieldMaskError", "FIELD_NOT_FOUND", "The field mask is wrong.", location=place)
        if campaign is None or SPOKEN[campaign.status] == "REMOVED":
            return cause("mutateError", "RESOURCE_NOT_FOUND", "Resource was not found.", location=place)
        if self.faults.leaves_out(self.rng):
            text = "Too many requests. Retry in 30 seconds."
            return cause("quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", text, location=place)
        return None

    async def _unknown(self, _request: web.Request) -> web.Response:
        return web.Response(status=404, text="<html>404</html>", content_type="text/html")


def _metrics(day: date, result: StandInResult) -> Mapping[str, object]:
    """Whole numbers are text, fractions numbers; what is zero is left out."""
    row: dict[str, object] = {"segments.date": day.isoformat()}
    row |= {
        name: str(value)
        for name, value in (
            ("metrics.cost_micros", result.spend * 10_000),
            ("metrics.clicks", result.clicks),
            ("metrics.impressions", result.impressions),
        )
        if value
    }
    row |= {"metrics.conversions": result.conversions} if result.conversions else {}
    return row | ({"metrics.conversions_value": result.revenue / 100} if result.revenue else {})


def _unauthenticated(word: str) -> GoogleAdsError:
    text = "Request had invalid authentication credentials."
    return GoogleAdsError(401, "authenticationError", word, text)


def _refused(cause: Mapping[str, object]) -> GoogleAdsError:
    (group, word), *_ = cast(Mapping[str, str], cause["errorCode"]).items()
    return GoogleAdsError(400, group, word, str(cause["message"]))


async def _body(request: web.Request) -> Mapping[str, Any]:
    try:
        found = await request.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _campaign_id(update: Mapping[str, Any]) -> str:
    found = _NAME.fullmatch(str(update.get("resourceName")))
    return found["id"] if found else ""


def _nested(row: Mapping[str, object], query: Query) -> Mapping[str, object]:
    """The fields asked for, as nested objects with names in camelCase; each with its resource name."""
    names: Sequence[str] = [f"{name.split('.')[0]}.resource_name" for name in query.fields]
    nested: dict[str, dict[str, object]] = {}
    for name in (*names, *query.fields):
        if name in row:
            group, _, field = name.partition(".")
            nested.setdefault(_camel(group), {})[_camel(field)] = row[name]
    return nested


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.title() for each in others)
