"""kill -9 of the daemon at random moments while buyers buy: what was acknowledged stands, once."""

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.ground import issue_token, stock_up, take_stock, write_secret
from bench.load import Attack, Load
from bench.servers import Daemon, lasting_port, wait_for
from bench.stress import wrong_answers, wrong_events

SECRET = "5e" * 32

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the server's processes in /proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A daemon with its embedded database, on a port that it keeps across restarts."""

    daemon: Daemon
    token: str

    @property
    def dsn(self) -> str:
        record = json.loads((self.daemon.data_dir / "postgres.json").read_text())
        return f"postgresql://leadboost:{record['password']}@127.0.0.1:{record['port']}/leadboost"

    def server_processes(self) -> set[int]:
        """Every process of its PostgreSQL, orphaned or not: all work in the cluster's folder."""
        pgdata = str((self.daemon.data_dir / "pgdata").resolve())
        return {pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _folder(pid) == pgdata}

    def orphans(self) -> set[int]:
        """Those that do not belong to the server now running."""
        server = int((self.daemon.data_dir / "pgdata" / "postmaster.pid").read_text().split()[0])
        return {pid for pid in self.server_processes() if pid != server and _parent(pid) != server}


def _folder(pid: int) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


@pytest.fixture
def shop(open_folder: Path) -> Iterator[Shop]:
    data_dir = open_folder / "drill"
    write_secret(data_dir, SECRET)
    daemon = Daemon(data_dir, port=lasting_port())
    daemon.start()
    yield Shop(daemon=daemon, token=issue_token(SECRET))
    daemon.stop()


def _kill_under_load(shop: Shop, sku: str, stock: int, moments: random.Random) -> Counter[str]:
    stock_up(shop.dsn, {sku: stock}, floor=stock // 10)
    orders = stock * 3 // 2
    load = Load(
        urls=[shop.daemon.url],
        token=shop.token,
        prefix=sku,
        orders=orders,
        skus=[sku],
        retry_every=10,
        announce=moments.randrange(1, stock),
    )
    attack = Attack(load)
    attack.await_announcement()
    attack.let_run(moments.uniform(0, 0.02))
    shop.daemon.kill()
    shop.daemon.start()
    outcome = attack.outcome()
    wrongs = Counter(take_stock(shop.dsn, {sku: stock}, outcome.granted))
    wrongs.update(wrong_answers(outcome))
    wrongs.update(wrong_events(shop.dsn, sku))
    wrongs.update({"orphans": len(shop.orphans()), "again": outcome.again})
    return wrongs


@pytest.mark.parametrize(
    ("runs", "stock"), [(2, 2_000), pytest.param(50, 8_000, marks=pytest.mark.drill)], ids=["short", "drill"]
)
def test_kill_9_under_load_loses_no_acknowledged_sale_and_doubles_none(
    shop: Shop, runs: int, stock: int
) -> None:
    moments = random.Random(runs)
    wrongs: Counter[str] = Counter()

    for run in range(runs):
        wrongs.update(_kill_under_load(shop, f"killed-{run}", stock, moments))
    shop.daemon.stop()

    resent = wrongs.pop("again")
    assert +wrongs == Counter()
    assert resent >= runs
    wait_for(lambda: not shop.server_processes(), "the end of PostgreSQL", seconds=5)
