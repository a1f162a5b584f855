import asyncio
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any

import pytest

from leadboost.console.logins import hash_of
from leadboost.console.problems import ProblemError
from tests.integration.console_world import World, running_console
from tests.integration.session_world import (
    PASSWORD,
    cookie,
    make,
    page,
    send,
    sign_in,
    status,
    store_of,
    wait_until,
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


@pytest.fixture
async def demo() -> AsyncIterator[World]:
    async with running_console(demo=True) as world:
        yield world


async def test_name_and_password_open_a_login(world: World) -> None:
    await make(world, "Ana")

    reply = await sign_in(world, "ANA")

    assert (reply.status, reply.json()) == (200, reply.json() | {"name": "Ana", "role": "operator"})
    assert reply.json().keys() == {"name", "role", "demo", "expires_at"}
    assert await status(world, page(world, reply)) == 200
    session = await world.call("GET", "/api/session", role=None, headers=page(world, reply))
    assert session.json() == reply.json()


async def test_the_cookie_is_closed_to_scripts_and_to_other_sites(world: World) -> None:
    await make(world)

    morsel = SimpleCookie((await sign_in(world)).headers["Set-Cookie"])["leadboost"]

    assert len(morsel.value) == 43
    assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Strict", "/")
    assert (morsel["max-age"], morsel["domain"], morsel["secure"]) == ("43200", "", "")


async def test_only_the_hash_of_a_token_is_stored(world: World) -> None:
    await make(world)

    token = cookie(await sign_in(world)).partition("=")[2]

    assert list(store_of(world).logins) == [hash_of(token)]
    assert token not in repr(store_of(world))


@pytest.mark.parametrize(("name", "password"), [("ana", "correct horse batterz"), ("bob", PASSWORD)])
async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    world: World, name: str, password: str
) -> None:
    await make(world)

    reply = await sign_in(world, name, password)

    assert (reply.status, reply.json()["code"]) == (401, "unauthorized")
    assert reply.json()["detail"] == "The name or the password is wrong."
    assert "Set-Cookie" not in reply.headers


async def test_an_account_without_a_password_has_no_sign_in(demo: World) -> None:
    await store_of(demo).renew_first_link(hash_of("link"), always=True)
    await send(demo, "/api/session/first", {"token": "link"})

    reply = await sign_in(demo, "demo", "demo")

    assert reply.status == 401


@pytest.mark.parametrize(
    ("name", "password", "expected"),
    [
        ("ana\x00", PASSWORD, 422),
        ("a" * 65, PASSWORD, 422),
        ("", PASSWORD, 422),
        ("ana", "", 422),
        ("ana", "x" * 257, 422),
        ("ana", "x" * 20_000, 413),
        ("ana", "x\x00" * 50, 401),
        ("ana' OR '1'='1", PASSWORD, 401),
        ("\u202eana\ufeff", PASSWORD, 401),
        ("ﷺ" * 64, "\U0010ffff" * 256, 401),
        (7, PASSWORD, 422),
        ("ana", None, 422),
    ],
)
async def test_odd_names_and_passwords_are_refused_and_break_nothing(
    world: World, name: Any, password: Any, expected: int
) -> None:
    await make(world)

    reply = await sign_in(world, name, password)

    assert reply.status == expected
    assert (await sign_in(world)).status == 200


@pytest.mark.parametrize(
    "password", ["naïve Ünïcode ☃ 12", "pass\x00word with NUL", "🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧"]
)
async def test_a_password_may_be_any_text_and_is_compared_whole(world: World, password: str) -> None:
    body = {"name": "zoe", "password": password, "role": "viewer"}
    await world.call("POST", "/api/accounts", json=body)

    assert (await sign_in(world, "zoe", password)).status == 200
    assert (await sign_in(world, "zoe", password[:-1])).status == 401


