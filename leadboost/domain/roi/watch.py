"""Watch over a model: has the world changed, or has the model gone bad?

Two cumulative sums (CUSUM; Page 1954, "Continuous inspection schemes", Biometrika 41), both over
absolute errors made before learning, divided by the error that was to be expected at that spend
(for the second sum: by the last good version, which no bad row has taught to expect large ones):

- **drift**, s = max(0, s + min(x, 5) - 1.25): x has mean one while the model is as good as it has lately
  been. Above 15 drift is suspected, above 30 it is certain. So it is suspected, too, while fewer than
  two thirds of the last 100 or so targets fell into their interval (80 % should; three standard errors).
- **excess**, s = max(0, s + d - 0.1), where d, within +-3, is how much larger the error was than that of
  the last good version, which answers the same rows in its shadow. Above 25 the model is worse than
  what it came from: it learned something that is not so, and goes back to the last good version.

When the world changes, the shadow errs at least as much: then excess stays at nought, and the model
learns on with its shorter memory alone. A version is good after 500 rows without a sign of either.
"""

from dataclasses import dataclass, replace

import numpy as np

from leadboost.domain.roi.design import Floats

NONE, SUSPECTED, DRIFTED = "none", "suspected", "drifted"

CALM_ROWS = 500

_ALLOWED, _LARGEST = 1.25, 5.0
_SUSPECTED_AT, _DRIFTED_AT = 15.0, 30.0
_EXCESS_ALLOWED, _EXCESS_LARGEST, _BAD_AT = 0.1, 3.0, 25.0
_COVERAGE_KEPT = 0.99
_LEAST_COVERAGE = 0.67


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the watch has seen; plain numbers, kept with the model.

    ``good`` is the last good version, 0 before the first; ``calm_rows`` is how many rows came since the
    last sign of drift or since ``good``; ``since`` is the day (ISO) on which ``state`` began.
    """

    good: int = 0
    calm_rows: int = 0
    state: str = NONE
    since: str = ""
    drift: float = 0.0
    excess: float = 0.0
    coverage: float = 0.8
    drifts: int = 0

    @property
    def is_bad(self) -> bool:
        """Whether the model has become worse than the last good version."""
        return self.excess > _BAD_AT

    @property
    def is_good(self) -> bool:
        """Whether what stands now may be called good."""
        return self.calm_rows >= CALM_ROWS and self.state == NONE and self.excess < _BAD_AT / 5

    @property
    def detail(self) -> str:
        """Say in words what was seen."""
        if self.state == NONE:
            return "errors are as they are to be expected"
        return (
            f"cumulated excess error {self.drift:.0f} of {_DRIFTED_AT:.0f}, "
            f"{self.coverage:.0%} of recent outcomes within their interval"
        )

    def call_good(self, version: int) -> "Watch":
        """Take ``version`` as the last good one from now on."""
        return replace(self, good=version, calm_rows=0, excess=0.0)

    def see(self, scaled: Floats, covered: Floats, worse: Floats | None, day: str) -> "Watch":
        """Look at scaled absolute errors, whether each target was covered, and how much worse than the
        shadow's each error was, None without a good version.

        All of them (rows,), ``covered`` of ones and noughts.
        """
        drift, highest = _cumulate(self.drift, np.minimum(scaled, _LARGEST) - _ALLOWED)
        kept = _COVERAGE_KEPT ** len(scaled)
        coverage = self.coverage * kept + float(covered.sum()) / len(covered) * (1.0 - kept)
        excess = self.excess
        if worse is not None:
            worse = np.minimum(np.maximum(worse, -_EXCESS_LARGEST), _EXCESS_LARGEST)
            excess, worst = _cumulate(excess, worse - _EXCESS_ALLOWED)
            excess = worst if worst > _BAD_AT else excess
        drifted = highest > _DRIFTED_AT
        alarmed = drifted or highest > _SUSPECTED_AT or coverage < _LEAST_COVERAGE
        calm_rows = 0 if alarmed else self.calm_rows + len(scaled)
        state = self._next(drifted=drifted, alarmed=alarmed, calm_rows=calm_rows)
        return replace(
            self,
            drift=0.0 if drifted else drift,
            coverage=coverage,
            excess=excess,
            calm_rows=calm_rows,
            state=state,
            since=self.since if state == self.state and self.since else day,
            drifts=self.drifts + drifted,
        )

    def _next(self, *, drifted: bool, alarmed: bool, calm_rows: int) -> str:
        if drifted:
            return DRIFTED
        if self.state == NONE:
            return SUSPECTED if alarmed else NONE
        return NONE if calm_rows >= CALM_ROWS else self.state


def _cumulate(start: float, steps: Floats) -> tuple[float, float]:
    """Add up steps, never below nought; returns the last sum and the highest."""
    highest = 0.0
    for step in steps.tolist():
        start = max(start + step, 0.0)
        highest = max(highest, start)
    return start, highest
