"""A lean HTTP/1.1 load client in a process of its own: closed loop, keep-alive, one order after the other.

Run as a module it reads a ``Load`` as JSON from standard input and writes an ``Outcome``. It parses
no more of an answer than status and length, because on a small machine every microsecond it takes is
taken from the server under test.
"""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import cast
from urllib.parse import urlsplit

import orjson
import uvloop

from bench.servers import die_with_parent

RETRY_AFTER_S = 0.25
RETRY_SPAN = 2_000
START_S = 30.0
HELLO = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What to send. Buyers share out ``urls`` and ``skus`` in turn.

    Where there are ``bodies``, these are posted to ``path`` in turn, and no SKU is ordered.

    Of every ``retry_every`` orders one repeats the key and body of an earlier one, chosen among the
    last 2,000 (0: never). An order answered 503, or cut off, is sent again with its own key until
    ``deadline_s`` of the whole load has passed. ``announce`` is the number of answers to announce.
    """

    urls: list[str]
    token: str
    prefix: str
    orders: int
    skus: list[str] = field(default_factory=list)
    path: str = "/api/sales"
    bodies: list[str] = field(default_factory=list)
    buyers: int = 512
    retry_every: int = 0
    announce: int = 0
    deadline_s: float = 120.0


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came back. ``granted`` maps the key of every 201 to its sale id.

    ``statuses`` counts final answers by status; ``again`` counts orders sent again; ``unequal``
    counts answers that differ from an earlier answer to the same key; ``unanswered`` is what the
    deadline cut off. Latencies in seconds, from the first send of an order to its final answer;
    ``last_granted_s`` is when the last 201 came. ``client_busy`` is the share of the time that this client
    computed: near 1, it was the bottleneck.
    """

    elapsed_s: float = 0.0
    client_busy: float = 0.0
    mean_s: float = 0.0
    p50_s: float = 0.0
    p99_s: float = 0.0
    last_granted_s: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    granted: dict[str, str] = field(default_factory=dict)
    again: int = 0
    unequal: int = 0
    unanswered: int = 0

    @property
    def per_s(self) -> float:
        """Final answers per second."""
        return sum(self.statuses.values()) / self.elapsed_s


class Attack:
    """A load under way in a process of its own; every buyer is connected when the constructor returns."""

    def __init__(self, load: Load) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._process.stdin as order:
            order.write(orjson.dumps(asdict(load)))
        self._process.stdin = None
        self._process.stdout.readline()

    def await_announcement(self) -> None:
        """Return when ``announce`` orders are answered."""
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def let_run(self, seconds: float) -> None:
        """Let it go on for so long, or until it ends."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def outcome(self) -> Outcome:
        """Wait for the end; the load's own deadline bounds it. Raises ValueError when the client failed."""
        assert self._process.stdout is not None
        with self._process:
            return Outcome(**orjson.loads(self._process.stdout.read()))


def attack(load: Load) -> Outcome:
    """Run a load and wait for its outcome."""
    return Attack(load).outcome()


