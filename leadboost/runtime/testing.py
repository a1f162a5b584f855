"""Tools for testing actors: virtual time, probes, and waiting until nothing moves."""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from leadboost.clock import Rng
from leadboost.runtime.actor import Actor
from leadboost.runtime.message import Message
from leadboost.runtime.ref import ActorRef
from leadboost.runtime.supervision import Child
from leadboost.runtime.system import Runtime


class _VirtualSelector(selectors.SelectSelector):
    """Instead of waiting for a timer, lets the clock jump to it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            # Only another thread can wake the loop now, through its self-pipe.
            return super().select(5)
        self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time jumps to the next timer when nothing is ready: no test waits for real.

    Time stands still while code runs, so nothing here may depend on real I/O.
    """

    def __init__(self) -> None:
        self._virtual = _VirtualSelector()
        super().__init__(self._virtual)

    def block(self, seconds: float) -> None:
        """Let time pass as if the running code had blocked the loop."""
        self._virtual.now += seconds

    def time(self) -> float:
        """Virtual seconds."""
        # Half a tick of the loop's own resolution ensures that a due timer counts as due.
        return self._virtual.now + 1e-9


class FakeClock:
    """A clock that starts at a fixed instant and follows the running loop's time, or ``advance``."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._offset = timedelta()
        self._loop_start: float | None = None

    def now(self) -> datetime:
        """Wall clock."""
        if self._loop_start is None:
            self._loop_start = self.monotonic()
        return self._start + self._offset + timedelta(seconds=self.monotonic() - self._loop_start)

    def monotonic(self) -> float:
        """Time of the running loop, in seconds."""
        return asyncio.get_running_loop().time()

    def advance(self, seconds: float) -> None:
        """Move the wall clock alone."""
        self._offset += timedelta(seconds=seconds)


class Probe:
    """An actor that remembers what it was told; ``ref`` is its handle.

    ``replies`` maps a message type to a function that makes the reply.
    """

    def __init__(self, replies: Mapping[type, Callable[[Any], object]] | None = None) -> None:
        self.received: list[Message[Any]] = []
        self.ref: ActorRef[Any]
        self._replies = dict(replies or {})

    def actor(self) -> Actor[Any]:
        """Make the actor."""
        probe = self

        class _Probe(Actor[Any]):
            async def receive(self, message: Message[Any]) -> object:
                probe.received.append(message)
                reply = probe._replies.get(type(message))
                return reply(message) if reply is not None else None

        return _Probe()


class System:
    """A runtime with a fake clock and fixed seed, for one test."""

    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        self.failures: list[Any] = []
        self.runtime = Runtime(clock=self.clock, rng=Rng(7), on_failure=self.failures.append, **options)
        self._names = 0

    async def spawn(
        self, factory: Callable[[], Actor[Any]], child: Child | None = None, *, name: str | None = None
    ) -> ActorRef[Any]:
        """Start an actor under a name of its own."""
        self._names += 1
        return await self.runtime.spawn(name or f"actor-{self._names}", factory, child)

    async def probe(
        self, replies: Mapping[type, Callable[[Any], object]] | None = None, *, name: str = "probe"
    ) -> Probe:
        """Start a probe."""
        probe = Probe(replies)
        probe.ref = await self.runtime.spawn(name, probe.actor)
        return probe

    async def settle(self, turns: int = 50) -> None:
        """Let the loop turn until everything that can run now has run."""
        for _ in range(turns):
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Stop everything."""
        await self.runtime.close()
