import pytest

from bench.ground import open_ground
from bench.storm import run_storm


@pytest.mark.parametrize(
    ("daemons", "attempts", "kills"),
    [(2, 2_000, 1), pytest.param(3, 100_000, 5, marks=pytest.mark.drill)],
    ids=["short", "drill"],
)
def test_whatever_happens_to_stock_on_daemons_that_are_killed_agrees_with_the_answers_to_the_unit(
    daemons: int, attempts: int, kills: int
) -> None:
    with open_ground() as ground:
        aftermath = run_storm(ground, daemons=daemons, attempts=attempts)

    assert set(aftermath.checks.values()) == {0}, aftermath
    assert aftermath.figures["kills"] >= kills
    for happened in ("sell 201", "order 201", "confirm 201", "return 201", "sell 409"):
        assert aftermath.figures[happened] > 0