async def test_a_password_counts_as_the_same_however_its_letters_are_composed(world: World) -> None:
    body = {"name": "zoe", "password": "très très long", "role": "viewer"}
    await world.call("POST", "/api/accounts", json=body)

    assert (await sign_in(world, "zoe", "tre\u0300s tre\u0300s long")).status == 200


async def test_the_loop_goes_on_while_passwords_are_hashed(world: World) -> None:
    await make(world)

    async with asyncio.TaskGroup() as group:
        guess = group.create_task(sign_in(world, "ana"))
        await wait_until(lambda: world.console._passwords._under_way == 1)
        alive = (await world.call("GET", "/healthz", role=None)).status
        still_hashing = world.console._passwords._under_way

    assert (alive, still_hashing, guess.result().status) == (200, 1, 200)


async def test_the_first_link_makes_the_first_admin_and_signs_it_in(world: World) -> None:
    await store_of(world).renew_first_link(hash_of("link"), always=False)
    body = {"token": "link", "name": "ana", "password": PASSWORD}

    reply = await send(world, "/api/session/first", body)

    assert (reply.status, reply.json()["role"]) == (200, "admin")
    assert await status(world, page(world, reply), path="/api/accounts") == 200
    assert (await sign_in(world)).status == 200


async def test_the_first_link_alone_asks_for_name_and_password_and_stays_good(world: World) -> None:
    await store_of(world).renew_first_link(hash_of("link"), always=False)

    reply = await send(world, "/api/session/first", {"token": "link"})

    assert (reply.status, [fault["field"] for fault in reply.json()["errors"]]) == (422, ["name", "password"])
    body = {"token": "link", "name": "ana", "password": PASSWORD}
    assert (await send(world, "/api/session/first", body)).status == 200


async def test_the_first_link_of_the_demo_signs_in_at_once_and_once(demo: World) -> None:
    await store_of(demo).renew_first_link(hash_of("link"), always=True)

    first = await send(demo, "/api/session/first", {"token": "link"})
    again = await send(demo, "/api/session/first", {"token": "link"})

    assert first.json() == first.json() | {"name": "demo", "role": "admin", "demo": True}
    assert (again.status, again.json()["code"]) == (401, "first_link_used")
    assert "Set-Cookie" not in again.headers


async def test_an_unknown_first_link_lets_nobody_in(world: World) -> None:
    body = {"token": "guess", "name": "ana", "password": PASSWORD}

    reply = await send(world, "/api/session/first", body)

    assert (reply.status, reply.json()["code"]) == (401, "unauthorized")
    assert store_of(world).accounts == {}


async def test_of_two_uses_of_the_first_link_at_once_exactly_one_gets_in(world: World) -> None:
    await store_of(world).renew_first_link(hash_of("link"), always=False)

    async with asyncio.TaskGroup() as group:
        uses = [
            group.create_task(
                send(
                    world,
                    "/api/session/first",
                    {"token": "link", "name": f"p{number}", "password": PASSWORD},
                )
            )
            for number in range(2)
        ]

    assert sorted(use.result().status for use in uses) == [200, 401]
    assert len(store_of(world).accounts) == 1


async def test_more_sign_ins_than_can_be_hashed_are_told_to_come_back(world: World) -> None:
    passwords = world.console._passwords
    passwords._under_way = 16

    with pytest.raises(ProblemError) as refused:
        await passwords.hash(PASSWORD)

    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "2"})


async def test_no_password_and_no_token_stands_in_any_log(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    await make(world)
    token = cookie(await sign_in(world)).partition("=")[2]
    await sign_in(world, password="a wrong password")
    await sign_in(world, name="a password in the wrong field")
    await send(world, "/api/session/first", {"token": "a guessed token"})

    logged = caplog.text + "".join(capsys.readouterr())
    assert "sign-in refused" in logged
    for secret in (token, PASSWORD, "a wrong password", "in the wrong field", "a guessed token"):
        assert secret not in logged
