"""How wrong forecasts are, and the intervals that follow."""

from dataclasses import dataclass, field

import numpy as np

from leadboost.domain.roi.design import Floats
from leadboost.domain.roi.features import KNOTS
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
    _ordered: Floats | None = field(default=None, init=False, repr=False, compare=False)
    """``errors`` in ascending order, once somebody has asked."""

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
        low, high = self._quantiles(ranks).tolist()
        return min(low, 0.0), max(high, 0.0)

    def slices(self) -> Floats:
        """64 scaled errors of equal probability, ascending: the distribution around a forecast."""
        return self._quantiles(_SLICES) if len(self.errors) else np.zeros(1)

    def learn(self, spend: Floats, forecast: Floats, target: Floats) -> tuple[Floats, Floats]:
        """Take in forecasts made before learning, and where between the knots each spend lies, (rows, knots).

        Returns, (rows,) each, the scale that divides errors, and one where the interval covered the
        target, else nought.
        """
        scale, (low, high) = spend @ self.knot_scales(), self.ends()
        error = target - forecast
        below, above = error < low * scale, error > high * scale
        missed = np.array([np.count_nonzero(below), np.count_nonzero(above)])
        tails = self.tails + _STEP * (len(error) * _TAIL - missed)
        self.tails = np.minimum(np.maximum(tails, 0.005), 0.4)
        self.errors = np.concatenate([self.errors, error / scale])[-_REMEMBERED:]
        self._ordered = None
        self.target_range = np.array(
            [min(self.target_range[0], target.min()), max(self.target_range[1], target.max())]
        )
        self._learn_scale(spend, np.abs(error))
        covered: Floats = np.where(below | above, 0.0, 1.0)
        return scale, covered

    def _learn_scale(self, spend: Floats, error: Floats) -> None:
        overall = float(self.overall[0] / self.overall[1])
        error = np.minimum(error, 4.0 * overall + 1.0)
        kept = _KEPT ** len(error)
        self.scale_sums *= kept
        self.scale_rows *= kept
        self.scale_sums += error @ spend
        self.scale_rows += spend.sum(axis=0)
        self.overall = self.overall * kept + np.array([error.sum(), len(error)])

    def _rank(self, tail: float, end: int) -> float:
        """Quantile level of a tail with the finite-sample correction of conformal prediction."""
        rows = len(self.errors)
        outside = max(tail * (rows + 1) - 1.0, 0.0) / rows
        return float(1.0 - outside if end else outside)

    def _quantiles(self, levels: Floats) -> Floats:
        """Quantiles of the errors by linear interpolation, as ``np.quantile`` has them, at a tenth of its
        overhead."""
        if self._ordered is None:
            self._ordered = np.sort(self.errors)
        last = len(self._ordered) - 1
        place = levels * last
        left = np.minimum(place.astype(np.int64), max(last - 1, 0))
        below, above = self._ordered[left], self._ordered[np.minimum(left + 1, last)]
        quantiles: Floats = below + (place - left) * (above - below)
        return quantiles
