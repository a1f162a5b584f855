"""Stochastic gradient descent on hashed features."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from leadboost.domain.roi.design import Design, Floats, Ints
from leadboost.domain.roi.features import BUCKETS, NO_BUCKET
from leadboost.domain.roi.linear import weigh

_STEP: Final = 0.02
_ROWS_PER_STEP: Final = 16
_TINY: Final = 1e-3


@dataclass(slots=True)
class Hashed:
    """One weight per hash of a feature's name (the hashing trick; Weinberger et al. 2009), so that no
    feature waits for a column and none is turned away; those that share a hash share its weight.

    After every 16 rows each weight moves against the gradient of the error, as robust against outliers as in
    ``Additive``, by 0.02 over the root of what its squared gradients sum up to (AdaGrad; Duchi, Hazan
    and Singer 2011): rare features move far, frequent ones little. These sums, ``squares``, are
    forgotten by the factor ``forget`` per row, so that steps never die out. Both are (BUCKETS + 1,),
    their last ones zero.
    """

    forget: float
    typical: float = 0.0
    weights: Floats = field(default_factory=lambda: np.zeros(BUCKETS + 1))
    squares: Floats = field(default_factory=lambda: np.zeros(BUCKETS + 1))

    def copy(self) -> "Hashed":
        """Copy, so that learning leaves this one as it is."""
        return Hashed(self.forget, self.typical, self.weights.copy(), self.squares.copy())

    def forecast(self, design: Design) -> Floats:
        """Forecast each row, (n,)."""
        return _summed(self.weights.take(design.buckets), design.values)

    def weaken(self, kept: float) -> None:
        """Keep this share of the evidence, so that what comes next weighs more; weights stay as they are."""
        self.squares *= kept

    def learn(self, design: Design, target: Floats) -> None:
        """Take in rows, some at a time."""
        for at in range(0, len(target), _ROWS_PER_STEP):
            some = slice(at, at + _ROWS_PER_STEP)
            self._step(design.buckets[some], design.values[some], target[some])

    def _step(self, buckets: Ints, values: Floats, target: Floats) -> None:
        left = target - _summed(self.weights.take(buckets), values)
        weight, self.typical = weigh(np.abs(left), self.typical)
        at = buckets.ravel()
        pull = ((weight * left)[:, None] * values).ravel()
        self.squares *= self.forget ** len(target)
        np.add.at(self.squares, at, pull * pull)
        # A row's feature moves its weight by its own pull, over the root of all: once the squares are summed.
        np.add.at(self.weights, at, _STEP * pull / np.sqrt(self.squares[at] + _TINY))
        self.weights[NO_BUCKET] = self.squares[NO_BUCKET] = 0.0


def _summed(weights: Floats, values: Floats) -> Floats:
    summed: Floats = np.einsum("ij,ij->i", weights, values)
    return summed
