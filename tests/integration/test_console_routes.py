import json
import re
from collections.abc import AsyncIterator

import pytest

from leadboost.console.auth import Role
from leadboost.console.edge import SECURITY_HEADERS
from leadboost.console.page import CSP
from leadboost.console.routes import ROUTES, Route
from tests.integration.console_world import World, running_console

PUBLIC = {
    ("GET", "/"),
    ("GET", "/assets/{name}"),
    ("GET", "/healthz"),
    ("GET", "/health"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
    ("POST", "/oauth/token"),
    ("POST", "/api/session"),
    ("DELETE", "/api/session"),
    ("POST", "/api/session/first"),
    ("POST", "/hooks/signals/{name}"),
    ("POST", "/hooks/shopify"),
    ("POST", "/hooks/woocommerce"),
}
ROLES = {
    ("GET", "/api/session"): Role.VIEWER,
    ("GET", "/api/accounts"): Role.ADMIN,
    ("POST", "/api/accounts"): Role.ADMIN,
    ("POST", "/predict"): Role.VIEWER,
    ("POST", "/api/signals"): Role.OPERATOR,
    ("GET", "/api/signals"): Role.VIEWER,
    ("POST", "/api/signals/{id}/accept"): Role.OPERATOR,
    ("POST", "/api/signals/{id}/reject"): Role.OPERATOR,
    ("POST", "/api/signals/erase"): Role.ADMIN,
    ("GET", "/api/radar"): Role.VIEWER,
    ("GET", "/api/topics"): Role.VIEWER,
    ("PUT", "/api/topics"): Role.OPERATOR,
    ("GET", "/api/sources"): Role.VIEWER,
    ("POST", "/api/sources/{name}/mute"): Role.OPERATOR,
    ("POST", "/api/outcomes"): Role.OPERATOR,
    ("GET", "/api/model"): Role.VIEWER,
    ("POST", "/api/model/rollback"): Role.APPROVER,
    ("PUT", "/api/stock/{sku}"): Role.OPERATOR,
    ("GET", "/api/stock"): Role.VIEWER,
    ("POST", "/api/stock/{sku}/restock"): Role.OPERATOR,
    ("GET", "/api/stock/{sku}/ledger"): Role.VIEWER,
    ("POST", "/api/reservations"): Role.OPERATOR,
    ("POST", "/api/reservations/{id}/confirm"): Role.OPERATOR,
    ("DELETE", "/api/reservations/{id}"): Role.OPERATOR,
    ("POST", "/api/sales"): Role.OPERATOR,
    ("POST", "/api/simulate"): Role.VIEWER,
    ("POST", "/api/sales/{id}/return"): Role.OPERATOR,
    ("GET", "/api/safety"): Role.VIEWER,
    ("POST", "/api/panic"): Role.OPERATOR,
    ("GET", "/api/panic/{id}"): Role.VIEWER,
    ("POST", "/api/resume"): Role.APPROVER,
    ("GET", "/api/campaigns"): Role.VIEWER,
    ("GET", "/api/campaigns/books"): Role.VIEWER,
    ("POST", "/api/campaigns/links"): Role.OPERATOR,
    ("GET", "/api/connections"): Role.VIEWER,
    ("GET", "/api/rules"): Role.VIEWER,
    ("PUT", "/api/rules"): Role.ADMIN,
    ("POST", "/api/rules/preview"): Role.VIEWER,
    ("POST", "/api/rules/replay"): Role.VIEWER,
    ("GET", "/api/alerts"): Role.VIEWER,
    ("POST", "/api/alerts/{id}/acknowledge"): Role.OPERATOR,
    ("POST", "/api/connections/{name}/test"): Role.ADMIN,
    ("GET", "/api/events"): Role.VIEWER,
    ("GET", "/api/actors"): Role.VIEWER,
    ("GET", "/dashboard/ws"): Role.VIEWER,
}
PAGE_HEADERS = {"Content-Security-Policy": CSP, "Cache-Control": "no-cache"}
FRONT_AND_SALE = [("/", "get"), ("/api/sales", "post")]
GUARDED = [route for route in ROUTES if isinstance(route.access, Role)]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def address(route: Route) -> str:
    return re.sub(r"\{\w+\}", "cup", route.path)


def test_every_route_has_its_role_or_is_public() -> None:
    assert {(route.method, route.path): route.access for route in GUARDED} == ROLES
    assert {(route.method, route.path) for route in ROUTES if route.access is None} == PUBLIC
    assert [route.path for route in ROUTES if callable(route.access)] == ["/metrics"]


def test_every_route_is_told_once() -> None:
    names = [name(route) for route in ROUTES]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("route", GUARDED, ids=name)
async def test_a_guarded_route_asks_who_calls(world: World, route: Route) -> None:
    reply = await world.call(route.method, address(route), role=None)

    assert (reply.status, reply.json()["code"]) == (401, "unauthorized")
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="leadboost"'


@pytest.mark.parametrize("route", GUARDED, ids=name)
@pytest.mark.parametrize("role", Role, ids=str)
@pytest.mark.parametrize("by", ["token", "cookie"])
async def test_a_role_opens_what_it_should_and_no_more(
    world: World, by: str, role: Role, route: Route
) -> None:
    headers = world.token(role) if by == "token" else await world.signed_in(role)

    reply = await world.call(route.method, address(route), role=None, headers=headers)

    needed = ROLES[route.method, route.path]
    assert reply.status != 401
    assert (reply.status == 403) == (role < needed)
    if role < needed:
        assert reply.json()["code"] == "forbidden"
        assert f"needs the role {needed}" in reply.json()["detail"]


@pytest.mark.parametrize("route", ROUTES, ids=name)
@pytest.mark.parametrize("role", [None, Role.ADMIN], ids=["nobody", "admin"])
async def test_every_answer_carries_the_security_headers(
    world: World, route: Route, role: Role | None
) -> None:
    reply = await world.call(route.method, address(route), role=role)

    expected = dict(SECURITY_HEADERS) | (PAGE_HEADERS if route.path == "/" else {})
    carried = {header: reply.headers.get(header) for header in expected}
    assert carried == expected
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", reply.headers["X-Trace-Id"]
    )


