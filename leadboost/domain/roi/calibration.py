"""How wrong forecasts are, and the intervals that follow."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from leadboost.domain.roi.design import Floats, Ints
from leadboost.domain.roi.features import KNOTS, Terms
from leadboost.domain.roi.forecast import LEVEL

Y_BOUND = 35.0
"""No target is further from zero: log((2**63 / 1e6 + c) / c) = 34.5."""

_KEPT = 0.998
_PRIOR_ROWS = 10.0
_REMEMBERED = 1000
_STEP = 0.02
_TAIL = (1.0 - LEVEL) / 2
_SLICES = (np.arange(64) + 0.5) / 64


@dataclass(slots=True)
class Calibration:
    """Recent errors of forecasts made before learning, and tails that adapt.

    Errors are divided by a scale, the recent mean absolute error around that spend (interpolated
    between ``KNOTS``, shrunken to the overall one). Interval ends are quantiles of the last 1,000
    scaled errors (conformal prediction, split by time); the tail probabilities move after each miss
    so that either end is missed one time in ten (adaptive conformal inference, Gibbs and Candes
    2021, step 0.02, which a few hundred rows are enough for).
    """

    scale_sums: Floats = field(default_factory=lambda: np.zeros(len(KNOTS)))
    scale_rows: Floats = field(default_factory=lambda: np.zeros(len(KNOTS)))
    overall: Floats = field(default_factory=lambda: np.array([1.0, 1.0]))
    tails: Floats = field(default_factory=lambda: np.full(2, _TAIL))
    errors: Floats = field(default_factory=lambda: np.zeros(0))
    target_range: Floats = field(default_factory=lambda: np.zeros(2))

    def copy(self) -> "Calibration":
        """Copy, so that learning leaves this one as it is."""
        return Calibration(
            self.scale_sums.copy(),
            self.scale_rows.copy(),
            self.overall.copy(),
            self.tails.copy(),
            self.errors.copy(),
            self.target_range.copy(),
        )

    def knot_scales(self) -> Floats:
        """Typical absolute error at each knot, in the target's units."""
        overall = float(self.overall[0] / self.overall[1])
        knots = (self.scale_sums + _PRIOR_ROWS * overall) / (self.scale_rows + _PRIOR_ROWS)
        return np.maximum(knots, max(0.15 * overall, 1e-3))

    def ends(self) -> tuple[float, float]:
        """Scaled interval ends around the forecast, (<= 0, >= 0)."""
        if not len(self.errors):
            return -1.0, 1.0
        ranks = np.array([self._rank(self.tails[0], 0), self._rank(self.tails[1], 1)])
        low, high = _quantiles(self.errors, ranks).tolist()
        return min(low, 0.0), max(high, 0.0)

    def slices(self) -> Floats:
        """64 scaled errors of equal probability, ascending: the distribution around a forecast."""
        return _quantiles(self.errors, _SLICES) if len(self.errors) else np.zeros(1)

    def learn(self, rows: Sequence[Terms], forecast: Floats, target: Floats) -> tuple[Floats, Floats]:
        """Take in forecasts of ``rows`` made before learning.

        Returns, (rows,) each, the scale that divides errors, and one where the interval covered the
        target, else nought.
        """
        left, share = bends(rows)
        scale, (low, high) = between(self.knot_scales(), left, share), self.ends()
        error = target - forecast
        below, above = error < low * scale, error > high * scale
        missed = np.array([below.sum(), above.sum()])
        self.tails = np.clip(self.tails + _STEP * (len(error) * _TAIL - missed), 0.005, 0.4)
        self.errors = np.concatenate([self.errors, error / scale])[-_REMEMBERED:]
        self.target_range = np.array(
            [min(self.target_range[0], target.min()), max(self.target_range[1], target.max())]
        )
        self._learn_scale(left, share, np.abs(error))
        covered: Floats = np.where(below | above, 0.0, 1.0)
        return scale, covered

    def _learn_scale(self, left: Ints, share: Floats, error: Floats) -> None:
        overall = float(self.overall[0] / self.overall[1])
        error = np.minimum(error, 4.0 * overall + 1.0)
        kept = _KEPT ** len(error)
        self.scale_sums *= kept
        self.scale_rows *= kept
        for at, part in ((left, 1.0 - share), (left + 1, share)):
            np.add.at(self.scale_sums, at, part * error)
            np.add.at(self.scale_rows, at, part)
        self.overall = self.overall * kept + np.array([error.sum(), len(error)])

    def _rank(self, tail: float, end: int) -> float:
        """Quantile level of a tail with the finite-sample correction of conformal prediction."""
        rows = len(self.errors)
        outside = max(tail * (rows + 1) - 1.0, 0.0) / rows
        return float(1.0 - outside if end else outside)


def bends(rows: Sequence[Terms]) -> tuple[Ints, Floats]:
    """Where the rows' spends lie between knots: index of each left one, share of the right one."""
    left = np.array([row.left for row in rows], dtype=np.int64)
    return left, np.array([row.share for row in rows])


def between(at_knots: Floats, left: Ints, share: Floats) -> Floats:
    """Interpolate values given at the knots."""
    values: Floats = at_knots[left] * (1.0 - share) + at_knots[left + 1] * share
    return values


def _quantiles(values: Floats, levels: Floats) -> Floats:
    """Quantiles by linear interpolation, as ``np.quantile`` has them, at a tenth of its overhead."""
    quantiles: Floats = np.interp(levels * (len(values) - 1), np.arange(len(values)), np.sort(values))
    return quantiles
