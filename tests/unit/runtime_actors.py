"""Messages and actors for the runtime's tests."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from leadboost.runtime import Actor, ActorRef, Event, Lane, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Put(Message[int]):
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retryable(Message[int]):
    retryable: ClassVar[bool] = True
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt(Message[None]):
    lane: ClassVar[Lane] = Lane.CONTROL


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen(Event):
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Level(Event):
    key: str
    n: int

    def conflation_key(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Message[Any]):
    """Ask ``to`` in turn."""

    to: ActorRef[Any]
    message: Message[Any]
    timeout_s: float = 2.0


class Recorder(Actor[Any]):
    """Remembers what it handled; waits at ``gate`` when it has one."""

    def __init__(self, seen: list[Any], gate: asyncio.Event | None = None) -> None:
        self.seen = seen
        self.gate = gate
        self.gaps: list[int] = []

    async def receive(self, message: Any) -> object:
        if self.gate is not None:
            await self.gate.wait()
        self.seen.append(message)
        return getattr(message, "n", None)

    async def on_gap(self, count: int) -> None:
        self.seen.append(("gap", count))


class Batcher(Actor[Any]):
    batch_size = 4

    def __init__(self, batches: list[list[Any]], outcome: Any = None) -> None:
        self.batches = batches
        self.outcome = outcome

    async def receive_batch(self, messages: Sequence[Any]) -> Sequence[object]:
        self.batches.append(list(messages))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome(messages) if self.outcome else [each.n for each in messages]


class Broken(Actor[Any]):
    """Fails on every message and counts its instances."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    async def on_start(self) -> None:
        self.log.append("start")

    async def receive(self, message: Any) -> object:
        self.log.append(type(message).__name__)
        raise ValueError("broken")


class Forwarder(Actor[Call]):
    async def receive(self, message: Call) -> object:
        return await message.to.ask(message.message, timeout_s=message.timeout_s)


async def cancelled_future() -> None:
    """Await something that somebody else cancels."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future