def test_the_policy_allows_nothing_and_the_server_is_not_described() -> None:
    assert SECURITY_HEADERS["Content-Security-Policy"].startswith("default-src 'none';")
    assert SECURITY_HEADERS["X-Content-Type-Options"] == "nosniff"
    assert SECURITY_HEADERS["Cache-Control"] == "no-store"
    assert SECURITY_HEADERS["Server"] == "leadboost"


@pytest.mark.parametrize(
    "path", ["/nothing", "/api", "/api/sales/", "/API/SALES", "//api/sales", "/api/stock/a/b"]
)
async def test_what_is_not_there_is_not_found(world: World, path: str) -> None:
    reply = await world.call("GET", path)

    assert (reply.status, reply.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/sales", "POST"),
        ("DELETE", "/api/signals", "GET, HEAD, POST"),
        ("TRACE", "/", "GET, HEAD"),
        ("OPTIONS", "/api/stock/cup", "PUT"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    world: World, method: str, path: str, allowed: str
) -> None:
    reply = await world.call(method, path)

    assert (reply.status, reply.json()["code"]) == (405, "method_not_allowed")
    assert reply.headers["Allow"] == allowed


async def test_head_answers_like_get_without_a_body(world: World) -> None:
    head, get = await world.call("HEAD", "/api/stock"), await world.call("GET", "/api/stock")

    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize("site", ["cross-site", "same-site", "rubbish"])
async def test_a_page_of_another_site_changes_nothing(world: World, site: str) -> None:
    reply = await world.call("PUT", "/api/stock/cup", json={"floor": 1}, headers={"Sec-Fetch-Site": site})

    assert (reply.status, reply.json()["code"]) == (403, "cross_site")
    assert world.probe.received == []


@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_our_own_page_may_change_things(world: World, site: str) -> None:
    reply = await world.call("PUT", "/api/stock/cup", json={"floor": 1}, headers={"Sec-Fetch-Site": site})

    assert reply.status == 200


async def test_the_openapi_document_describes_every_route_with_its_role(world: World) -> None:
    document = (await world.call("GET", "/openapi.json", role=None)).json()

    described = {
        (method.upper(), path): operation.get("x-role")
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert document["openapi"] == "3.1.0"
    assert described == {
        (route.method, route.path): str(ROLES.get((route.method, route.path), "viewer"))
        if route.access is not None
        else None
        for route in ROUTES
    }


async def test_the_openapi_document_refers_to_nothing_that_is_missing(world: World) -> None:
    reply = await world.call("GET", "/openapi.json", role=None)

    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', reply.body.decode()))
    assert referred
    assert referred <= set(reply.json()["components"]["schemas"])


async def test_the_openapi_document_says_that_amounts_are_exact_numbers(world: World) -> None:
    document = (await world.call("GET", "/openapi.json", role=None)).json()

    price = document["components"]["schemas"]["ProductReply"]["properties"]["price"]
    assert price["anyOf"][0]["type"] == "number"
    assert "exact" in price["anyOf"][0]["description"]


async def test_the_openapi_document_allows_null_only_where_it_is_welcome(world: World) -> None:
    paths = (await world.call("GET", "/openapi.json", role=None)).json()["paths"]

    bodies = [
        paths["/api/stock/{sku}"]["put"]["requestBody"]["content"]["application/json"]["schema"],
        paths["/api/sales"]["post"]["requestBody"]["content"]["application/json"]["schema"],
    ]
    queries = [operation["get"]["parameters"] for operation in paths.values() if "get" in operation]
    assert {len(body["properties"]) for body in bodies} == {3, 8}
    assert "null" not in json.dumps([bodies, queries])


async def test_the_openapi_document_tells_every_type_of_an_answer(world: World) -> None:
    paths = (await world.call("GET", "/openapi.json", role=None)).json()["paths"]

    front, sale = (paths[path][method]["responses"] for path, method in FRONT_AND_SALE)
    assert {status: set(answer["content"]) for status, answer in front.items()} == {
        "200": {"text/html", "application/json"},
        "503": {"application/json"},
        "default": {"application/problem+json"},
    }
    refusals = [sale[status]["content"]["application/problem+json"]["schema"] for status in ("404", "409")]
    assert refusals[0]["required"] == ["type", "title", "status", "code", "detail", "sku"]
    assert "trace_id" not in json.dumps(refusals)
