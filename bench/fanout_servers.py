"""Who sends in the fanout bench, each with the same two verbs: a burst, and a steady stream."""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
import orjson

from bench.ground import stock_up
from bench.servers import answers, end, free_port, spawn, wait_for

PER_S = 100
PADDING = "x" * 200
PEER = Path(__file__).with_name("peers") / "fanout_ws"
INSTALL_S = 60.0
_INSERT = (
    "INSERT INTO events (id, kind, at, data)"
    " SELECT id, 'bench.event', now(), data::jsonb"
    " FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS event (id, data, place) ORDER BY place"
)


class Ours:
    """A real daemon; events are committed to its journal."""

    dialect = "leadboost"

    def __init__(self, *, token: str, dsn: str, url: str) -> None:
        self.url = url
        self._dsn = dsn
        self._headers = {"Authorization": f"Bearer {token}"}

    def prepare(self, keys: Sequence[str]) -> None:
        """Stock one unit of a SKU for each key."""
        stock_up(self._dsn, dict.fromkeys(keys, 1))

    def burst(self, keys: Sequence[str]) -> float:
        """Commit one event for each key at once; returns when the commit was sent."""
        return asyncio.run(self._burst(keys))

    async def _burst(self, keys: Sequence[str]) -> float:
        async with aiohttp.ClientSession(headers=self._headers) as http:
            # An intake that writes these rows itself rings the doorbell; here a stock change does.
            bell = f"{self.url}/api/stock/bell"
            async with http.put(bell, json={"on_hand": 1}) as answer:
                answer.raise_for_status()
            connection = await asyncpg.connect(self._dsn)
            transaction = connection.transaction()
            await transaction.start()
            rows = [orjson.dumps({"key": key, "text": PADDING}).decode() for key in keys]
            await connection.execute(_INSERT, [uuid4() for _ in keys], rows)
            began_at = time.monotonic()
            await transaction.commit()
            async with http.put(bell, json={"on_hand": 1}) as answer:
                answer.raise_for_status()
            await connection.close()
        return began_at

    def stream(self, keys: Sequence[str]) -> dict[str, float]:
        """Sell the last unit of each SKU in turn; returns when each was asked for."""

        async def sell(http: aiohttp.ClientSession, key: str) -> None:
            body = {"sku": key, "quantity": 1}
            async with http.post(
                f"{self.url}/api/sales", json=body, headers={**self._headers, "Idempotency-Key": key}
            ) as answer:
                answer.raise_for_status()

        return asyncio.run(_paced(keys, sell))


class Peer:
    """A server that broadcasts what it is posted, and keeps nothing."""

    def __init__(self, dialect: str, url: str) -> None:
        self.dialect = dialect
        self.url = url
        self._offset = 0

    def prepare(self, keys: Sequence[str]) -> None:
        """Nothing to prepare."""

    def burst(self, keys: Sequence[str]) -> float:
        """Post all at once; returns when it was sent."""
        texts = [self._text("bench.event", {"key": key, "text": PADDING}) for key in keys]
        body = orjson.dumps(texts)

        async def post() -> float:
            async with aiohttp.ClientSession() as http:
                began_at = time.monotonic()
                await self._post(http, body)
                return began_at

        return asyncio.run(post())

    def stream(self, keys: Sequence[str]) -> dict[str, float]:
        """Post one after the other; returns when each was posted."""
        facts = {"floor": 0, "on_hand": 0, "available": 0}
        bodies = {key: orjson.dumps([self._text("stock.out", {"sku": key, **facts})]) for key in keys}
        return asyncio.run(_paced(keys, lambda http, key: self._post(http, bodies[key])))

    async def _post(self, http: aiohttp.ClientSession, body: bytes) -> None:
        async with http.post(f"{self.url}/broadcast", data=body) as answer:
            answer.raise_for_status()

    def _text(self, kind: str, data: dict[str, object]) -> str:
        self._offset += 1
        frame = {"t": "event", "offset": self._offset, "kind": kind, "at": datetime.now(UTC), "data": data}
        return orjson.dumps(frame).decode()


async def _paced(
    keys: Sequence[str], send: Callable[[aiohttp.ClientSession, str], Coroutine[Any, Any, None]]
) -> dict[str, float]:
    """Send ``PER_S`` a second whether or not the ones before are answered."""
    sent: dict[str, float] = {}
    async with aiohttp.ClientSession() as http:
        began_at = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number, key in enumerate(keys):
                await asyncio.sleep(max(0.0, began_at + number / PER_S - time.monotonic()))
                sent[key] = time.monotonic()
                tasks.create_task(send(http, key))
    return sent


@contextmanager
def ws_server(folder: Path) -> Iterator[Peer]:
    """Run the ws peer. Raises FileNotFoundError or CalledProcessError where it cannot be had."""
    modules = _installed()
    port = free_port()
    process = spawn(
        ["sh", "-c", 'cd "$0" && exec node "$1" "$2"', str(modules), str(PEER / "fanout_ws.mjs"), str(port)],
        folder / "ws.log",
    )
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/"), "the start of ws")
        yield Peer("ws", f"http://127.0.0.1:{port}")
    finally:
        end(process)


def _installed() -> Path:
    """Install the peer's packages once per lock file, into the environment's own folder."""
    lock = (PEER / "package-lock.json").read_bytes()
    folder = Path(sys.prefix) / "bench-peers" / f"fanout_ws-{sha256(lock).hexdigest()[:12]}"
    if not (folder / "node_modules" / "ws").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PEER / name, folder)
        command = ["npm", "ci", "--silent", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, timeout=INSTALL_S, stdout=subprocess.DEVNULL)
    return folder