class Plan:
    """All orders, encoded ahead of time, and their answers."""

    def __init__(self, load: Load, announce: Callable[[], None]) -> None:
        self.load = load
        self._announce = announce
        self.keys = _keys(load)
        self.answers: dict[str, bytes] = {}
        self.statuses: Counter[bytes] = Counter()
        self.latencies: list[float] = []
        self.again = self.unequal = 0
        self.last_granted_at = 0.0
        self.requests = [self._encode(key) for key in self.keys]
        self._next = 0
        self.complete = asyncio.Event()

    def _encode(self, key: str) -> bytes:
        load = self.load
        host = urlsplit(load.urls[0]).netloc
        # A repeated key repeats the body of the order that it belongs to.
        number = int(key.rpartition("-")[2])
        if load.bodies:
            body = load.bodies[number % len(load.bodies)].encode()
        else:
            body = orjson.dumps({"sku": load.skus[number % len(load.skus)], "quantity": 1})
        head = (
            f"POST {load.path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {load.token}\r\n"
            f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def take(self) -> int | None:
        """Number of the next order, None when all are given out."""
        if self._next == len(self.requests):
            return None
        self._next += 1
        return self._next - 1

    def record(self, number: int, status: bytes, body: bytes, since: float, now: float) -> None:
        """Keep a final answer and compare it with what its key was answered before."""
        key = self.keys[number]
        self.statuses[status] += 1
        self.latencies.append(now - since)
        if status == b"201":
            self.last_granted_at = now
        answer = status + body
        if self.answers.setdefault(key, answer) != answer:
            self.unequal += 1
        if len(self.latencies) == self.load.announce:
            self._announce()
        if len(self.latencies) == len(self.keys):
            self.complete.set()

    def outcome(self, started: float, computed_s: float) -> Outcome:
        """Sum up what happened since ``started``, in which this process computed for ``computed_s``."""
        elapsed_s = time.perf_counter() - started
        ordered = sorted(self.latencies) or [0.0]
        return Outcome(
            elapsed_s=elapsed_s,
            client_busy=computed_s / elapsed_s,
            mean_s=sum(ordered) / len(ordered),
            p50_s=ordered[len(ordered) // 2],
            p99_s=ordered[int(len(ordered) * 0.99)],
            last_granted_s=max(0.0, self.last_granted_at - started),
            statuses={status.decode(): count for status, count in self.statuses.items()},
            granted={
                key: orjson.loads(answer[3:])["sale_id"]
                for key, answer in self.answers.items()
                if answer.startswith(b"201")
            },
            again=self.again,
            unequal=self.unequal,
            unanswered=len(self.keys) - len(self.latencies),
        )


def _keys(load: Load) -> list[str]:
    rng = random.Random(load.prefix)
    keys: list[str] = []
    for number in range(load.orders):
        if load.retry_every and number % load.retry_every == load.retry_every - 1:
            keys.append(keys[rng.randrange(max(0, number - RETRY_SPAN), number)])
        else:
            keys.append(f"{load.prefix}-{number}")
    return keys


class Buyer(asyncio.Protocol):
    """One connection that sends the next order when the last one is answered."""

    def __init__(self, plan: Plan, address: tuple[str, int], loop: asyncio.AbstractEventLoop) -> None:
        self._plan = plan
        self._address = address
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._number: int | None = None
        self._since = 0.0
        self._greeted: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def begin(self) -> None:
        """Send the first order."""
        self._number = self._plan.take()
        self._since = time.perf_counter()
        self._send()

    def _send(self) -> None:
        if self._number is not None and self._transport is not None:
            self._transport.write(self._plan.requests[self._number])

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 or len(data) < end + _content_length(data, end):
            self._buffer = data
            return
        self._buffer = b""
        self._answered(data[9:12], data[end:])

    def _answered(self, status: bytes, body: bytes) -> None:
        if self._number is None:
            self._greeted.set_result(None)
            return
        if status == b"503":
            self._plan.again += 1
            self._loop.call_later(RETRY_AFTER_S, self._send)
            return
        now = time.perf_counter()
        self._plan.record(self._number, status, body, self._since, now)
        self._number, self._since = self._plan.take(), now
        self._send()

    def connection_lost(self, _: Exception | None) -> None:
        self._transport, self._buffer = None, b""
        if self._number is not None:
            self._plan.again += 1
            self._loop.call_later(RETRY_AFTER_S, self._reconnect)

    def _reconnect(self) -> None:
        if not self._plan.complete.is_set():
            self._task = self._loop.create_task(self._connect_and_send())

    async def _connect_and_send(self) -> None:
        try:
            await self.connect()
        except OSError:
            self._loop.call_later(RETRY_AFTER_S, self._reconnect)
        else:
            self._send()

    async def connect(self) -> None:
        """Open the connection. Raises OSError."""
        await self._loop.create_connection(lambda: self, *self._address)

    async def greet(self) -> None:
        """Wait for an answer, so that no latency holds the time that the server takes to accept."""
        assert self._transport is not None
        self._transport.write(HELLO)
        await self._greeted

    def close(self) -> None:
        """Hang up."""
        self._number = None
        if self._transport is not None:
            self._transport.close()


def _content_length(data: bytes, end: int) -> int:
    head = data[:end].lower()
    at = head.find(b"content-length:")
    return 0 if at < 0 else int(head[at + 15 : head.find(b"\r", at)])


async def run(load: Load, announce: Callable[[], None]) -> Outcome:
    """Connect all buyers, announce that, then start the clock and let them buy."""
    loop = asyncio.get_running_loop()
    plan = Plan(load, announce)
    addresses = [(urlsplit(url).hostname or "", urlsplit(url).port or 80) for url in load.urls]
    buyers = [Buyer(plan, addresses[i % len(addresses)], loop) for i in range(min(load.buyers, load.orders))]
    async with asyncio.timeout(START_S):
        for buyer in buyers:
            await buyer.connect()
            await buyer.greet()
    announce()
    started, computed_before_s = time.perf_counter(), time.process_time()
    for buyer in buyers:
        buyer.begin()
    try:
        async with asyncio.timeout(load.deadline_s):
            await plan.complete.wait()
    except TimeoutError:
        plan.complete.set()
    outcome = plan.outcome(started, time.process_time() - computed_before_s)
    for buyer in buyers:
        buyer.close()
    return outcome


def main() -> None:
    """Read a load from standard input; write a line per announcement, then the outcome."""
    load = Load(**orjson.loads(sys.stdin.buffer.read()))
    # A buffered writer of our own: under PYTHONUNBUFFERED the standard one may write only a part.
    with open(sys.stdout.fileno(), "wb", closefd=False) as output:

        def announce() -> None:
            output.write(b"\n")
            output.flush()

        output.write(orjson.dumps(asdict(uvloop.run(run(load, announce)))))


if __name__ == "__main__":
    main()
