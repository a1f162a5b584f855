"""Viewers of a real daemon: cut off, restarted under, and beside others who do not read or who flood."""

import asyncio
import json
import random
import re
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import pytest

from bench.fanout_servers import PER_S as EVENTS_PER_S
from bench.fanout_servers import Ours
from bench.ground import issue_token, stock_up, write_secret
from bench.servers import Daemon, lasting_port
from bench.viewers import Crowd, Seen, Watching, handshake
from leadboost.actors.stream_bridge.bridge import REPLAYED_EVENTS
from leadboost.clock import SystemClock
from leadboost.console.auth import Role, Tokens
from tests.acceptance.followers import Follower, Seller, following, pause

SECRET = "5e" * 32
PER_S = 200
VIEWERS = 50


class Place:
    """A daemon with its embedded database, on a port that it keeps across restarts."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon

    @property
    def dsn(self) -> str:
        record = json.loads((self.daemon.data_dir / "postgres.json").read_text())
        return f"postgresql://leadboost:{record['password']}@127.0.0.1:{record['port']}/leadboost"

    async def stock(self, run: str, count: int) -> list[str]:
        """Put one unit each of so many SKUs."""
        skus = [f"{run}-{number:05d}" for number in range(count)]
        await asyncio.to_thread(stock_up, self.dsn, dict.fromkeys(skus, 1))
        return skus

    async def restart(self) -> None:
        """SIGTERM, then start anew."""
        await asyncio.to_thread(self.daemon.stop)
        await asyncio.to_thread(self.daemon.start)

    def closed_viewers(self) -> dict[str, tuple[float, int]]:
        """When each viewer was closed by the daemon, and with which code, from its log."""
        found: dict[str, tuple[float, int]] = {}
        for line in self.daemon.log.read_text().splitlines():
            if '"viewer closed"' in line:
                entry = json.loads(line)
                at = datetime.fromisoformat(entry["timestamp"]).timestamp()
                found[entry["viewer"]] = (at, entry["code"])
        return found


@pytest.fixture
def place(open_path: Path) -> Iterator[Place]:
    data_dir = open_path / "live"
    write_secret(data_dir, SECRET)
    daemon = Daemon(data_dir, port=lasting_port())
    daemon.start()
    yield Place(daemon)
    daemon.stop()


async def until_all_have(followers: list[Follower], offset: int) -> None:
    async with asyncio.timeout(30):
        while any((each.since or 0) < offset for each in followers):
            await pause(0.02)


@pytest.mark.parametrize("waves", [4, pytest.param(200, marks=pytest.mark.drill)], ids=["short", "drill"])
async def test_forced_disconnects_and_a_restart_lose_no_event_and_double_none(
    place: Place, waves: int
) -> None:
    moments = random.Random(waves)
    skus = await place.stock("wave", round(waves * 0.3 * PER_S) + 2 * PER_S)
    async with following(place.daemon.url, SECRET, VIEWERS) as (followers, http):
        seller = Seller(place.daemon.url, issue_token(SECRET))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(seller.sell(http, skus, PER_S))
            for wave in range(waves):
                if wave == waves // 2:
                    await place.restart()
                for follower in followers:
                    asyncio.get_running_loop().call_later(moments.uniform(0.0, 0.2), follower.drop)
                await pause(0.3)
        await until_all_have(followers, len(skus))  # each sale is one event

    wrongs: Counter[str] = sum((each.wrongs for each in followers), Counter())
    returns = [recovered for each in followers for recovered in each.recovered]
    print(
        f"\n{waves} waves over {VIEWERS} viewers: {len(returns)} came back, {len(skus)} events,", dict(wrongs)
    )
    assert +wrongs == Counter()
    assert all(set(skus) == each.arrivals.keys() - {""} for each in followers)
    cuts = sum(each.cuts for each in followers)
    assert len(returns) >= cuts >= waves * VIEWERS / 3  # who has not come back yet cannot be cut
    assert all(returns)


async def test_outside_of_what_is_replayed_the_greeting_says_so_and_its_snapshot_is_right(
    place: Place,
) -> None:
    (sku,) = await place.stock("old", 1)
    async with following(place.daemon.url, SECRET, 1) as ((follower,), http):
        await Seller(place.daemon.url, issue_token(SECRET)).sell(http, [sku], PER_S)
        await until_all_have([follower], 1)
        await _journal(place.dsn, REPLAYED_EVENTS + 10)
        await until_all_have([follower], REPLAYED_EVENTS + 11)
        hello = await _greeting(http, place.daemon.url, f"?since=1&epoch={follower.epoch}")
        foreign = await _greeting(http, place.daemon.url, "?since=1&epoch=another")

    assert (hello["recovered"], foreign["recovered"]) == (False, False)
    assert hello["offset"] == foreign["offset"] == REPLAYED_EVENTS + 11
    assert hello["state"][f"stock/{sku}"]["on_hand"] == 0
    assert hello["state"]["health"]["mode"] == "running"


async def _journal(dsn: str, count: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "INSERT INTO events (id, kind, at, data)"
            " SELECT gen_random_uuid(), 'test.event', now(), '{}' FROM generate_series(1, $1)",
            count,
        )
    finally:
        await connection.close()


async def _greeting(http: aiohttp.ClientSession, url: str, query: str, name: str = "late") -> dict[str, Any]:
    token = Tokens(bytes.fromhex(SECRET), SystemClock()).issue(name, Role.VIEWER, 600)
    async with http.ws_connect(
        f"{url}/dashboard/ws{query}", protocols=("leadboost.v1", f"bearer.{token}")
    ) as viewer:
        hello: dict[str, Any] = json.loads(await viewer.receive_str())
        return hello


# -- who does not keep up -------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much of a send is not acknowledged")
@pytest.mark.parametrize(
    ("seconds", "most_s"), [(2, 8.0), pytest.param(20, 5.5, marks=pytest.mark.drill)], ids=["short", "drill"]
)
def test_a_viewer_that_never_reads_and_one_that_floods_are_out_in_5_seconds(
    place: Place, seconds: int, most_s: float
) -> None:
    server = Ours(token=issue_token(SECRET), dsn=place.dsn, url=place.daemon.url)
    before, quiet = _watched(server, "before", seconds)

    joined_at = time.time()
    mute, flood = _raw(place, "mute"), _raw(place, "flood")
    with ThreadPoolExecutor() as pool:
        muted, _ = pool.submit(_endure, mute), pool.submit(_flood, flood)
        during, noisy = _watched(server, "during", max(seconds, 6))
    back = asyncio.run(_return(place, "mute"))

    flooded_at, code = place.closed_viewers()["flood"]
    took = {"mute": round(muted.result() - joined_at, 2), "flood": round(flooded_at - joined_at, 2)}
    print(f"\nout after (s): {took}; the others' p99 in ms: {before} before, {during} during; {back['cut']}")
    assert (back["cut"]["code"], code) == (4008, 1008)
    assert max(took.values()) < most_s
    assert [seen.wrongs() for seen in (quiet, noisy)] == [dict.fromkeys(quiet.wrongs(), 0)] * 2


def _watched(server: Ours, run: str, seconds: int) -> tuple[float, Seen]:
    """Make events before a crowd in a process of its own; returns its p99 in ms, and what it saw."""
    keys = [f"{run}-{number:05d}" for number in range(seconds * EVENTS_PER_S)]
    server.prepare(keys)
    tokens = Tokens(bytes.fromhex(SECRET), SystemClock())
    crowd = Watching(
        Crowd(
            url=server.url,
            dialect="leadboost",
            viewers=VIEWERS,
            expected=[*keys, f"{run}-end"],
            tokens=[tokens.issue(f"viewer-{number}", Role.VIEWER, 600) for number in range(VIEWERS)],
            timed=VIEWERS,
        )
    )
    sent = server.stream(keys)
    server.burst([f"{run}-end"])
    seen = crowd.seen()
    waits = [came_at - sent[key] for key, came_at in seen.arrivals if key in sent]
    return round(quantiles(waits, n=100)[98] * 1e3, 1), seen


def _raw(place: Place, name: str) -> socket.socket:
    """Open a viewer that reads nothing of itself, with as little room as the system gives."""
    parts = urlsplit(place.daemon.url)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect((parts.hostname, parts.port))
    token = Tokens(bytes.fromhex(SECRET), SystemClock()).issue(name, Role.VIEWER, 600)
    crowd = Crowd(url=place.daemon.url, dialect="leadboost", viewers=1, expected=["none"])
    raw.sendall(handshake(crowd, token))
    return raw


def _endure(raw: socket.socket) -> float:
    """Read nothing, but say something now and then, until the connection is gone; returns when."""
    poller = select.poll()
    poller.register(raw, 0)  # errors and hang-ups alone
    try:
        while not poller.poll(250):
            raw.sendall(b"\x8a\x80\0\0\0\0")  # a pong, which a link that was cut answers with a reset
    except OSError:
        pass
    gone_at = time.time()
    raw.close()
    return gone_at


async def _return(place: Place, name: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as http:
        return await _greeting(http, place.daemon.url, "", name)


def _flood(raw: socket.socket) -> None:
    """Send pongs as fast as they go until the other side has had enough."""
    frame = b"\x81\x8c\0\0\0\0" + b'{"t":"pong"}'
    try:
        while True:
            raw.sendall(frame * 100)
    except OSError:
        raw.close()


# -- refusals -------------------------------------------------------------------------------------


def test_a_real_daemon_refuses_an_upgrade_without_a_good_token(place: Place) -> None:
    other = Tokens(b"another secret, which is long enough", SystemClock()).issue("ana", Role.ADMIN, 600)
    own = Tokens(bytes.fromhex(SECRET), SystemClock())
    expired = own.issue("ana", Role.ADMIN, -1)
    _, payload, _ = own.issue("ana", Role.ADMIN, 600).split(".")
    unsigned = f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}."

    statuses = {
        name: _status(place, token)
        for name, token in (
            ("none", None),
            ("expired", expired),
            ("wrong signature", other),
            ("alg none", unsigned),
        )
    }

    print(f"\nrefused: {statuses}")
    assert set(statuses.values()) == {401}


def _status(place: Place, token: str | None) -> int:
    crowd = Crowd(url=place.daemon.url, dialect="leadboost", viewers=1, expected=["none"])
    request = handshake(crowd, token)
    if token is None:
        request = request.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: leadboost.v1\r\n\r\n")
    parts = urlsplit(place.daemon.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as raw:
        raw.sendall(request)
        found = re.match(rb"HTTP/1\.1 (\d+)", raw.recv(4096))
    assert found is not None
    return int(found[1])
