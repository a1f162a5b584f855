import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any, cast

import pytest

from leadboost.clock import SystemClock
from leadboost.console.auth import Role
from leadboost.console.logins import hash_of, id_of
from leadboost.console.problems import ProblemError
from tests.integration.console_world import Reply, World, running_console
from tests.integration.memory_accounts import MemoryAccountStore

PASSWORD = "correct horse battery"
STOCK = "/api/stock"
OUR_HOSTS = ["127.0.0.1", "localhost", "[::1]"]


class MovedClock(SystemClock):
    """The machine's clock, moved ahead by ``ahead``."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
async def world(clock: MovedClock) -> AsyncIterator[World]:
    async with running_console(clock=clock) as world:
        yield world


@pytest.fixture
async def demo() -> AsyncIterator[World]:
    async with running_console(demo=True) as world:
        yield world


@pytest.fixture
async def public() -> AsyncIterator[World]:
    async with running_console(public_url="https://boost.example") as world:
        yield world


def store_of(world: World) -> MemoryAccountStore:
    return cast(MemoryAccountStore, world.accounts)


async def send(world: World, path: str, body: object, **headers: str) -> Reply:
    """Post as our own page does."""
    return await world.call("POST", path, role=None, json=body, headers={"Origin": world.url, **headers})


async def make(world: World, name: str = "ana", role: Role = Role.OPERATOR) -> None:
    body = {"name": name, "password": PASSWORD, "role": str(role)}
    assert (await world.call("POST", "/api/accounts", json=body)).status == 201


async def sign_in(world: World, name: str = "ana", password: str = PASSWORD, **headers: str) -> Reply:
    return await send(world, "/api/session", {"name": name, "password": password}, **headers)


def cookie(reply: Reply) -> str:
    return reply.headers["Set-Cookie"].partition(";")[0]


def page(world: World, reply: Reply) -> dict[str, str]:
    """What the page of that sign-in sends along."""
    return {"Cookie": cookie(reply), "Origin": world.url}


async def status(world: World, headers: Mapping[str, str], method: str = "GET", path: str = STOCK) -> int:
    return (await world.call(method, path, role=None, headers=headers)).status


async def wait_until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        for _ in iter(is_so, True):
            await asyncio.sleep(0)


# -- signing in -----------------------------------------------------------------------------------


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


# -- guessing -------------------------------------------------------------------------------------


async def test_guessing_is_slowed_down_per_account_and_never_for_ever(
    world: World, clock: MovedClock
) -> None:
    await make(world)
    guesses = [(await sign_in(world, password="wrong")).status for _ in range(6)]

    held = await sign_in(world)
    clock.ahead += timedelta(seconds=30)
    later = await sign_in(world)

    assert guesses == [401] * 5 + [429]
    assert (held.status, held.json()["code"], held.headers["Retry-After"]) == (429, "too_many_attempts", "1")
    assert later.status == 200


async def test_guesses_sent_at_once_are_counted_like_others(world: World) -> None:
    await make(world)

    async with asyncio.TaskGroup() as group:
        guesses = [group.create_task(sign_in(world, password=f"wrong {number}")) for number in range(12)]

    assert sorted(guess.result().status for guess in guesses) == [401] * 5 + [429] * 7


async def test_guessing_many_names_is_slowed_down_per_address(world: World) -> None:
    statuses = [(await sign_in(world, f"name {number}", "wrong")).status for number in range(22)]

    assert statuses == [401] * 20 + [429] * 2


async def test_a_success_forgets_the_failures_of_the_account(world: World) -> None:
    await make(world)
    for _ in range(3):
        statuses = [(await sign_in(world, password="wrong")).status for _ in range(4)]
        statuses.append((await sign_in(world)).status)

        assert statuses == [401] * 4 + [200]


async def test_an_outage_counts_as_nobodys_failure(world: World) -> None:
    await make(world)
    store_of(world).away = True
    refused = [(await sign_in(world)).status for _ in range(25)]

    store_of(world).away = False

    assert set(refused) == {503}
    assert (await sign_in(world)).status == 200


# -- what a cookie opens --------------------------------------------------------------------------


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


# -- the life of a login --------------------------------------------------------------------------


async def test_a_token_planted_before_the_sign_in_is_never_adopted(world: World) -> None:
    await make(world)
    planted = "leadboost=" + "A" * 43

    reply = await sign_in(world, Cookie=planted)

    assert cookie(reply) != planted
    assert await status(world, {"Cookie": planted}) == 401
    assert await status(world, page(world, reply)) == 200


async def test_a_new_sign_in_ends_the_login_before(world: World) -> None:
    await make(world)
    ended: list[str] = []
    world.console.logins.on_end(ended.append)
    first = await sign_in(world)

    second = await sign_in(world, Cookie=cookie(first))

    assert ended == [id_of(cookie(first).partition("=")[2])]
    assert await status(world, page(world, first)) == 401
    assert await status(world, page(world, second)) == 200


async def test_signing_out_ends_the_login_and_tells_its_sockets(world: World) -> None:
    await make(world)
    ended: list[str] = []
    world.console.logins.on_end(ended.append)
    headers = page(world, await sign_in(world))
    login_id = id_of(headers["Cookie"].partition("=")[2])
    assert world.console.logins.is_live(login_id)

    reply = await world.call("DELETE", "/api/session", role=None, headers=headers)

    assert (reply.status, ended, world.console.logins.is_live(login_id)) == (200, [login_id], False)
    assert re.match('leadboost="?"?; ', reply.headers["Set-Cookie"])
    assert "Max-Age=0" in reply.headers["Set-Cookie"]
    assert await status(world, headers) == 401
    assert await status(world, headers, path="/api/session") == 401


async def test_signing_out_twice_is_no_error(world: World) -> None:
    headers = await world.signed_in(Role.VIEWER)

    statuses = [await status(world, headers, "DELETE", "/api/session") for _ in range(2)]

    assert statuses == [200, 200]


async def test_signing_out_holds_here_at_once_while_the_database_is_away(world: World) -> None:
    headers = await world.signed_in(Role.VIEWER)
    await status(world, headers)
    store_of(world).away = True

    reply = await world.call("DELETE", "/api/session", role=None, headers=headers)

    assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
    store_of(world).away = False
    assert await status(world, headers) == 401
    assert await status(world, headers, "DELETE", "/api/session") == 200
    assert store_of(world).logins == {}


async def test_a_login_ends_after_half_an_hour_without_use(world: World, clock: MovedClock) -> None:
    headers = await world.signed_in(Role.VIEWER)
    for _ in range(3):
        clock.ahead += timedelta(minutes=29)
        assert await status(world, headers) == 200

    clock.ahead += timedelta(minutes=30)

    assert await status(world, headers) == 401


async def test_a_login_ends_after_twelve_hours_of_use(world: World, clock: MovedClock) -> None:
    headers = await world.signed_in(Role.VIEWER)
    statuses = []
    for _ in range(36):
        statuses.append(await status(world, headers))
        clock.ahead += timedelta(minutes=20)

    assert statuses == [200] * 36
    assert await status(world, headers) == 401


async def test_a_login_that_nobody_uses_any_more_is_not_live(world: World, clock: MovedClock) -> None:
    headers = await world.signed_in(Role.VIEWER)
    await status(world, headers)

    clock.ahead += timedelta(minutes=30)

    assert not world.console.logins.is_live(id_of(headers["Cookie"].partition("=")[2]))


async def test_use_is_written_down_once_a_minute_at_most(world: World, clock: MovedClock) -> None:
    headers = await world.signed_in(Role.VIEWER)
    for _ in range(4):
        await status(world, headers)
        clock.ahead += timedelta(seconds=40)

    assert store_of(world).calls.count("find_login") == 1
    assert store_of(world).calls.count("touch_login") == 1


async def test_a_login_ended_elsewhere_ends_here_within_a_minute(world: World, clock: MovedClock) -> None:
    headers = await world.signed_in(Role.VIEWER)
    await status(world, headers)
    ended: list[str] = []
    world.console.logins.on_end(ended.append)
    store_of(world).logins.clear()

    clock.ahead += timedelta(minutes=1)

    assert await status(world, headers) == 401
    assert len(ended) == 1


async def test_a_login_of_the_demo_opens_nothing_outside_of_it(demo: World) -> None:
    await store_of(demo).renew_first_link(hash_of("link"), always=True)
    held = cookie(await send(demo, "/api/session/first", {"token": "link"}))

    async with running_console(accounts=store_of(demo)) as production:
        assert await status(production, {"Cookie": held}) == 401
    assert await status(demo, {"Cookie": held}) == 200


# -- without the database -------------------------------------------------------------------------


async def test_a_login_goes_on_while_the_database_is_away_within_its_time(
    world: World, clock: MovedClock
) -> None:
    headers = await world.signed_in(Role.OPERATOR)
    await status(world, headers)
    store_of(world).away = True

    for minutes in (2, 29):
        clock.ahead += timedelta(minutes=minutes)
        reply = await world.call("PUT", "/api/stock/cup", role=None, headers=headers, json={"floor": 1})
        assert reply.status == 200
    clock.ahead += timedelta(minutes=30)

    assert await status(world, headers) == 401


async def test_signing_in_waits_for_the_database(world: World) -> None:
    await make(world)
    store_of(world).away = True

    reply = await sign_in(world)

    assert (reply.status, reply.json()["code"]) == (503, "store_unavailable")
    assert reply.headers["Retry-After"] == "1"


async def test_a_login_that_only_the_database_knows_waits_for_it(world: World) -> None:
    headers = await world.signed_in(Role.VIEWER)
    store_of(world).away = True

    assert await status(world, headers) == 503


async def test_before_the_store_is_up_no_login_is_known(world: World) -> None:
    async with running_console(opened=False) as closed:
        reply = await closed.call(
            "GET", "/api/session", role=None, headers={"Cookie": f"leadboost={'a' * 43}"}
        )

        assert (reply.status, reply.headers["Retry-After"]) == (503, "1")


async def test_more_sign_ins_than_can_be_hashed_are_told_to_come_back(world: World) -> None:
    passwords = world.console._passwords
    passwords._under_way = 16

    with pytest.raises(ProblemError) as refused:
        await passwords.hash(PASSWORD)

    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "2"})


# -- accounts -------------------------------------------------------------------------------------


async def test_an_admin_creates_accounts_and_lists_them(world: World) -> None:
    headers = await world.signed_in(Role.ADMIN, "root")
    body = {"name": "Ana", "password": PASSWORD, "role": "approver"}

    created = await world.call("POST", "/api/accounts", role=None, headers=headers, json=body)

    listed = (await world.call("GET", "/api/accounts", role=None, headers=headers)).json()["items"]
    assert (created.status, created.json()) == (201, {**listed[1], "trace_id": created.headers["X-Trace-Id"]})
    assert [(each["name"], each["role"], each["last_login_at"] is None) for each in listed] == [
        ("root", "admin", False),
        ("Ana", "approver", True),
    ]
    assert listed[0].keys() == {"name", "role", "created_at", "last_login_at"}


async def test_a_name_is_taken_once_whatever_its_case(world: World) -> None:
    await make(world, "Ana")

    reply = await world.call(
        "POST", "/api/accounts", json={"name": "ANA", "password": PASSWORD, "role": "viewer"}
    )

    assert (reply.status, reply.json()["code"]) == (409, "account_exists")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " ana"),
        ("name", "a\x00b"),
        ("name", "a\nb"),
        ("name", "a\u202eb"),
        ("name", "a" * 65),
        ("password", "eleven char"),
        ("password", "a" * 257),
        ("password", "password1234"),
        ("password", "P@ssw0rd2024!"),
        ("password", "123456789012"),
        ("password", "aaaaaaaaaaaaaaaa"),
        ("password", "e\u0301" * 7),
        ("role", "root"),
        ("role", None),
    ],
)
async def test_a_bad_account_is_refused_by_field_and_never_repeated(
    world: World, field: str, value: Any
) -> None:
    body = {"name": "ana", "password": PASSWORD, "role": "viewer", field: value}

    reply = await world.call("POST", "/api/accounts", json=body)

    assert reply.status == 422
    assert [fault["field"] for fault in reply.json()["errors"]] == [field]
    assert field != "password" or str(value) not in reply.body.decode()
    assert store_of(world).accounts == {}


async def test_a_dry_run_creates_no_account(world: World) -> None:
    body = {"name": "ana", "password": PASSWORD, "role": "viewer"}

    reply = await world.call("POST", "/api/accounts?dry_run=true", json=body)

    assert (reply.status, reply.json()["valid"]) == (200, 1)
    assert store_of(world).accounts == {}


# -- the first link -------------------------------------------------------------------------------


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
