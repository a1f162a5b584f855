"""Host A of the mirror bench: Journal, Mirror and bus as the daemon has them, and nothing else beside them.

Run as a module it reads one order per line, as JSON ``{kind, count, prefix}``, publishes so many messages at
a steady pace, and writes ``{key: [began, published]}`` in monotonic seconds.
"""

import asyncio
import sys
import time
from collections.abc import Set
from datetime import UTC, datetime
from typing import Any

import orjson
import uvloop

from bench.mirror_viewer import RAW_STREAM, lines
from leadboost.actors.journal import Journal
from leadboost.actors.mirror import Mirror
from leadboost.clock import Rng, SystemClock, uuid7
from leadboost.domain.echo import Echo
from leadboost.messages.events import EventsCommitted, EventsNumbered
from leadboost.messages.mirror import Echoed
from leadboost.mirror import DistributedLock
from leadboost.mirror.bus import STREAM_ENTRIES, EventBus
from leadboost.mirror.client import RedisClients
from leadboost.mirror.election import RedisElection
from leadboost.mirror.link import Heard, RedisLink
from leadboost.ports import LEASE_TTL_S, NewEvent
from leadboost.runtime import Runtime, Topic
from leadboost.store.database import Database
from leadboost.store.journal import PgJournalStore, insert_events
from leadboost.store.leases import PgLeaseStore

PER_S = 100
TEXT = "x" * 200
HOLDER = "bench"


class TimedTopic(Topic[EventsNumbered]):
    """Notes when each event was published, which is when it has its number and the mirror gets it."""

    def __init__(self) -> None:
        super().__init__("numbered")
        self.at: dict[str, float] = {}
        self.grown = asyncio.Event()

    def publish(self, event: EventsNumbered) -> None:
        """Note the time and pass it on."""
        now = time.monotonic()
        for each in event.events:
            self.at[str(each.data.get("key"))] = now
        super().publish(event)
        self.grown.set()


class Host:
    """Publishes on request; ``database`` and ``clients`` are those that the actors have too."""

    def __init__(self, database: Database, clients: RedisClients) -> None:
        self._database = database
        self._clients = clients
        self._runtime = Runtime()
        self._numbered = TimedTopic()
        self._committed: Topic[EventsCommitted] = Topic("committed")
        self._echoed: Topic[Echoed] = Topic("echoed")

    async def start(self) -> None:
        """Start Journal and Mirror, wired as in the daemon."""
        clock, rng, run_task = self._database.clock, Rng(), self._runtime.run_task
        election = RedisElection(self._clients, rng=rng, ttl_s=LEASE_TTL_S)
        leases = DistributedLock(PgLeaseStore(self._database), election, clock=clock, run_task=run_task)
        bus = EventBus(self._clients, run_task=run_task)
        key = await PgJournalStore(self._database).mirror_key()
        link = RedisLink(bus, key=key, origin=HOLDER, clock=clock, hear=self._hear)
        echo = Echo(clock)
        mirror = await self._runtime.spawn(
            "mirror", lambda: Mirror(link=link, echo=echo, health=lambda _: None)
        )
        store, numbered = PgJournalStore(self._database), self._numbered
        journal = await self._runtime.spawn(
            "journal", lambda: Journal(store=store, leases=leases, holder=HOLDER, numbered=numbered)
        )
        self._numbered.subscribe(mirror)
        self._echoed.subscribe(mirror)
        self._committed.subscribe(mirror)
        self._committed.subscribe(journal)
        await self._commit("first", 0)
        await self._numbered_all({"first"})  # by now it leads

    def _hear(self, heard: Heard) -> None:
        if isinstance(heard, Echoed):
            self._echoed.publish(heard)

    async def publish(self, order: dict[str, Any]) -> dict[str, tuple[float, float]]:
        """Carry out one order."""
        send = {"mirror": self._commit, "raw": self._add, "external": self._say}[order["kind"]]
        began: dict[str, float] = {}
        published: dict[str, float] = {}
        started_at = time.monotonic()
        for number in range(order["count"]):
            await asyncio.sleep(max(0.0, started_at + number / PER_S - time.monotonic()))
            key = f"{order['prefix']}.{number}"
            began[key] = published[key] = time.monotonic()
            await send(key, number)
        if order["kind"] == "mirror":
            published = await self._numbered_all(began.keys())
        return {key: (at, published[key]) for key, at in began.items()}

    async def _numbered_all(self, keys: Set[str]) -> dict[str, float]:
        while not keys <= self._numbered.at.keys():
            self._numbered.grown.clear()
            await self._numbered.grown.wait()
        return self._numbered.at

    async def _commit(self, key: str, number: int) -> None:  # noqa: ARG002 - as the others
        id, now = uuid7(self._database.clock, self._database.rng), datetime.now(UTC)
        event = NewEvent(id=id, kind="bench.event", at=now, data={"key": key, "text": TEXT})
        async with self._database.transaction() as session:
            await insert_events(session, [event])
        self._committed.publish(EventsCommitted())

    async def _add(self, key: str, number: int) -> None:  # noqa: ARG002 - as the others
        fields: Any = {"key": key, "payload": TEXT}
        await self._clients.writing.xadd(RAW_STREAM, fields, maxlen=STREAM_ENTRIES, approximate=True)

    async def _say(self, key: str, number: int) -> None:
        state = ("PROCESSING", "COMPLETE")[number % 2]
        said = orjson.dumps({"step": "analyst", "state": state, "detail": key})
        await self._clients.writing.publish("system_events", said)


async def main(dsn: str, redis_url: str) -> None:
    """Serve orders until the input ends."""
    clock = SystemClock()
    database = await Database.open(dsn, pool_size=4, clock=clock, rng=Rng())
    host = Host(database, RedisClients(redis_url, clock=clock))
    await host.start()
    print("ready", flush=True)
    async for line in lines():
        sys.stdout.buffer.write(orjson.dumps(await host.publish(orjson.loads(line))) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:3]))
