import base64
from collections.abc import AsyncIterator, Mapping

import jwt
import pytest

from leadboost.console.auth import Principal, Role
from tests.integration.console_world import CLIENT, SECRET, Reply, World, running_console

GRANT = {"grant_type": "client_credentials"}
WHO = {"client_id": CLIENT.client_id, "client_secret": CLIENT.secret}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


async def fetch(
    world: World, form: Mapping[str, str] | bytes, headers: Mapping[str, str] | None = None
) -> Reply:
    return await world.call("POST", "/oauth/token", role=None, data=form, headers=headers or {})


async def test_a_client_gets_a_token_of_its_role(world: World) -> None:
    reply = await fetch(world, {**GRANT, **WHO})

    token = reply.json().pop("access_token")
    assert reply.status == 200
    assert {**reply.json(), "access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 3600,
    }
    assert world.tokens.verify(token) == Principal("robot", Role.OPERATOR)
    assert reply.headers["Cache-Control"] == "no-store"


async def test_the_token_opens_a_route(world: World) -> None:
    token = (await fetch(world, {**GRANT, **WHO})).json()["access_token"]

    reply = await world.call("GET", "/api/stock", role=None, headers={"Authorization": f"bearer {token}"})

    assert reply.status == 200


async def test_a_client_may_identify_itself_by_http_basic(world: World) -> None:
    reply = await fetch(world, GRANT, basic("robot", "correct+horse%20battery"))

    assert reply.status == 200


async def test_a_client_may_ask_for_less_than_it_may(world: World) -> None:
    reply = await fetch(world, {**GRANT, **WHO, "scope": "viewer"})

    assert world.tokens.verify(reply.json()["access_token"]).role is Role.VIEWER


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": "", "client_secret": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": "admin"}, 400, "invalid_scope"),
        ({"scope": "everything"}, 400, "invalid_scope"),
    ],
)
async def test_what_is_not_granted_has_the_error_of_the_rfc(
    world: World, changes: Mapping[str, str], status: int, error: str
) -> None:
    reply = await fetch(world, {**GRANT, **WHO, **changes})

    assert (reply.status, reply.json()["error"]) == (status, error)
    assert ("WWW-Authenticate" in reply.headers) == (status == 401)
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Bearer abc"},
        basic("robot", "wrong"),
    ],
)
async def test_a_bad_authorization_header_is_an_invalid_client(
    world: World, headers: Mapping[str, str]
) -> None:
    reply = await fetch(world, GRANT, headers)

    assert (reply.status, reply.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        (b"grant_type=client_credentials", {"Content-Type": "application/json"}),
        (b"grant_type=a&grant_type=b", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"grant_type=%ff", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"\xff", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"a=1&" * 30, {"Content-Type": "application/x-www-form-urlencoded"}),
        (
            b"grant_type=client_credentials&client_secret=x",
            {"Content-Type": "application/x-www-form-urlencoded", **basic("robot", "x")},
        ),
    ],
)
async def test_a_form_that_cannot_be_read_is_an_invalid_request(
    world: World, form: bytes, headers: Mapping[str, str]
) -> None:
    reply = await fetch(world, form, headers)

    assert (reply.status, reply.json()["error"]) == (400, "invalid_request")


async def test_guessing_secrets_is_slowed_down(world: World) -> None:
    wrong = {**GRANT, **WHO, "client_secret": "wrong"}
    statuses = [(await fetch(world, wrong)).status for _ in range(6)]

    reply = await fetch(world, {**GRANT, **WHO})

    assert statuses == [401] * 5 + [429]
    assert (reply.status, reply.headers["Retry-After"]) == (429, "1")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer not.a.token", "Token abc"])
async def test_a_request_without_a_good_token_is_unauthorized(world: World, header: str) -> None:
    reply = await world.call("GET", "/api/stock", role=None, headers={"Authorization": header})

    assert (reply.status, reply.json()["code"]) == (401, "unauthorized")
    assert reply.headers["WWW-Authenticate"].startswith('Bearer realm="leadboost"')


async def test_an_expired_token_is_unauthorized(world: World) -> None:
    token = world.tokens.issue("ana", Role.ADMIN, -1)

    reply = await world.call("GET", "/api/stock", role=None, headers={"Authorization": f"Bearer {token}"})

    assert (reply.status, reply.json()["code"]) == (401, "unauthorized")
    assert "expired" in reply.json()["detail"]


def forged(world: World, **changes: object) -> str:
    """A token like ours, signed by someone else or by nobody."""
    claims = jwt.decode(world.tokens.issue("ana", Role.ADMIN, 600), options={"verify_signature": False})
    return jwt.encode(claims, **{"key": b"f" * 64, "algorithm": "HS256", **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [{}, {"algorithm": "none", "key": None}, {"algorithm": "HS512", "key": SECRET * 2}],
    ids=["wrong signature", "no algorithm", "another algorithm"],
)
async def test_a_forged_token_opens_no_route(world: World, changes: Mapping[str, object]) -> None:
    token = forged(world, **changes)

    reply = await world.call("GET", "/api/stock", role=None, headers={"Authorization": f"Bearer {token}"})

    assert (reply.status, reply.json()["code"]) == (401, "unauthorized")


async def test_metrics_are_open_to_this_machine_but_not_through_a_proxy(world: World) -> None:
    near = await world.call("GET", "/metrics", role=None)
    far = await world.call("GET", "/metrics", role=None, headers={"X-Forwarded-For": "192.0.2.1"})
    known = await world.call("GET", "/metrics", role=Role.VIEWER, headers={"X-Forwarded-For": "192.0.2.1"})

    assert (near.status, far.status, known.status) == (200, 401, 200)


async def test_no_secret_stands_in_any_log(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    token = (await fetch(world, {**GRANT, **WHO})).json()["access_token"]
    await fetch(world, {**GRANT, **WHO, "client_secret": "a wrong secret"})
    await world.raw(b"GET / HTTP/1.1\r\nAuthorization Bearer " + token.encode() + b"\r\n\r\n")

    logged = caplog.text + "".join(capsys.readouterr())
    for secret in (token, CLIENT.secret, "a wrong secret"):
        assert secret not in logged
