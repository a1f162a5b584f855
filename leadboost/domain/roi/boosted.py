"""Boosted trees on what the additive regressors leave over, as plain arrays.

Fitted in a worker process by scikit-learn's HistGradientBoostingRegressor (``leadboost.fitting``) and
answered here in numpy, so that no artefact holds code. Inputs of a row, in order: the logarithm of its
spend; the additive forecast, made before the row was learned and without what was heard (the group
means); and for each of at most ``PARTS`` parts the rank of its value by mean target (Fisher 1958: the
best split of a category into two is one of that order), -1 where the value is rare, unknown or absent.

Every node carries the mean of the leaves below it, weighted by training rows. On a row's way from root
to leaf, each step's change of that mean is the effect of the input that decided it (Saabas 2014), so
that effects and the roots' means add up to the forecast exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from leadboost.domain.roi.design import Floats, Ints
from leadboost.domain.roi.features import Terms

PARTS = 12
INPUTS = 2 + PARTS
NO_RANK = -1.0


@dataclass(frozen=True, slots=True)
class Trees:
    """Binary trees in one table. A leaf is its own child; ``roots`` is one node per tree, children
    follow their parent, ``depth`` steps lead from any root to a leaf."""

    features: Ints
    thresholds: Floats
    left: Ints
    right: Ints
    values: Floats
    roots: Ints
    depth: int

    def walk(self, inputs: Floats) -> npt.NDArray[np.int64]:
        """Nodes on the way of each row (rows, INPUTS) in each tree, (depth + 1, rows, trees)."""
        flat, start = inputs.ravel(), np.arange(len(inputs))[:, None] * INPUTS
        way = np.empty((self.depth + 1, len(inputs), len(self.roots)), dtype=np.int64)
        way[0] = self.roots
        for node, then in pairwise(way):
            goes_left = flat.take(start + self.features.take(node)) <= self.thresholds.take(node)
            then[...] = np.where(goes_left, self.left.take(node), self.right.take(node))
        return way

    def forecast(self, inputs: Floats) -> Floats:
        """Sum the leaves' values, (rows,)."""
        forecast: Floats = self.values[self.walk(inputs)[-1]].sum(axis=1)
        return forecast

    def effects(self, inputs: Floats) -> tuple[float, Floats]:
        """Split forecasts: what the roots say, and each input's effect, (rows, INPUTS)."""
        way = self.walk(inputs)
        changes = np.diff(self.values[way], axis=0)
        places = np.arange(len(inputs))[None, :, None] * INPUTS + self.features[way[:-1]]
        summed: Floats = np.bincount(places.ravel(), changes.ravel(), len(inputs) * INPUTS).astype(np.float64)
        return float(self.values[self.roots].sum()), summed.reshape(len(inputs), INPUTS)


@dataclass(frozen=True, slots=True)
class Boosted:
    """Trees and how a row is put to them. ``codes`` gives for ``part=value`` its input and its rank.

    ``observations`` is how many outcomes were known when it was fitted.
    """

    trees: Trees
    codes: Mapping[str, tuple[int, float]]
    observations: int

    def inputs(self, rows: Sequence[Terms], group_means: Floats) -> Floats:
        """Lay out the inputs of rows, (rows, INPUTS), given their additive forecasts."""
        return inputs_of(rows, group_means, self.codes)

    def labels(self, row: Terms) -> Mapping[int, str]:
        """Name the inputs of a row as its other effects are named."""
        named = {0: "spend", 1: "combination"}
        for name in row.names[row.heard : row.heard + row.parts]:
            if name in self.codes:
                named[self.codes[name][0]] = name
        return named


def inputs_of(rows: Sequence[Terms], group_means: Floats, codes: Mapping[str, tuple[int, float]]) -> Floats:
    """Lay out the inputs of rows, (rows, INPUTS)."""
    inputs = [NO_RANK] * (len(rows) * INPUTS)
    for at, row in zip(range(0, len(inputs), INPUTS), rows, strict=True):
        inputs[at] = row.position
        for name in row.names[row.heard : row.heard + row.parts]:
            if (code := codes.get(name)) is not None:
                inputs[at + code[0]] = code[1]
    table = np.array(inputs).reshape(len(rows), INPUTS)
    table[:, 1] = group_means
    return table
