from collections.abc import AsyncIterator

import pytest

from leadboost.console.auth import Role
from tests.integration.console_world import World, running_console
from tests.integration.session_world import PASSWORD, STOCK, cookie, make, sign_in, status, store_of

OUR_HOSTS = ["127.0.0.1", "localhost", "[::1]"]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


@pytest.fixture
async def public() -> AsyncIterator[World]:
    async with running_console(public_url="https://boost.example") as world:
        yield world


async def test_behind_tls_the_cookie_is_bound_to_the_host(public: World) -> None:
    await make(public)
    outside = {"Origin": "https://boost.example"}

    reply = await public.call(
        "POST", "/api/session", role=None, json={"name": "ana", "password": PASSWORD}, headers=outside
    )

    assert reply.headers["Set-Cookie"].startswith("__Host-leadboost=")
    assert "; Secure" in reply.headers["Set-Cookie"]
    headers = {"Cookie": cookie(reply), **outside}
    assert await status(public, headers, "PUT", "/api/stock/cup") == 415
    plain = {"Cookie": cookie(reply).removeprefix("__Host-"), "Host": "boost.example"}
    assert await status(public, plain) == 401


@pytest.mark.parametrize("value", ["", "x", "a" * 43, "a" * 5000, "../../etc", "é", '"; DROP TABLE logins'])
async def test_a_made_up_cookie_opens_nothing(world: World, value: str) -> None:
    reply = await world.call("GET", STOCK, role=None, headers={"Cookie": f"leadboost={value}"})

    assert (reply.status, reply.json()["code"]) == (401, "unauthorized")


async def test_a_cookie_that_cannot_be_a_token_is_not_looked_up(world: World) -> None:
    await status(world, {"Cookie": f"leadboost={'a' * 101}"})

    assert store_of(world).calls == []


async def test_a_cookie_sent_to_another_host_name_of_this_machine_is_not_ours(world: World) -> None:
    headers = await world.signed_in(Role.VIEWER)

    assert await status(world, headers | {"Host": "attacker.example"}) == 401


async def test_a_bearer_token_counts_where_both_are_sent(world: World) -> None:
    headers = await world.signed_in(Role.ADMIN) | world.token(Role.VIEWER)

    assert await status(world, headers, path="/api/accounts") == 403


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1",
        "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:1{port}",
        "http://localhost:{port}",
        "http://evil.example",
        "HTTP://127.0.0.1:{port}",
        "http://127.0.0.1:{port}/",
    ],
)
async def test_a_write_by_cookie_needs_exactly_our_own_origin(world: World, origin: str | None) -> None:
    headers = await world.signed_in(Role.ADMIN)
    del headers["Origin"]
    if origin is not None:
        headers["Origin"] = origin.format(port=world.url.rpartition(":")[2])

    reply = await world.call("PUT", "/api/stock/cup", role=None, headers=headers, json={"floor": 1})

    assert (reply.status, reply.json()["code"]) == (403, "cross_site")
    assert world.probe.received == []


async def test_two_origins_are_as_good_as_none(world: World) -> None:
    cookie_header = (await world.signed_in(Role.ADMIN))["Cookie"]
    request = (
        f"PUT /api/stock/cup HTTP/1.1\r\nHost: {world.url[7:]}\r\nCookie: {cookie_header}\r\n"
        f"Origin: {world.url}\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n"
    )

    answer = await world.raw(request.encode())

    assert answer.startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("host", OUR_HOSTS)
async def test_every_loopback_name_has_a_page_of_its_own(world: World, host: str) -> None:
    authority = f"{host}:{world.url.rpartition(':')[2]}"
    headers = await world.signed_in(Role.ADMIN) | {"Origin": f"http://{authority}", "Host": authority}

    reply = await world.call("PUT", "/api/stock/cup", role=None, headers=headers, json={"floor": 1})

    assert reply.status == 200


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null"])
@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("DELETE", ""), ("POST", "/first")])
async def test_no_other_site_signs_anybody_in_or_out(
    world: World, method: str, path: str, origin: str | None
) -> None:
    await make(world)
    headers = {} if origin is None else {"Origin": origin}
    body = {"name": "ana", "password": PASSWORD}

    reply = await world.call(method, "/api/session" + path, role=None, json=body, headers=headers)

    assert (reply.status, reply.json()["code"]) == (403, "cross_site")
    assert "Set-Cookie" not in reply.headers


async def test_the_refusal_of_our_own_page_behind_a_proxy_names_the_setting(world: World) -> None:
    reply = await sign_in(world, Origin="https://boost.example")

    assert "http.public_url" in reply.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/stock", "/nowhere"])
async def test_behind_tls_every_answer_keeps_browsers_to_tls(public: World, path: str) -> None:
    reply = await public.call("GET", path, role=None)

    assert reply.headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_without_a_public_address_nothing_asks_for_tls(world: World) -> None:
    reply = await world.call("GET", "/healthz", role=None)

    assert "Strict-Transport-Security" not in reply.headers


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "x-forwarded-host"])
async def test_what_a_proxy_passes_on_is_never_admitted_by_the_cookie_of_this_machine(
    public: World, header: str
) -> None:
    headers = await public.signed_in(Role.ADMIN)

    assert await status(public, headers) == 200
    assert await status(public, headers | {header: "192.0.2.1"}) == 401


async def test_the_public_page_writes_by_its_own_cookie_alone(public: World) -> None:
    headers = await public.signed_in(Role.ADMIN)
    outside = {"Origin": "https://boost.example"}

    own = headers | outside | {"Cookie": f"__Host-{headers['Cookie']}"}

    assert await status(public, headers | outside, "PUT", "/api/stock/cup") == 401
    assert await status(public, own, "PUT", "/api/stock/cup") == 415
    assert await status(public, headers, "PUT", "/api/stock/cup") == 415
