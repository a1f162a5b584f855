"""A changed world and a bad batch, planted into outcomes: what the watch over the model is worth."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bench.harness import Report, summary
from bench.learn_data import Told, groups
from bench.learn_peers import Floats, Ours
from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.learner import Learner
from leadboost.domain.roi.watch import Watch

LEAST_ROWS = 2_000
LOOKED_AT = 500
"""Errors are those of so many rows after the change, or after the end of the bad batch."""

WORSE, BAD_ROWS, TOO_MUCH = 3, 300, 100
"""Returns fall to a third and stay there; or 300 revenues are a hundredfold: somebody lost decimal points."""


@dataclass(frozen=True, slots=True)
class _Asleep(Watch):
    """Sees nothing: the model learns on as it always does."""

    def see(self, scaled: Floats, covered: Floats, worse: Floats | None, day: str) -> Watch:  # noqa: ARG002
        return self


@dataclass(frozen=True, slots=True)
class _Followed:
    """Mean absolute error of the rows looked at, and how many rows it took to act; None for never."""

    error: float
    acted_after: int | None


def compare_planted(told: Told, report: Report) -> None:
    """Plant both, each half-way through, and learn them with the watch and without."""
    rows = len(told.outcomes)
    if rows < LEAST_ROWS:
        report.missing.append(f"planted shift and bad batch (need {LEAST_ROWS:,} rows)")
        return
    at = rows // 2
    shifted = _changed(told, slice(at, rows), lambda revenue: revenue // WORSE)
    _compare("shift", "found", shifted, at, lambda ours: ours.drifts, report)
    bad = slice(at, at + BAD_ROWS)
    spoiled = _changed(told, bad, lambda revenue: revenue * TOO_MUCH)
    _compare("bad_batch", "rolled_back", spoiled, bad.stop, lambda ours: ours.rollbacks, report)


def _changed(told: Told, rows: slice, revenue: Callable[[int], int]) -> Told:
    changed = [replace(one, revenue_micros=revenue(one.revenue_micros)) for one in told.outcomes[rows]]
    outcomes: list[Outcome] = [*told.outcomes]
    outcomes[rows] = changed
    return Told.of(outcomes)


def _compare(name: str, done: str, told: Told, at: int, acts: Callable[[Ours], int], report: Report) -> None:
    watched = _follow(told, Ours(), at, acts)
    unwatched = _follow(told, Ours(Learner(watch=_Asleep())), at, acts)
    report.results.append(
        summary(f"{name}_error_vs_unwatched", [watched.error / unwatched.error], at_most=1.0)
    )
    report.figures |= {f"{name}_error": watched.error, f"{name}_error_unwatched": unwatched.error}
    if watched.acted_after is not None:
        report.figures[f"{name}_{done}_after_rows"] = watched.acted_after
    else:
        report.missing.append(f"{name}_{done}_after_rows (not within {LOOKED_AT} rows)")


def _follow(told: Told, ours: Ours, at: int, acts: Callable[[Ours], int]) -> _Followed:
    """Learn up to the last row looked at; acts are counted from row ``at`` on, in whole groups."""
    until = at + LOOKED_AT
    errors = np.zeros(len(told.outcomes))
    before, acted_after = 0, None
    for group in groups(until):
        outcomes, targets = told.outcomes[group], told.targets[group]
        errors[group] = np.abs(ours.predict(outcomes) - targets)
        ours.learn(outcomes, targets)
        if group.stop <= at:
            before = acts(ours)
        elif acted_after is None and acts(ours) > before:
            acted_after = group.stop - at
    return _Followed(float(errors[at:until].mean()), acted_after)
