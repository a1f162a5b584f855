"""Everything that can happen to stock, at once, on several daemons of one database that are killed meanwhile.

Buyers sell, one line or several, reserve, confirm, give up, let run out, return, whole or in part, and
restock; one request in ten is an earlier one again, under its key and often to another daemon. What got no
answer is sent again under its key until it has one. In the end the tables must agree with the answers to
the unit.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from bench.ground import Ground, stock_up, write_secret
from bench.redis_server import find_binary, redis_server
from bench.servers import Daemon, lasting_port
from bench.storm_tables import compare

ATTEMPTS, BUYERS, SKUS, STOCK = 100_000, 192, 40, 600
TTL_S = 3
RETRY_AFTER_S = 0.3
ANSWER_S = 8.0
GIVE_UP_S = 900.0
KILL_EVERY_S = 12.0
BUSY_START_S = 240.0  # under a full load, on a machine of two cores
REPEATED_SPAN = 500
_KINDS = ("sell", "order", "reserve", "confirm", "release", "return", "restock", "again")
_WEIGHTS = (40, 15, 15, 7, 3, 8, 2, 10)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; ``key`` is None where the address itself is what happens once."""

    kind: str
    method: str
    path: str
    body: dict[str, Any] | None = field(hash=False)
    key: str | None


@dataclass(slots=True)
class Storm:
    """The attempts, and every answer by request."""

    urls: Sequence[str]
    token: str
    attempts: int
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    answers: dict[Asked, tuple[int, bytes]] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    sold: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    recent: list[Asked] = field(default_factory=list)
    begun: int = 0
    done: int = 0

    def draw(self) -> Asked:
        """Choose what to ask next; what needs a reservation or a sale sells until there is one."""
        kind = self.chance.choices(_KINDS, _WEIGHTS)[0]
        if kind == "again" and self.recent:
            return self.chance.choice(self.recent)
        if kind in ("confirm", "release") and self.held:
            id = self.held.pop(self.chance.randrange(len(self.held)))
            if kind == "confirm":
                return self._keep(Asked(kind, "POST", f"/api/reservations/{id}/confirm", None, None))
            return self._keep(Asked(kind, "DELETE", f"/api/reservations/{id}", None, None))
        if kind == "return" and self.sold:
            sale_id, lines = self.chance.choice(self.sold)
            body = self.chance.choice([{}, {"lines": [{"sku": lines[0]["sku"], "quantity": 1}]}])
            return self._keyed(kind, f"/api/sales/{sale_id}/return", {**body, "reason": "storm"})
        if kind == "restock":
            return self._keyed(kind, f"/api/stock/{self._sku()}/restock", {"quantity": self._quantity()})
        if kind == "reserve":
            return self._keyed(kind, "/api/reservations", {**self._line(), "ttl_s": TTL_S})
        if kind == "order":
            skus = self.chance.sample(range(SKUS), self.chance.randint(2, 4))
            lines = [{"sku": f"storm-{number}", "quantity": self._quantity()} for number in skus]
            return self._keyed(kind, "/api/sales", {"lines": lines})
        return self._keyed("sell", "/api/sales", self._line())

    def _keyed(self, kind: str, path: str, body: dict[str, Any]) -> Asked:
        return self._keep(Asked(kind, "POST", path, body, f"storm-{self.begun}"))

    def _keep(self, asked: Asked) -> Asked:
        self.recent = [*self.recent[-REPEATED_SPAN:], asked] if self.begun % 4 == 0 else self.recent
        return asked

    def _line(self) -> dict[str, Any]:
        return {"sku": self._sku(), "quantity": self._quantity()}

    def _sku(self) -> str:
        # A few products are hot.
        return f"storm-{min(self.chance.randrange(SKUS), self.chance.randrange(SKUS))}"

    def _quantity(self) -> int:
        return self.chance.choice((1, 1, 1, 2, 3))

    def record(self, asked: Asked, status: int, body: bytes) -> None:
        """Keep an answer, and compare it with an earlier one to the same request."""
        self.done += 1
        self.counts[f"{asked.kind} {status}"] += 1
        if self.answers.setdefault(asked, (status, body)) != (status, body):
            # Only what does not exist, or cannot be had yet, may be answered otherwise later.
            self.counts["unequal"] += 1
            return
        if status == 201 and asked.kind == "reserve":
            self.held.append(orjson.loads(body)["reservation_id"])
        if status == 201 and asked.kind in ("sell", "order", "confirm"):
            sale = orjson.loads(body)
            self.sold.append((sale["sale_id"], sale.get("lines") or [sale]))


