"""A robust straight line through the logarithm of the spend: often all there is to learn."""

from dataclasses import dataclass, field

import numpy as np

from leadboost.domain.roi.design import COLUMNS, SPEND_COLUMNS, Design, Floats
from leadboost.domain.roi.features import KNOTS
from leadboost.domain.roi.linear import CONSTANT_RIDGE, RIDGE, weigh

_AT_KNOTS = np.array(KNOTS)


@dataclass(slots=True)
class Line:
    """Two numbers, level and slope, that forget; the slope is drawn towards nought by ``RIDGE``.

    ``sums`` are, weighted against outliers as in ``Additive``, those of one, the position x of the spend
    (within ``KNOTS``), its square, the target y, and x y. As a line is the same bent nowhere, it is one
    weight per knot and adds up with the other regressors.
    """

    forget: float
    typical: float = 0.0
    sums: Floats = field(default_factory=lambda: np.zeros(5))

    def copy(self) -> "Line":
        """Copy, so that learning leaves this one as it is."""
        return Line(self.forget, self.typical, self.sums.copy())

    @property
    def weights(self) -> Floats:
        """Weights as the additive regressors have them, (columns + 1,)."""
        weights = np.zeros(COLUMNS + 1)
        centre, level, slope = self._solved()
        weights[0] = level
        weights[SPEND_COLUMNS] = slope * (_AT_KNOTS - centre)
        return weights

    def forecast(self, design: Design) -> Floats:
        """Forecast each row, (n,)."""
        centre, level, slope = self._solved()
        forecast: Floats = level + slope * (design.spend @ _AT_KNOTS - centre)
        return forecast

    def weaken(self, kept: float) -> None:
        """Keep this share of all evidence, so that what comes next weighs more."""
        self.sums *= kept

    def learn(self, design: Design, target: Floats) -> None:
        """Take in rows."""
        x = design.spend @ _AT_KNOTS
        weight, self.typical = weigh(np.abs(target - self.forecast(design)), self.typical)
        self.sums *= self.forget ** len(target)
        self.sums += np.array([np.ones(len(x)), x, x * x, target, x * target]) @ weight

    def _solved(self) -> tuple[float, float, float]:
        """Return the mean position, the level there and the slope."""
        rows, x, xx, y, xy = self.sums.tolist()
        if not rows:
            return 0.0, 0.0, 0.0
        centre = x / rows
        slope = (xy - centre * y) / (max(xx - centre * x, 0.0) + RIDGE)
        return centre, y / (rows + CONSTANT_RIDGE), slope
