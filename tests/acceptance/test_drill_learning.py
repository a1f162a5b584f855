"""kill -9 while the model learns and while it is saved: the last good one serves, no row counts twice."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bench.ground import write_secret
from bench.servers import lasting_port, wait_for
from tests.acceptance.mortal import SECRET, Mortal

ROWS = 60
POINTS = ("learning.taught", "model.inserted", "model.marked", "model.committed")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a child is told to die with its parent")


class School(Mortal):
    """A daemon that learns, dies and comes back on the same data."""

    def teach(self, run: int) -> None:
        """Send the outcomes of one run. Raises OSError when the kill that they bring about cuts it off."""
        outcomes = [
            {
                "external_id": f"{run}-{number}",
                "platform": "meta_ads",
                "date": "2026-05-02",
                "spend": 5 + number,
                "revenue": 9 + number,
                "attributes": {"colour": f"c{number % 3}"},
            }
            for number in range(ROWS)
        ]
        self.call("POST", "/api/outcomes", {"items": outcomes})

    def forecast(self) -> Any:
        return self.call("POST", "/predict", {"spend": 7, "platform": "meta_ads"})

    def learned(self) -> tuple[int, int]:
        """How many outcomes the newest version knows, and how many wait."""
        ((known, waiting),) = self.ask(
            "SELECT (SELECT observations FROM models ORDER BY version DESC LIMIT 1),"
            " (SELECT count(*) FROM outcomes WHERE state <> 'processed')"
        )
        return int(known or 0), int(waiting)

    def await_learned(self, runs: int) -> None:
        wait_for(lambda: self.learned() == (ROWS * runs, 0), "the end of learning", seconds=60)


@pytest.fixture
def school(open_path: Path) -> Iterator[School]:
    data_dir = open_path / "learning"
    write_secret(data_dir, SECRET)
    school = School(data_dir, lasting_port())
    yield school
    if school.daemon is not None:
        school.daemon.stop()


def armed(run: int) -> str:
    """Name the point at which the life after ``run`` ends: one pass later where it first has to learn what
    the life before had not committed."""
    catches_up = run == 0 or POINTS[(run - 1) % len(POINTS)] != "model.committed"
    return f"{POINTS[run % len(POINTS)]}@{1 + catches_up}"


@pytest.mark.parametrize(
    "rounds",
    [1, pytest.param(25, marks=[pytest.mark.drill, pytest.mark.timeout(3600)])],
    ids=["short", "drill"],
)
def test_kills_while_learning_and_saving_leave_a_good_model_and_no_row_learned_twice(
    school: School, rounds: int
) -> None:
    kills = len(POINTS) * rounds
    served = []
    school.start(armed(0))
    school.teach(0)
    school.await_learned(1)

    for run in range(1, kills + 1):
        with suppress(OSError):
            school.teach(run)
        school.await_death()
        school.start(armed(run))  # whoever comes back is the next to be killed
        served.append(school.forecast())
        school.teach(run)  # again, as whoever got no answer does
        school.await_learned(run + 1)

    print(f"\n{kills} kills: {school.learned()[0]} outcomes learned of {ROWS * (kills + 1)}")
    assert [one["basis"] for one in served] == ["learned"] * kills
    versions = [one["model_version"] for one in served]
    assert versions == sorted(versions)
    assert school.learned() == (ROWS * (kills + 1), 0)
