"""The live link on a real journal: a console, StreamBridge, and viewers that check what they get."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson

from leadboost.actors.journal import Journal
from leadboost.actors.stream_bridge import StreamBridge
from leadboost.clock import uuid7
from leadboost.console.auth import Role
from leadboost.domain.live.audience import Audience
from leadboost.errors import StoreUnavailableError
from leadboost.messages.events import EventsCommitted, EventsNumbered, StateChanged
from leadboost.messages.health import HealthReport
from leadboost.messages.journal import EventsPage, JournalEvent
from leadboost.ports import NewEvent
from leadboost.runtime import ActorRef, Topic
from leadboost.store.database import Database
from leadboost.store.journal import PgJournalStore, insert_events
from leadboost.store.leases import PgLeaseStore
from tests.integration.console_world import World, running_console

SUBPROTOCOL = "leadboost.v1"
REPORT = HealthReport(mode="running", version="0.1.0", demo=False, components=[], problems=[])


class CountedLog:
    """The real journal, which counts reads, and can be told to be away."""

    def __init__(self, database: Database) -> None:
        self._store = PgJournalStore(database)
        self.reads: list[int] = []
        self.away = False

    async def read(self, *, since: int, epoch: str | None, limit: int) -> EventsPage:
        self.reads.append(since)
        if self.away:
            raise StoreUnavailableError("away")
        return await self._store.read(since=since, epoch=epoch, limit=limit)

    async def latest_steps(self) -> Any:
        return await self._store.latest_steps()


@dataclass
class Link:
    """A viewer; ``frames`` are all that it got."""

    socket: aiohttp.ClientWebSocketResponse
    hello: dict[str, Any] = field(default_factory=dict)
    frames: list[dict[str, Any]] = field(default_factory=list)

    async def next(self, kind: str = "event") -> dict[str, Any]:
        """Wait for the next frame of this type."""
        while True:
            frame: dict[str, Any] = orjson.loads(await self.socket.receive_str(timeout=5))
            self.frames.append(frame)
            if frame["t"] == kind:
                return frame

    async def events(self, count: int) -> list[int]:
        """Wait for so many events; returns their offsets."""
        return [int((await self.next())["offset"]) for _ in range(count)]

    async def closed(self) -> tuple[int | None, str | None]:
        """Wait for the end; returns code and reason."""
        while True:
            message = await self.socket.receive(timeout=10)
            if message.type is aiohttp.WSMsgType.CLOSE:
                return message.data, message.extra
            if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                return self.socket.close_code, None


@dataclass(eq=False)
class Sink:
    """A viewer without a network: keeps each write, and why it was closed."""

    writes: list[bytes] = field(default_factory=list)
    ended: tuple[int, str] | None = None
    blocked: bool = False

    @property
    def closed(self) -> bool:
        """Whether it was parted."""
        return self.ended is not None

    def write(self, data: bytes) -> None:
        """Keep the bytes."""
        self.writes.append(data)

    def pending_bytes(self) -> int:
        """Take all at once."""
        return 0

    def close(self, code: int, reason: str) -> None:
        """Keep the reason."""
        self.ended = (code, reason)


@dataclass
class LiveWorld:
    """Everything that runs. ``commit`` journals events, ``look`` opens a viewer."""

    world: World
    database: Database
    log: CountedLog
    committed: Topic[EventsCommitted]
    state: Topic[StateChanged]
    bridge: ActorRef[Any]
    audience: Audience

    async def commit(self, count: int = 1, kind: str = "test.event", **data: object) -> None:
        """Write events and ring the doorbell."""
        now = datetime.now(UTC)
        events = [
            NewEvent(id=uuid7(self.database.clock, self.database.rng), kind=kind, at=now, data=dict(data))
            for _ in range(count)
        ]
        async with self.database.transaction() as session:
            await insert_events(session, events)
        self.committed.publish(EventsCommitted())

    def put(self, key: str, data: Mapping[str, object] | None) -> None:
        """Publish state."""
        self.state.publish(StateChanged(key=key, data=data))

    def protocols(self, token: str | None = None, subject: str = "ana") -> tuple[str, ...]:
        """Offer the subprotocol and a token."""
        return (SUBPROTOCOL, f"bearer.{token or self.world.tokens.issue(subject, Role.VIEWER, 600)}")

    def url(self, query: str = "") -> str:
        """The address of the live link."""
        return f"{self.world.url}/dashboard/ws{query}"

    async def refusal(
        self, protocols: Sequence[str] = (SUBPROTOCOL,), headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Ask for the upgrade; returns the status and the code of the refusal."""
        asked = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Protocol": ", ".join(protocols),
        }
        reply = await self.world.call("GET", "/dashboard/ws", role=None, headers={**asked, **(headers or {})})
        return reply.status, reply.json()["code"]

    async def look(self, query: str = "", *, subject: str = "ana", **options: Any) -> Link:
        """Open a viewer and read its greeting."""
        link = await self.connect(query, subject=subject, **options)
        link.hello = await link.next("hello")
        return link

    async def connect(self, query: str = "", *, subject: str = "ana", **options: Any) -> Link:
        """Open a viewer that has read nothing yet."""
        options.setdefault("protocols", self.protocols(subject=subject))
        return Link(await self.world.http.ws_connect(self.url(query), autoclose=False, **options))

    async def back(self, offset: int, epoch: str, *, subject: str = "ana") -> Link:
        """Open a viewer that has everything up to ``offset``."""
        return await self.look(f"?since={offset}&epoch={epoch}", subject=subject)


@asynccontextmanager
async def running_link(
    database: Database, make: Callable[..., StreamBridge] = StreamBridge
) -> AsyncIterator[LiveWorld]:
    """Run console, Journal and StreamBridge on a database, and stop them."""
    numbered: Topic[EventsNumbered] = Topic("numbered")
    committed: Topic[EventsCommitted] = Topic("committed")
    state: Topic[StateChanged] = Topic("state")
    log, audience = CountedLog(database), Audience()
    async with running_console(opened=False) as world:
        journal = await world.runtime.spawn(
            "journal",
            lambda: Journal(
                store=PgJournalStore(database),
                leases=PgLeaseStore(database),
                holder="here",
                numbered=numbered,
            ),
        )
        committed.subscribe(journal)
        bridge = await world.runtime.spawn(
            "stream_bridge",
            lambda: make(events=log, audience=audience, report=lambda: REPORT, installed=("radar",)),
        )
        numbered.subscribe(bridge)
        state.subscribe(bridge)
        world.console.open(replace(world.handles(), stream=bridge, journal=journal))
        yield LiveWorld(world, database, log, committed, state, bridge, audience)


def event_of(offset: int, epoch: str = "e1") -> JournalEvent:
    """A numbered event."""
    return JournalEvent(epoch=epoch, offset=offset, kind="test.event", at=datetime.now(UTC), data={})


async def turns(count: int = 20) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)
