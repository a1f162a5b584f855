"""Clients that connect and then misbehave, and bodies that are not what their headers say."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable, Coroutine

import pytest
import uvloop

from leadboost.console import listener
from leadboost.console.auth import Role
from leadboost.console.listener import MOST_CONNECTIONS, connection_room
from tests.integration.console_world import World, running_console

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


async def connect(world: World) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(world.url.rpartition(":")[2]))


async def until_cut(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("begun", [b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"])
async def test_a_client_that_sends_no_whole_head_is_cut(
    world: World, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HEAD_DEADLINE_S", 0.05)
    reader, writer = await connect(world)
    writer.write(begun)

    assert await until_cut(reader) == b""
    writer.close()


async def test_a_client_that_was_answered_may_be_silent_for_longer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HEAD_DEADLINE_S", 0.05)
    known, known_writer = await connect(world)
    known_writer.write(HEALTH)
    await known.readuntil(b"}")
    silent, silent_writer = await connect(world)
    await until_cut(silent)

    known_writer.write(HEALTH)
    answered = await known.readuntil(b"}")

    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    known_writer.close()
    silent_writer.close()


async def test_a_client_that_stays_idle_between_requests_is_cut_at_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "IDLE_S", 0.05)
    reader, writer = await connect(world)
    writer.write(HEALTH + b"GET /begun")

    assert (await until_cut(reader)).endswith(b'{"status":"ok"}')
    writer.close()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_connection_beyond_the_bound_is_closed_until_another_one_ends(
    run: Callable[[Coroutine[None, None, bytes]], bytes],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 1)

    assert run(refused_and_then_answered()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert caplog.records == []


async def refused_and_then_answered() -> bytes:
    async with running_console() as world:
        kept, kept_writer = await connect(world)
        kept_writer.write(HEALTH)
        await kept.readuntil(b"}")

        refused, refused_writer = await connect(world)
        assert await until_cut(refused) == b""
        kept_writer.write(LAST)
        await until_cut(kept)
        answer = await world.raw(LAST)
        for writer in (kept_writer, refused_writer):
            writer.close()
    return answer


@pytest.mark.parametrize(
    ("files", "room"),
    [(20_000, MOST_CONNECTIONS), (1024, 896), (100, 50), (resource.RLIM_INFINITY, MOST_CONNECTIONS)],
)
def test_connections_leave_files_to_the_rest_of_the_process(
    files: int, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))

    assert connection_room() == room


@pytest.mark.parametrize("role", [Role.ADMIN, None], ids=["read", "unread"])
async def test_a_body_that_is_not_encoded_as_declared_ends_the_connection_quietly(
    world: World, role: Role | None, caplog: pytest.LogCaptureFixture
) -> None:
    token = world.token(role).get("Authorization", "none").encode()
    head = b"POST /api/sales HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: " + token
    body = b'{"sku": "cup", "quantity": 1}'

    answer = await world.raw(
        head + b"\r\nContent-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )

    assert answer.split(b" ")[1] == (b"400" if role else b"401"), answer
    assert caplog.records == []
