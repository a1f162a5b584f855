from dataclasses import replace

import numpy as np
import pytest

from leadboost.domain.roi.learner import Learner
from leadboost.domain.roi.score import FIRST_WINDOW_ROWS, WINDOWS, History, Window
from leadboost.domain.roi.watch import CALM_ROWS, Watch
from tests.campaigns import campaigns

DAY = "2026-05-01"
COVERED = np.ones(10) * 0.8


def watched(errors: float, *, rows: int, worse: float | None = None, watch: Watch | None = None) -> Watch:
    seen = watch or Watch(good=1)
    for _ in range(rows // 10):
        shadow = None if worse is None else np.full(10, worse)
        seen = seen.see(np.full(10, errors), COVERED, shadow, DAY)
    return seen


def test_errors_as_expected_are_no_drift_however_long() -> None:
    seen = watched(1.0, rows=100_000, worse=0.0)

    assert (seen.state, seen.is_bad, seen.is_good) == ("none", False, True)


def test_doubled_errors_are_drift_within_fifty_rows() -> None:
    assert watched(2.0, rows=30).state == "suspected"
    assert watched(2.0, rows=50).state == "drifted"


def test_one_huge_error_is_no_drift() -> None:
    errors = np.array([1e6] + [1.0] * 9)

    assert Watch().see(errors, COVERED, None, DAY).state == "none"


def test_few_targets_within_their_interval_raise_suspicion() -> None:
    seen = Watch()
    for _ in range(10):
        seen = seen.see(np.ones(10), np.zeros(10), None, DAY)

    assert seen.state == "suspected"


def test_drift_ends_after_calm_rows() -> None:
    drifted = watched(2.0, rows=50)

    assert watched(1.0, rows=CALM_ROWS - 10, watch=drifted).state == "drifted"
    assert watched(1.0, rows=CALM_ROWS, watch=drifted).state == "none"


def test_a_model_that_errs_more_than_the_last_good_one_is_bad() -> None:
    assert not watched(1.0, rows=20, worse=1.0).is_bad
    assert watched(1.0, rows=30, worse=1.0).is_bad


def test_a_changed_world_where_the_last_good_one_errs_as_much_is_no_bad_model() -> None:
    seen = watched(3.0, rows=1000, worse=0.0)

    assert (seen.state, seen.is_bad) == ("drifted", False)


def test_a_badness_found_within_a_group_is_not_forgotten_by_its_end() -> None:
    worse = np.array([3.0] * 20 + [-3.0] * 40)

    assert Watch(good=1).see(np.ones(60), np.ones(60), worse, DAY).is_bad


@pytest.mark.parametrize("rows", [FIRST_WINDOW_ROWS * WINDOWS, FIRST_WINDOW_ROWS * WINDOWS * 5])
def test_history_keeps_every_row_in_a_bounded_number_of_windows(rows: int) -> None:
    history = History()
    for _ in range(rows // 10):
        history = history.added(Window(day=DAY, rows=10, error_sum=5.0, baseline_error_sum=9.0, covered=8))

    assert WINDOWS // 2 <= len(history.windows) <= WINDOWS
    assert sum(window.rows for window in history.windows) == rows
    assert sum(window.covered for window in history.windows) == rows // 10 * 8


def test_a_shift_of_the_world_is_learned_with_the_short_memory_alone() -> None:
    outcomes = campaigns(1600)
    shifted = [replace(one, revenue_micros=one.revenue_micros // 3) for one in outcomes[1000:]]
    learner = Learner()
    learner.learn(outcomes[:1000])
    good = learner.copy()
    before = learner.mixture.standing()[0][1]

    learner.learn(shifted[:100], None, good)
    learner.learn(shifted[100:], None, good)

    assert before > 0.1
    assert learner.watch.drifts >= 1
    assert not learner.watch.is_bad
    late = learner.history.windows[-1]
    assert late.error_sum / late.rows < 0.3
