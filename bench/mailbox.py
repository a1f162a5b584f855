"""Tell and ask through the full runtime, against the bare limit of an event loop and three peers."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Protocol

import uvloop

from bench.harness import Options, Report, alternate, growth, ratio, summary
from bench.mailbox_peers import PEERS
from leadboost.clock import Rng, SystemClock
from leadboost.runtime import Actor, Message, Runtime

WINDOW = 500
TELLS, ASKS = 200_000, 40_000
ACTORS = 1_024
GROWTH_TELLS, GROWTH_ASKS = ACTORS * WINDOW, 16 * ACTORS
INTROSPECTION_ROUNDS = 4
MARKS = {"tell_vs_bare": 0.5, "tell_vs_pykka": 2.5, "ask_vs_bare": 0.5, "ask_vs_pykka": 4.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Add(Message[int]):
    """Count one; the reply is the count."""


_ADD = Add()


class Tally:
    """Messages handled so far by all actors of a run."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Counter(Actor[Add]):
    """The least an actor can do."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    async def receive(self, message: Add) -> int:  # noqa: ARG002 - the message has no content
        self._tally.count += 1
        return self._tally.count


class Target(Protocol):
    """What a sender needs of an actor."""

    def tell(self, message: Add) -> None:
        """Queue a message."""
        ...

    async def ask(self, message: Add) -> int:
        """Queue a message and wait for its reply."""
        ...


class Bare:
    """The limit: a deque, a future to wake the reader, an awaited handler, and nothing else."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._queue: deque[tuple[Add, asyncio.Future[int] | None]] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def tell(self, message: Add) -> None:
        self._queue.append((message, None))
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            waiter.set_result(None)

    async def ask(self, message: Add) -> int:
        reply: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.append((message, reply))
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            waiter.set_result(None)
        return await reply

    async def receive(self, message: Add) -> int:  # noqa: ARG002 - the message has no content
        self._tally.count += 1
        return self._tally.count

    async def run(self) -> None:
        """Handle messages until cancelled."""
        loop, queue = asyncio.get_running_loop(), self._queue
        while True:
            while queue:
                message, reply = queue.popleft()
                result = await self.receive(message)
                if reply is not None:
                    reply.set_result(result)
            self._waiter = loop.create_future()
            await self._waiter


Send = Callable[[Sequence[Target], Tally, int], Coroutine[None, None, float]]
"""A sender: its targets, their tally, and how many messages to send; returns messages per second."""


async def send_tells(targets: Sequence[Target], tally: Tally, count: int) -> float:
    """Tell in windows, one target per window, yielding until each window is handled."""
    windows = max(1, count // WINDOW)
    started = time.perf_counter()
    for window in range(windows):
        tell = targets[window % len(targets)].tell
        for _ in range(WINDOW):
            tell(_ADD)
        while tally.count < (window + 1) * WINDOW:  # noqa: ASYNC110 - the yield is what is measured
            await asyncio.sleep(0)
    return windows * WINDOW / (time.perf_counter() - started)


async def send_asks(targets: Sequence[Target], tally: Tally, count: int) -> float:
    """Ask one after the other, round all targets."""
    started = time.perf_counter()
    for number in range(count):
        await targets[number % len(targets)].ask(_ADD)
    elapsed_s = time.perf_counter() - started
    assert tally.count == count
    return count / elapsed_s


def ours(send: Send, count: int, *, actors: int = 1, introspection: bool = True) -> float:
    """Send through a fresh runtime."""

    async def main() -> float:
        tally = Tally()
        runtime = Runtime(clock=SystemClock(), rng=Rng(0), introspection=introspection)
        refs = [await runtime.spawn(f"counter{i}", partial(Counter, tally)) for i in range(actors)]
        try:
            return await send(refs, tally, count)
        finally:
            await runtime.close()

    return uvloop.run(main())


def bare(send: Send, count: int) -> float:
    """Send to the bare limit."""

    async def main() -> float:
        tally = Tally()
        actor = Bare(tally)
        task = asyncio.create_task(actor.run())
        await asyncio.sleep(0)
        try:
            return await send([actor], tally, count)
        finally:
            task.cancel()

    return uvloop.run(main())


def run(options: Options) -> Report:
    """Run the whole bench."""
    report = Report(bench="mailbox", rounds=options.rounds)
    _compare("tell", send_tells, options.scaled(TELLS), options, report)
    _compare("ask", send_asks, options.scaled(ASKS), options, report)
    _introspection(options, report)
    _growth("tell", send_tells, options.scaled(GROWTH_TELLS), options, report)
    _growth("ask", send_asks, options.scaled(GROWTH_ASKS), options, report)
    return report


def _compare(verb: str, send: Send, count: int, options: Options, report: Report) -> None:
    contenders: dict[str, Callable[[], float]] = {
        "ours": partial(ours, send, count),
        "bare": partial(bare, send, count),
    }
    for name, peer in PEERS.items():
        if peer.missing:
            report.missing.append(f"{verb}_vs_{name}")
        else:
            contenders[name] = partial(getattr(peer, verb), max(WINDOW, count // peer.slower))
    rates = alternate(contenders, options.rounds)
    for name in rates:
        report.figures[f"{name}_{verb}_per_s"] = median(rates[name])
    for name in list(rates)[1:]:
        metric = f"{verb}_vs_{name}"
        report.results.append(ratio(metric, rates["ours"], rates[name], at_least=MARKS.get(metric)))


def _introspection(options: Options, report: Report) -> None:
    count = 2 * options.scaled(TELLS)
    rates = alternate(
        {
            "with": partial(ours, send_tells, count),
            "without": partial(ours, send_tells, count, introspection=False),
        },
        INTROSPECTION_ROUNDS * options.rounds,
    )
    costs = [1 - with_it / without for with_it, without in zip(rates["with"], rates["without"], strict=True)]
    report.results.append(summary("introspection_cost", costs, at_most=0.05))


def _growth(verb: str, send: Send, count: int, options: Options, report: Report) -> None:
    sizes = [options.scaled(ACTORS // part) for part in (16, 4, 1)]
    rates = alternate({str(n): partial(ours, send, count, actors=n) for n in sizes}, options.rounds)
    costs = [[1e6 / rate for rate in rates[str(n)]] for n in sizes]
    for n, row in zip(sizes, costs, strict=True):
        report.figures[f"{verb}_cost_us_with_{n}_actors"] = median(row)
    report.results.append(growth(f"{verb}_cost_growth", costs))
