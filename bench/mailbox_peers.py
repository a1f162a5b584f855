"""The peers of the mailbox bench, each in its own way of use. All count messages in one actor."""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import uvloop

WINDOW = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A library to compare with. It gets ``1 / slower`` of our messages, so that rounds stay short."""

    module: str
    slower: int
    tell: Callable[[int], float]
    ask: Callable[[int], float]

    @property
    def missing(self) -> bool:
        """Whether it is not installed."""
        return find_spec(self.module) is None


def _timed(send: Callable[[int], None], count: int) -> float:
    started = time.perf_counter()
    send(count)
    return count / (time.perf_counter() - started)


def _with_pykka(send: Callable[[Any, int], None], count: int) -> float:
    import pykka

    class Counter(pykka.ThreadingActor):
        count = 0

        def on_receive(self, _: object) -> int:
            self.count += 1
            return self.count

    ref = Counter.start()
    try:
        rate = _timed(lambda n: send(ref, n), count)
        assert ref.ask("more") == count + 1
        return rate
    finally:
        ref.stop()


def _pykka_tells(ref: Any, count: int) -> None:
    for number in range(1, count):
        ref.tell("more")
        if number % WINDOW == 0:
            time.sleep(0)
    ref.ask("more")


def _pykka_asks(ref: Any, count: int) -> None:
    for _ in range(count):
        ref.ask("more")


def _with_thespian(send: Callable[[Any, Any, int], None], count: int) -> float:
    from thespian.actors import ActorSystem

    from bench.mailbox_thespian import Counter

    system = ActorSystem("simpleSystemBase")
    try:
        counter = system.createActor(Counter)
        rate = _timed(lambda n: send(system, counter, n), count)
        assert system.ask(counter, "count", 5) == count
        return rate
    finally:
        system.shutdown()


def _thespian_tells(system: Any, counter: Any, count: int) -> None:
    for _ in range(count):
        system.tell(counter, "more")


def _thespian_asks(system: Any, counter: Any, count: int) -> None:
    for _ in range(count):
        system.ask(counter, "more and tell", 5)


def _with_xoscar(verb: str, count: int) -> float:
    import xoscar

    class Counter(xoscar.Actor):  # type: ignore[misc]
        count = 0

        async def add(self) -> int:
            self.count += 1
            return self.count

    async def main() -> float:
        address = f"127.0.0.1:{_free_port()}"
        async with await xoscar.create_actor_pool(address, n_process=0):
            ref = await xoscar.create_actor(Counter, address=address, uid="counter")
            started = time.perf_counter()
            await _XOSCAR[verb](ref, count)
            rate = count / (time.perf_counter() - started)
            assert await ref.add() == count + 1
            return rate

    return uvloop.run(main())


async def _xoscar_tells(ref: Any, count: int) -> None:
    for number in range(1, count):
        await ref.add.tell()
        if number % WINDOW == 0:
            await asyncio.sleep(0)
    await ref.add()


async def _xoscar_asks(ref: Any, count: int) -> None:
    for _ in range(count):
        await ref.add()


_XOSCAR: Mapping[str, Callable[[Any, int], Any]] = {"tell": _xoscar_tells, "ask": _xoscar_asks}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


PEERS: Mapping[str, Peer] = {
    "pykka": Peer(
        module="pykka",
        slower=4,
        tell=lambda n: _with_pykka(_pykka_tells, n),
        ask=lambda n: _with_pykka(_pykka_asks, n),
    ),
    "xoscar": Peer(
        module="xoscar",
        slower=10,
        tell=lambda n: _with_xoscar("tell", n),
        ask=lambda n: _with_xoscar("ask", n),
    ),
    "thespian": Peer(
        module="thespian",
        slower=4,
        tell=lambda n: _with_thespian(_thespian_tells, n),
        ask=lambda n: _with_thespian(_thespian_asks, n),
    ),
}