async def rage(storm: Storm) -> None:
    """Let all buyers come, until every attempt is answered or the time is up."""
    headers = {"Authorization": f"Bearer {storm.token}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        with suppress(TimeoutError):
            async with asyncio.timeout(GIVE_UP_S), asyncio.TaskGroup() as group:
                for _ in range(BUYERS):
                    group.create_task(_buy(session, storm))


async def _buy(session: aiohttp.ClientSession, storm: Storm) -> None:
    while storm.begun < storm.attempts:
        storm.begun += 1
        asked = storm.draw()
        while (answer := await _ask(session, storm, asked)) is None:
            storm.counts["sent again"] += 1
            await asyncio.sleep(RETRY_AFTER_S)
        storm.record(asked, *answer)


async def _ask(session: aiohttp.ClientSession, storm: Storm, asked: Asked) -> tuple[int, bytes] | None:
    url = storm.chance.choice(storm.urls)
    headers = {} if asked.key is None else {"Idempotency-Key": asked.key}
    try:
        async with (
            asyncio.timeout(ANSWER_S),
            session.request(asked.method, url + asked.path, json=asked.body, headers=headers) as reply,
        ):
            body = await reply.read()
    except (aiohttp.ClientError, OSError, TimeoutError):
        return None
    return None if reply.status == 503 else (reply.status, body)


class Hosts:
    """Daemons on one database, each at an address that it keeps."""

    def __init__(self, ground: Ground, dsn: str, count: int, redis: str | None) -> None:
        environment = {} if redis is None else {"REDIS_URL": redis}
        self.daemons = [
            self._daemon(ground.folder / f"storm{number}", ground.secret, dsn, environment)
            for number in range(count)
        ]
        self.kills = 0

    @staticmethod
    def _daemon(folder: Path, secret: str, dsn: str, environment: dict[str, str]) -> Daemon:
        write_secret(folder, secret)
        return Daemon(folder, database_url=dsn, port=lasting_port(), environment=environment)

    def start(self) -> None:
        """Start all, one after the other."""
        for daemon in self.daemons:
            daemon.start(BUSY_START_S)

    def stop(self) -> None:
        """Stop all."""
        for daemon in self.daemons:
            daemon.stop()

    async def keep_killing(self, over: asyncio.Event, restart_redis: Callable[[], None]) -> None:
        """Kill -9 one after the other, start it again, and now and then Redis, until it is over."""
        while not over.is_set():
            began = time.monotonic()
            daemon = self.daemons[self.kills % len(self.daemons)]
            await asyncio.to_thread(daemon.kill)
            self.kills += 1
            await asyncio.to_thread(daemon.start, BUSY_START_S)
            if self.kills % 2 == 1:
                await asyncio.to_thread(restart_redis)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, KILL_EVERY_S - (time.monotonic() - began))):
                    await over.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """``checks`` count wrongs; ``figures`` say what happened."""

    checks: dict[str, int]
    figures: dict[str, float]


def run_storm(ground: Ground, *, daemons: int, attempts: int, name: str = "storm") -> Aftermath:
    """Let it rage on a database of its own, and take stock."""
    dsn = ground.create_database(name)
    stock = {f"storm-{number}": max(20, STOCK * attempts // ATTEMPTS) for number in range(SKUS)}
    stock_up(dsn, stock)
    with ExitStack() as stack:
        redis = Redis(ground.folder, stack) if find_binary() else None
        hosts = Hosts(ground, dsn, daemons, redis.url if redis is not None else None)
        stack.callback(hosts.stop)
        hosts.start()
        storm = Storm([each.url for each in hosts.daemons], ground.token, attempts, random.Random(attempts))
        began = time.monotonic()
        asyncio.run(_weather(storm, hosts, redis))
        elapsed_s = time.monotonic() - began
        checks = asyncio.run(compare(dsn, stock, storm.answers))
    wrong = sum(n for what, n in storm.counts.items() if what[-3:].isdigit() and not _is_welcome(what))
    checks |= {"unequal": storm.counts["unequal"], "failed": wrong, "unanswered": attempts - storm.done}
    figures = {what: float(number) for what, number in sorted(storm.counts.items())}
    figures |= {"attempts": float(attempts), "kills": float(hosts.kills)}
    figures |= {"redis restarts": float(redis.restarts if redis else 0)}
    return Aftermath(checks=checks, figures=figures | {"storm_answers_per_s": storm.done / elapsed_s})


class Redis:
    """A server that can be restarted empty, where it was."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.restarts = -1
        self._folder = folder
        self._running = stack.enter_context(ExitStack())
        self._port = lasting_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.restart()

    def restart(self) -> None:
        """End it, and start another with nothing in it."""
        self._running.close()
        self._running.enter_context(redis_server(self._folder, port=self._port))
        self.restarts += 1


async def _weather(storm: Storm, hosts: Hosts, redis: Redis | None) -> None:
    over = asyncio.Event()

    async def rage_on() -> None:
        try:
            await rage(storm)
        finally:
            over.set()

    restart = redis.restart if redis is not None else lambda: None
    await asyncio.gather(rage_on(), hosts.keep_killing(over, restart))


def _is_welcome(what: str) -> bool:
    kind, _, status = what.rpartition(" ")
    return status == "409" or status == ("200" if kind == "release" else "201")
