"""A crowd of WebSocket viewers in a process of its own, each no more than a protocol that keeps bytes.

Run as a module it reads a ``Crowd`` as JSON from standard input, says ``ready`` when everyone is
greeted, and writes a ``Seen`` when everyone has got the last event. Frames are taken apart after that:
on a small machine every microsecond of a viewer is taken from the server under test.
"""

import asyncio
import gc
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import pairwise
from tempfile import TemporaryFile
from typing import cast
from urllib.parse import urlsplit

import orjson
import uvloop

from bench.servers import die_with_parent

PATHS = {
    "leadboost": "/dashboard/ws",
    "ws": "/",
    "socketio": "/socket.io/?EIO=4&transport=websocket",
}
GREETINGS = {"leadboost": b'"t":"hello"', "ws": b"", "socketio": b'40{"sid"'}
CONNECT_AT_ONCE = 50
_EVENT = re.compile(rb'"t":"event","offset":(\d+),.*?"(?:key|sku)":"([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """``expected`` are the keys of all events in order, the last of them ends the run.

    ``dialect`` is ``leadboost`` (then with a token for each viewer), ``ws`` or ``socketio``. Of
    ``timed`` viewers the arrivals are told. ``stuck`` viewers more connect and never read.
    """

    url: str
    dialect: str
    viewers: int
    expected: list[str]
    tokens: list[str] = field(default_factory=list)
    timed: int = 0
    stuck: int = 0
    deadline_s: float = 90.0


@dataclass(slots=True, kw_only=True)
class Seen:
    """When the last viewer had the last event (monotonic), what went wrong, and arrivals (key, time)."""

    done_at: float = 0.0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    unfinished: int = 0
    arrivals: list[tuple[str, float]] = field(default_factory=list)

    def wrongs(self) -> dict[str, int]:
        """Each must be 0."""
        return {
            "lost": self.lost,
            "doubled": self.doubled,
            "out_of_order": self.out_of_order,
            "unfinished": self.unfinished,
        }


class Watching:
    """A crowd under way; everyone is greeted when the constructor returns."""

    def __init__(self, crowd: Crowd) -> None:
        # hundreds of kilobytes once came cut short through a pipe
        self._seen = TemporaryFile()  # noqa: SIM115 - seen() closes it
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.viewers", str(self._seen.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self._seen.fileno()],
            preexec_fn=die_with_parent,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._process.stdin as order:
            order.write(orjson.dumps(asdict(crowd)))
        self._process.stdin = None
        if self._process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"the viewers of {crowd.dialect} were not let in")

    def seen(self) -> Seen:
        """Wait for the end; the crowd's own deadline bounds it."""
        with self._process, self._seen:
            if code := self._process.wait():
                raise RuntimeError(f"the viewers ended with code {code}, see their output")
            self._seen.seek(0)
            return Seen(**orjson.loads(self._seen.read()))


class _Viewer(asyncio.Protocol):
    """Keeps what comes in, and when."""

    def __init__(self, crowd: Crowd, number: int, mark: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()
        self.chunks: list[tuple[float, bytes]] = []
        self._crowd = crowd
        self._token = crowd.tokens[number] if crowd.tokens else None
        self._mark = mark
        self._head = b""
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(handshake(self._crowd, self._token))

    def data_received(self, data: bytes) -> None:
        if self.greeted.done():
            self._take(data)
        else:
            self._greet(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        for future in (self.greeted, self.done):
            if not future.done():
                future.set_exception(ConnectionError("cut off"))
                future.exception()  # looked at: the count of the unfinished tells it

    def _take(self, data: bytes) -> None:
        self.chunks.append((time.monotonic(), data))
        if self._mark in data or self._mark in self._tail + data[:64]:
            if not self.done.done():
                self.done.set_result(None)
        elif b'"t":"ping"' in data:
            self._transport.write(_masked(b'{"t":"pong"}'))
        self._tail = data[-64:]

    def _greet(self, data: bytes) -> None:
        self._head += data
        head, found, rest = self._head.partition(b"\r\n\r\n")
        if not found:
            return
        if not head.startswith(b"HTTP/1.1 101"):
            self._transport.abort()
            return
        if self._crowd.dialect == "socketio" and b"0{" in rest and not self._tail:
            self._tail = b"asked"
            self._transport.write(_masked(b"40"))
        after = _after_greeting(rest, GREETINGS[self._crowd.dialect])
        if after is not None:
            self._tail = b""
            self.greeted.set_result(None)
            if after:
                self._take(after)


def handshake(crowd: Crowd, token: str | None) -> bytes:
    """The request of RFC 6455, section 4.1; the key need not be random here."""
    parts = urlsplit(crowd.url)
    protocol = f"Sec-WebSocket-Protocol: leadboost.v1, bearer.{token}\r\n" if token else ""
    return (
        f"GET {PATHS[crowd.dialect]} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Sec-WebSocket-Version: 13\r\n{protocol}\r\n"
    ).encode()


def _masked(text: bytes) -> bytes:
    """A client's text frame, masked with zeros."""
    return bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text


def _after_greeting(stream: bytes, mark: bytes) -> bytes | None:
    """What follows the frame that holds ``mark`` (all, without one); None until that frame is whole."""
    if not mark:
        return stream
    return next((stream[end:] for end, payload in frames(stream) if mark in payload), None)


def frames(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Take a server's stream apart: the end and the payload of each whole frame."""
    at = 0
    while at + 2 <= len(stream):
        size, begin = stream[at + 1] & 0x7F, at + 2
        if size == 126:
            size, begin = int.from_bytes(stream[at + 2 : at + 4], "big"), at + 4
        elif size == 127:
            size, begin = int.from_bytes(stream[at + 2 : at + 10], "big"), at + 10
        at = begin + size
        if at > len(stream):
            return
        yield at, stream[begin:at]


async def watch(crowd: Crowd) -> Seen:
    """Connect, watch to the end, and judge."""
    loop, parts = asyncio.get_running_loop(), urlsplit(crowd.url)
    address = (parts.hostname or "", parts.port or 0)
    mark = f'"{crowd.expected[-1]}"'.encode()
    viewers: list[_Viewer] = []
    stuck = [_mute(crowd, crowd.viewers + number) for number in range(crowd.stuck)]
    for start in range(0, crowd.viewers, CONNECT_AT_ONCE):
        some = [_Viewer(crowd, n, mark) for n in range(start, min(start + CONNECT_AT_ONCE, crowd.viewers))]
        for viewer in some:
            await loop.create_connection(partial(_itself, viewer), *address)
        await asyncio.gather(*(viewer.greeted for viewer in some))
        viewers += some
    print("ready", flush=True)
    done, _ = await asyncio.wait([viewer.done for viewer in viewers], timeout=crowd.deadline_s)
    seen = Seen(done_at=max(viewer.chunks[-1][0] for viewer in viewers if viewer.chunks))
    seen.unfinished = len(viewers) - sum(future.exception() is None for future in done)
    _judge(crowd, viewers, seen)
    for raw in stuck:
        raw.close()
    return seen


def _itself(viewer: _Viewer) -> _Viewer:
    return viewer


def _mute(crowd: Crowd, number: int) -> socket.socket:
    """Connect a viewer that never reads, with as little room as the system gives."""
    parts = urlsplit(crowd.url)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect((parts.hostname, parts.port))
    raw.sendall(handshake(crowd, crowd.tokens[number]))
    return raw


def _judge(crowd: Crowd, viewers: list[_Viewer], seen: Seen) -> None:
    every = max(1, crowd.viewers // crowd.timed) if crowd.timed else 0
    verdicts: dict[bytes, tuple[int, int, int]] = {}  # most streams are alike to the byte
    for number, viewer in enumerate(viewers):
        stream = b"".join(data for _, data in viewer.chunks)
        if stream not in verdicts:
            verdicts[stream] = verdict(stream, crowd.expected)
        lost, doubled, out_of_order = verdicts[stream]
        seen.lost += lost
        seen.doubled += doubled
        seen.out_of_order += out_of_order
        if every and number % every == 0:
            seen.arrivals += _arrivals(viewer, stream)


def verdict(stream: bytes, expected: list[str]) -> tuple[int, int, int]:
    """Count events of a stream that are missing, there twice, and not right after their predecessor."""
    found = [match for _, payload in frames(stream) if (match := _EVENT.search(payload, 0, 4096))]
    offsets = [int(match[1]) for match in found]
    keys = [match[2].decode() for match in found]
    unique = set(keys)
    jumps = sum(after != before + 1 for before, after in pairwise(offsets))
    return len(set(expected) - unique), len(keys) - len(unique), jumps


def _arrivals(viewer: _Viewer, stream: bytes) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    chunks = iter(viewer.chunks)
    reached, came_at = 0, 0.0
    for end, payload in frames(stream):
        while reached < end:
            came_at, data = next(chunks)
            reached += len(data)
        if match := _EVENT.search(payload, 0, 4096):
            found.append((match[2].decode(), came_at))
    return found


def main() -> None:
    """Read the crowd, watch, write what was seen into the file whose number is the argument."""
    crowd = Crowd(**orjson.loads(sys.stdin.buffer.read()))
    gc.disable()  # it would stall everyone to look through bytes that only grow
    uvloop.install()
    seen = asyncio.run(watch(crowd))
    with open(int(sys.argv[1]), "wb") as file:
        file.write(orjson.dumps(asdict(seen)))


if __name__ == "__main__":
    main()
