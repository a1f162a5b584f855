"""How wrong forecasts are, and the intervals that follow."""

from dataclasses import dataclass, field
from typing import NamedTuple

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
    _rest: "_Rest | None" = field(default=None, init=False, repr=False, compare=False)
    """What follows from the others, once somebody has asked; None as soon as anything is learned."""

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
        return self._at_rest().knot_scales

    def ends(self) -> tuple[float, float]:
        """Scaled interval ends around the forecast, (<= 0, >= 0)."""
        return self._at_rest().ends

    def slices(self) -> Floats:
        """64 scaled errors of equal probability, ascending: the distribution around a forecast."""
        ordered = self._at_rest().ordered
        if not len(ordered):
            return np.zeros(1)
        last = len(ordered) - 1
        left = (_SLICES * last).astype(np.int64)
        below, above = ordered.take(left), ordered.take(np.minimum(left + 1, last))
        slices: Floats = below + (_SLICES * last - left) * (above - below)
        return slices

    def learn(self, spend: Floats, forecast: Floats, target: Floats) -> tuple[Floats, Floats]:
        """Take in forecasts made before learning, and where between the knots each spend lies, (rows, knots).

        Returns, (rows,) each, the scale that divides errors, and one where the interval covered the
        target, else nought.
        """
        scale, (low, high) = spend @ self.knot_scales(), self.ends()
        error = target - forecast
        below, above = error < low * scale, error > high * scale
        missed = int(np.count_nonzero(below)), int(np.count_nonzero(above))
        steps = [_STEP * (len(error) * _TAIL - times) for times in missed]
        tails = [tail + step for tail, step in zip(self.tails.tolist(), steps, strict=True)]
        self.tails = np.array([min(max(tail, 0.005), 0.4) for tail in tails])
        self.errors = np.concatenate([self.errors, error / scale])[-_REMEMBERED:]
        least, most = self.target_range.tolist()
        self.target_range = np.array([min(least, *target.tolist()), max(most, *target.tolist())])
        self._learn_scale(spend, np.abs(error))
        self._rest = None
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

    def _at_rest(self) -> "_Rest":
        if self._rest is None:
            overall = float(self.overall[0] / self.overall[1])
            knots = (self.scale_sums + _PRIOR_ROWS * overall) / (self.scale_rows + _PRIOR_ROWS)
            ordered = np.sort(self.errors)
            scales = np.maximum(knots, max(0.15 * overall, 1e-3))
            self._rest = _Rest(scales, ordered, self._ends(ordered))
        return self._rest

    def _ends(self, ordered: Floats) -> tuple[float, float]:
        if not len(ordered):
            return -1.0, 1.0
        below, above = self.tails.tolist()
        low = _quantile(ordered, _outside(below, len(ordered)))
        high = _quantile(ordered, 1.0 - _outside(above, len(ordered)))
        return min(low, 0.0), max(high, 0.0)


class _Rest(NamedTuple):
    """Typical errors at the knots, scaled errors in ascending order, and the interval ends among them."""

    knot_scales: Floats
    ordered: Floats
    ends: tuple[float, float]


def _outside(tail: float, rows: int) -> float:
    """The share of errors left out for a tail, with the finite-sample correction of conformal prediction."""
    return max(tail * (rows + 1) - 1.0, 0.0) / rows


def _quantile(ordered: Floats, level: float) -> float:
    """Quantile by linear interpolation, as ``np.quantile`` has it, at a hundredth of its overhead."""
    place = level * (len(ordered) - 1)
    left = int(place)
    below, above = ordered.item(left), ordered.item(min(left + 1, len(ordered) - 1))
    return float(below + (place - left) * (above - below))
