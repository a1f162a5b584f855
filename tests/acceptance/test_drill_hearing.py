"""kill -9 while signals are processed: each is counted once in the end, whatever the moment."""

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from bench.ground import issue_token, write_secret
from bench.servers import Daemon, lasting_port, wait_for
from leadboost.domain.hearing.features import FEATURES
from tests.acceptance.ad_world import request

SECRET = "5e" * 32
SIGNALS = 230

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a child is told to die with its parent")


@dataclass
class Radar:
    """A daemon that hears signals, dies and comes back on the same data."""

    data_dir: Path
    port: int
    daemon: Daemon | None = None

    def start(self, crash: str | None = None) -> None:
        environment = {"LEADBOOST_PROFILE": "test", "LEADBOOST_TESTING__CRASH_POINTS": "true"}
        if crash:
            environment["LEADBOOST_CRASH"] = crash
        self.daemon = Daemon(self.data_dir, port=self.port, environment=environment)
        self.daemon.start()

    def kill(self) -> None:
        if self.daemon is not None:
            self.daemon.kill()

    def await_death(self) -> None:
        assert self.daemon is not None
        assert self.daemon.process is not None
        assert self.daemon.process.wait(30) == -signal.SIGKILL

    def hear(self, run: int) -> None:
        """Send the signals of one run. Raises OSError when the kill that they bring about cuts it off."""
        signals = [
            {
                "source": f"run-{run}-{number % 3}",
                "external_id": f"{run}-{number}",
                "author": f"author {run} {number}",
                "text": f"Where can I buy boots number {number} in town {run}? I need them before winter.",
            }
            for number in range(SIGNALS)
        ]
        request(
            f"http://127.0.0.1:{self.port}/api/signals",
            token=issue_token(SECRET),
            method="POST",
            body={"items": signals},
        )

    def ask(self, query: str) -> list[asyncpg.Record]:
        record = json.loads((self.data_dir / "postgres.json").read_text())
        dsn = f"postgresql://leadboost:{record['password']}@127.0.0.1:{record['port']}/leadboost"
        return asyncio.run(_fetch(dsn, query))

    def waiting(self) -> int:
        ((waiting,),) = self.ask("SELECT count(*) FROM raw_signals WHERE processed_at IS NULL")
        return int(waiting)


async def _fetch(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


@pytest.fixture
def radar(open_path: Path) -> Iterator[Radar]:
    data_dir = open_path / "hearing"
    write_secret(data_dir, SECRET)
    radar = Radar(data_dir, lasting_port())
    yield radar
    if radar.daemon is not None:
        radar.daemon.stop()


@pytest.mark.parametrize(
    "runs",
    [1, pytest.param(34, marks=[pytest.mark.drill, pytest.mark.timeout(3600)])],
    ids=["short", "drill"],
)
@pytest.mark.parametrize("point", ["hearing.claimed", "hearing.marked", "hearing.committed"])
def test_a_kill_between_any_two_steps_counts_every_signal_once(radar: Radar, point: str, runs: int) -> None:
    for run in range(runs):
        radar.kill()
        radar.start(point)
        with suppress(OSError):
            radar.hear(run)
        radar.await_death()
        radar.start()
        radar.hear(run)  # again, as whoever got no answer does
        wait_for(lambda: radar.waiting() == 0, "the end of processing", seconds=60)

    stored = dict(map(tuple, radar.ask("SELECT source, count(*) FROM raw_signals GROUP BY source")))
    counted = dict(
        map(
            tuple,
            radar.ask(
                "SELECT name, (statistics ->> 'accepted')::float + (statistics ->> 'rejected')::float"
                " FROM hearing_statistics WHERE kind = 'source'"
            ),
        )
    )
    total = sum(stored.values())
    print(f"\n{runs} kills at {point}: {total} signals, counted {sum(counted.values()):.2f} times")
    assert total == SIGNALS * runs
    assert counted == pytest.approx(stored, abs=0.2)  # within seconds next to nothing fades
    (features,) = radar.ask("SELECT features FROM raw_signals WHERE state = 'processed' LIMIT 1")
    assert set(json.loads(features[0])) == set(FEATURES)
