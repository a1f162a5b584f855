"""The printed link that lets the first person in."""

import asyncio
import json
import signal
import socket
import urllib.request
from collections.abc import Callable
from contextlib import closing
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import asyncpg

from tests.acceptance.process import Process
from tests.acceptance.test_daemon_life import forwarding

Start = Callable[..., Process]
ANA = {"name": "ana", "password": "correct horse battery"}


def token_of(daemon: Process, *, times: int = 1) -> str:
    """The token in the link that it printed."""
    link = daemon.wait_for("open http", times=times).removeprefix("open ")
    return link.partition("/#first=")[2]


def post(url: str, path: str, body: object, cookie: str = "") -> tuple[int, dict[str, object]]:
    """Post as the daemon's own page does."""
    headers = {"Content-Type": "application/json", "Origin": url, "Cookie": cookie}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except HTTPError as problem:
        with problem:
            return problem.code, json.load(problem)


def test_the_first_start_prints_one_link_that_stands_in_no_log(start: Start, dsn: str) -> None:
    daemon = start(DATABASE_URL=dsn)
    url = daemon.up()
    token = token_of(daemon)

    status, session = post(url, "/api/session/first", {"token": token, **ANA})
    again, problem = post(url, "/api/session/first", {"token": token, **ANA, "name": "bob"})

    assert (status, session["name"], session["role"]) == (200, "ana", "admin")
    assert (again, problem["code"]) == (401, "first_link_used")
    daemon.stop()
    assert [line for line in daemon.lines if token in line] == [f"open {url}/#first={token}"]


def test_a_start_with_an_account_prints_none_and_the_password_signs_in(start: Start, dsn: str) -> None:
    first = start(DATABASE_URL=dsn)
    url = first.up()
    post(url, "/api/session/first", {"token": token_of(first), **ANA})
    first.stop()

    second = start(DATABASE_URL=dsn)
    url = second.up()

    assert post(url, "/api/session", ANA)[0] == 200
    second.stop()
    assert not [line for line in second.lines if "#first=" in line]


def test_a_new_start_without_an_account_voids_the_link_before(start: Start, dsn: str) -> None:
    first = start(DATABASE_URL=dsn)
    first.up()
    old = token_of(first)
    first.stop()

    second = start(DATABASE_URL=dsn)
    url = second.up()

    status, problem = post(url, "/api/session/first", {"token": old, **ANA})
    assert (status, problem["code"]) == (401, "unauthorized")
    assert post(url, "/api/session/first", {"token": token_of(second), **ANA})[0] == 200


async def test_a_kill_between_use_and_answer_leaves_the_next_start_a_new_link(start: Start, dsn: str) -> None:
    first = start(DATABASE_URL=dsn)
    url = await asyncio.to_thread(first.up)
    blocker = await asyncpg.connect(dsn)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("LOCK TABLE logins IN ACCESS EXCLUSIVE MODE")

    use = asyncio.to_thread(post, url, "/api/session/first", {"token": token_of(first), **ANA})
    async with asyncio.TaskGroup() as group:
        answer = group.create_task(answer_or_error(use))
        await wait_for_waiter(blocker)
        first.stop(signal.SIGKILL)
    await transaction.rollback()
    await blocker.close()
    second = start(DATABASE_URL=dsn)
    url = await asyncio.to_thread(second.up)
    status, _ = post(url, "/api/session/first", {"token": token_of(second), **ANA})

    assert isinstance(answer.result(), OSError)
    assert status == 200


async def answer_or_error(use: object) -> object:
    try:
        return await use  # type: ignore[misc] # an awaitable of to_thread
    except OSError as error:
        return error


