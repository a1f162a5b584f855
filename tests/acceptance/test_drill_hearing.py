"""kill -9 while signals are processed: each is counted once in the end, whatever the moment."""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bench.ground import write_secret
from bench.servers import lasting_port, wait_for
from leadboost.domain.hearing.features import FEATURES
from tests.acceptance.mortal import SECRET, Mortal

SIGNALS = 230

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a child is told to die with its parent")


class Radar(Mortal):
    """A daemon that hears signals, dies and comes back on the same data."""

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
        self.call("POST", "/api/signals", {"items": signals})

    def waiting(self) -> int:
        ((waiting,),) = self.ask("SELECT count(*) FROM raw_signals WHERE processed_at IS NULL")
        return int(waiting)


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
