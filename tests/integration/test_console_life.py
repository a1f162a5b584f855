import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from leadboost.console.auth import Role
from leadboost.errors import ConfigError
from leadboost.messages.enterprise import ListStock
from leadboost.runtime import Actor
from tests.integration.console_world import PRODUCT, World, running_console

ALWAYS = ["/", "/healthz", "/health", "/readyz", "/metrics", "/openapi.json"]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


@pytest.fixture
async def closed() -> AsyncIterator[World]:
    async with running_console(opened=False) as world:
        yield world


class Slow(Actor[ListStock]):
    """Answers when it is let go."""

    def __init__(self, begun: asyncio.Event, go: asyncio.Event) -> None:
        self._begun = begun
        self._go = go

    async def receive(self, _: ListStock) -> Any:
        self._begun.set()
        await self._go.wait()
        return [PRODUCT]


@pytest.mark.parametrize("mode", ["starting", "safe_mode", "stopping"])
async def test_a_console_without_actors_refuses_work_and_says_why(closed: World, mode: str) -> None:
    closed.mode = mode

    reply = await closed.call("GET", "/api/stock")

    assert (reply.status, reply.json()["code"]) == (503, mode)
    assert reply.headers["Retry-After"] == "1"


@pytest.mark.parametrize("path", ALWAYS)
async def test_a_console_without_actors_still_tells_its_own_state(closed: World, path: str) -> None:
    closed.mode = "safe_mode"

    reply = await closed.call("GET", path, role=None)

    assert reply.headers["Content-Type"] != "application/problem+json"


async def test_health_is_200_only_while_running(world: World) -> None:
    running = await world.call("GET", "/health", role=None)
    world.mode = "safe_mode"
    failed = await world.call("GET", "/health", role=None)

    assert (running.status, failed.status) == (200, 503)
    assert failed.json() == {
        "mode": "safe_mode",
        "version": "0.1.0",
        "demo": False,
        "components": [{"name": "database", "state": "up", "detail": None, "took_s": None}],
        "problems": [],
    }


async def test_being_alive_depends_on_nothing(world: World) -> None:
    world.mode, world.ready = "safe_mode", False

    assert (await world.call("GET", "/healthz", role=None)).status == 200


async def test_readiness_names_the_failing_check(world: World) -> None:
    ready = await world.call("GET", "/readyz", role=None)
    world.ready = False
    unready = await world.call("GET", "/readyz", role=None)

    assert (ready.status, unready.status) == (200, 503)
    assert unready.json() == {"ok": False, "checks": {"database": "gone"}}


async def test_the_front_answers_a_program_with_health_and_a_person_with_a_page(world: World) -> None:
    program = await world.call("GET", "/", role=None, headers={"Accept": "application/json"})
    person = await world.call("GET", "/", role=None, headers={"Accept": "text/html"})

    assert program.json()["mode"] == "running"
    assert person.headers["Content-Type"] == "text/html; charset=utf-8"
    assert set(re.findall(rb'href="([^"]+)"', person.body)) == {b"/health", b"/openapi.json"}
    assert b"<script" not in person.body


async def test_a_closed_intake_refuses_new_work(world: World) -> None:
    world.console.close_intake()

    reply = await world.call("GET", "/api/stock")

    assert (reply.status, reply.json()["code"]) == (503, "stopping")


async def test_metrics_count_requests_by_route_and_actors_by_name(world: World) -> None:
    for path in ("/api/stock", "/api/stock", "/nothing/" + "x" * 50):
        await world.call("GET", path)

    text = (await world.call("GET", "/metrics")).body.decode()

    count = "leadboost_http_request_duration_seconds_count"
    assert f'{count}{{method="GET",route="/api/stock",status="200"}} 2.0' in text
    assert f'{count}{{method="any",route="unmatched",status="404"}} 1.0' in text
    assert 'leadboost_actor_handled_total{actor="probe"} 2.0' in text
    assert 'leadboost_actor_depth{actor="probe",lane="command"} 0.0' in text
    assert "xxxx" not in text


async def test_a_port_in_use_is_named(world: World) -> None:
    async with running_console() as other:
        other.console._port = int(world.url.rpartition(":")[2])
        await other.console.stop()
        with pytest.raises(ConfigError, match=r"http\.port = \d+: is in use on 127\.0\.0\.1"):
            await other.console.start()


async def test_a_host_that_is_not_here_is_named(world: World) -> None:
    await world.console.stop()
    world.console._host = "192.0.2.1"

    with pytest.raises(ConfigError, match=r"http\.host = 192\.0\.2\.1: cannot be listened on"):
        await world.console.start()


async def test_stopping_lets_a_request_under_way_end(world: World) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    world.probe.ref = await world.runtime.spawn("slow", lambda: Slow(begun, go))
    world.console.open(world.handles())

    async with asyncio.TaskGroup() as group:
        under_way = group.create_task(world.call("GET", "/api/stock"))
        await begun.wait()
        stopping = group.create_task(world.console.stop())
        go.set()
    await stopping

    assert under_way.result().status == 200


async def test_draining_waits_for_requests_under_way_and_no_longer_than_told(world: World) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    world.probe.ref = await world.runtime.spawn("slow", lambda: Slow(begun, go))
    world.console.open(world.handles())
    idle = await world.console.drain(0)

    async with asyncio.TaskGroup() as group:
        under_way = group.create_task(world.call("GET", "/api/stock"))
        await begun.wait()
        world.console.close_intake()
        drained = [await world.console.drain(0.01)]
        go.set()
        drained.append(await world.console.drain(5))

    assert (idle, drained, under_way.result().status) == (True, [False, True], 200)


async def test_stopping_cuts_what_does_not_end_within_a_second(world: World) -> None:
    begun = asyncio.Event()
    world.probe.ref = await world.runtime.spawn("stuck", lambda: Slow(begun, asyncio.Event()))
    world.console.open(world.handles())
    loop = asyncio.get_running_loop()

    async with asyncio.TaskGroup() as group:
        stuck = group.create_task(refused(world))
        await begun.wait()
        started = loop.time()
        await world.console.stop()
        took = loop.time() - started

    assert stuck.result()
    assert 0.5 < took < 1.5


async def refused(world: World) -> bool:
    try:
        await world.call("GET", "/api/stock")
    except aiohttp.ClientError:
        return True
    return False


async def test_after_stopping_nobody_listens(world: World) -> None:
    await world.console.stop()

    with pytest.raises(aiohttp.ClientConnectorError):
        await world.call("GET", "/healthz")


async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(world: World) -> None:
    token = world.token(Role.ADMIN)["Authorization"].encode()
    head = (
        b"PUT /api/stock/cup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    )
    tail = b"Expect: 100-continue\r\nContent-Length: 11\r\nAuthorization: " + token + b"\r\n\r\n"

    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(world.url.rpartition(":")[2]))
        writer.write(head + tail)
        asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(b'{"floor":1}')
        answer = await reader.read()
        writer.close()

    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