async def wait_for_waiter(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Wait until the daemon has used the link and waits for the locked table."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'logins'::regclass"
    async with asyncio.timeout(5):
        while not await connection.fetchval(waiting):
            pass


def test_every_start_of_the_demo_prints_a_link_that_signs_in_at_once(start: Start, dsn: str) -> None:
    for _ in range(2):
        daemon = start("--profile", "demo", DATABASE_URL=dsn)
        url = daemon.up()

        status, session = post(url, "/api/session/first", {"token": token_of(daemon)})

        assert (status, session["name"], session["role"], session["demo"]) == (200, "demo", "admin", True)
        daemon.stop()


def test_a_folder_that_knew_only_the_demo_gets_a_link_for_a_real_account(start: Start, dsn: str) -> None:
    demo = start("--profile", "demo", DATABASE_URL=dsn)
    post(demo.up(), "/api/session/first", {"token": token_of(demo)})
    demo.stop()

    production = start(DATABASE_URL=dsn)
    url = production.up()

    status, _ = post(url, "/api/session/first", {"token": token_of(production), **ANA})
    assert status == 200


def test_json_output_carries_the_link_as_a_field(start: Start, dsn: str) -> None:
    daemon = start("--json", DATABASE_URL=dsn)

    said = json.loads(daemon.wait_for('"first_link"'))

    assert said["first_link"].startswith(said["url"] + "/#first=")


def cookie_of_first(daemon: Process) -> str:
    """Use the printed link and return the login's cookie."""
    url = daemon.up()
    headers = {"Content-Type": "application/json", "Origin": url}
    body = json.dumps({"token": token_of(daemon), **ANA}).encode()
    request = urllib.request.Request(url + "/api/session/first", body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as response:
        return str(response.headers["Set-Cookie"]).partition(";")[0]


def name_by(url: str, cookie: str) -> object:
    """Ask who the cookie speaks for."""
    question = urllib.request.Request(url + "/api/session", headers={"Cookie": cookie})
    with urllib.request.urlopen(question, timeout=10) as response:
        return json.load(response)["name"]


def test_a_login_outlasts_a_restart_of_the_daemon(start: Start, dsn: str) -> None:
    first = start(DATABASE_URL=dsn)
    cookie = cookie_of_first(first)
    first.stop()

    second = start(DATABASE_URL=dsn)

    assert name_by(second.up(), cookie) == "ana"


def test_a_login_can_read_and_panic_and_nobody_signs_in_while_postgres_is_away(
    start: Start, dsn: str
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as reserved:
        port = reserved.getsockname()[1]
    parts = urlsplit(dsn)
    proxied = f"postgresql://leadboost:{parts.password}@127.0.0.1:{port}{parts.path}"
    with forwarding(port, int(parse_qs(parts.query)["port"][0])):
        daemon = start(DATABASE_URL=proxied)
        cookie = cookie_of_first(daemon)
        url = daemon.up()
        assert name_by(url, cookie) == "ana"

    status, problem = post(url, "/api/session", ANA)

    assert (status, problem["code"] in ("store_unavailable", "safe_mode")) == (503, True)
    assert name_by(url, cookie) == "ana"
    assert post(url, "/api/panic", {"reason": "drill"}, cookie)[0] == 202


async def test_a_sign_out_that_postgres_missed_is_made_good_when_it_answers(start: Start, dsn: str) -> None:
    daemon = start(DATABASE_URL=dsn)
    cookie = await asyncio.to_thread(cookie_of_first, daemon)
    url = await asyncio.to_thread(daemon.up)
    await asyncio.to_thread(name_by, url, cookie)
    blocker = await asyncpg.connect(dsn)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("LOCK TABLE logins IN ACCESS EXCLUSIVE MODE")

    status, cleared = await asyncio.to_thread(sign_out, url, cookie)
    await transaction.rollback()

    assert (status, "Max-Age=0" in cleared) == (503, True)
    async with asyncio.timeout(20):
        while await blocker.fetchval("SELECT count(*) FROM logins"):
            pass
    await blocker.close()


def sign_out(url: str, cookie: str) -> tuple[int, str]:
    """Return the status, and what becomes of the cookie."""
    headers = {"Origin": url, "Cookie": cookie}
    request = urllib.request.Request(url + "/api/session", headers=headers, method="DELETE")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.headers["Set-Cookie"]
    except HTTPError as problem:
        with problem:
            return problem.code, problem.headers["Set-Cookie"]
