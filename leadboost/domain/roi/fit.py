"""Fitting the boosted trees: slow, pure, and meant for a process of its own."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.boosted import INPUTS, PARTS, Boosted, Trees, inputs_of
from leadboost.domain.roi.design import Design, Floats
from leadboost.domain.roi.features import Terms
from leadboost.domain.roi.learner import Learner

LEAST_ROWS: Final = 300
BURN_IN_ROWS: Final = 100
"""The first forecasts of a replay know too little to say what is left over."""

_LEAST_OF_A_VALUE = 10
_SETTINGS: Final[Mapping[str, Any]] = {
    "loss": "absolute_error",
    "max_iter": 60,
    "learning_rate": 0.1,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
    "early_stopping": False,
    "random_state": 0,
}


class _Replay(Learner):
    """Learns rows once more and keeps, of each, its additive forecast from before."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Terms] = []
        self.group_means: list[Floats] = []
        self.left_over: list[Floats] = []

    def _score(
        self, outcomes: Sequence[Outcome], seen: Design, y: Floats, shadow: tuple[Floats, Floats] | None
    ) -> None:
        effects = self.mixture.mixed().effects(seen)
        self.rows += seen.rows
        self.group_means.append(seen.unheard(effects))
        self.left_over.append(y - effects.sum(axis=1))
        super()._score(outcomes, seen, y, shadow)


def fit(
    outcomes: Sequence[Outcome], heard: Sequence[Mapping[str, float]], observations: int
) -> Boosted | None:
    """Fit trees to outcomes in the order in which they were learned; None when they are too few.

    Learns all of them anew first, as a learner that never saw one would have: what the trees are given
    is what was known before each row, in training as in serving.
    """
    if len(outcomes) < LEAST_ROWS:
        return None
    replay = _Replay()
    replay.learn(outcomes, heard)
    rows = replay.rows[BURN_IN_ROWS:]
    group_means = np.concatenate(replay.group_means)[BURN_IN_ROWS:]
    left_over = np.concatenate(replay.left_over)[BURN_IN_ROWS:]
    codes = _codes(rows, left_over)
    trees = _grow(inputs_of(rows, group_means, codes), left_over)
    return Boosted(trees, codes, observations)


def _codes(rows: Sequence[Terms], left_over: Floats) -> Mapping[str, tuple[int, float]]:
    """Rank each part's values by what they leave over on average."""
    sums: defaultdict[str, float] = defaultdict(float)
    counts: Counter[str] = Counter()
    for row, left in zip(rows, left_over.tolist(), strict=True):
        for name in row.names[row.heard : row.heard + row.parts]:
            sums[name] += left
            counts[name] += 1
    parts: Counter[str] = Counter()
    for name, count in counts.items():
        parts[name.partition("=")[0]] += count
    codes: dict[str, tuple[int, float]] = {}
    for at, (part, _) in enumerate(parts.most_common(PARTS)):
        known = [name for name in counts if name.partition("=")[0] == part]
        known = [name for name in known if counts[name] >= _LEAST_OF_A_VALUE]
        known.sort(key=lambda name: sums[name] / counts[name])
        codes |= {name: (INPUTS - PARTS + at, float(rank)) for rank, name in enumerate(known)}
    return codes


def _grow(inputs: Floats, left_over: Floats) -> Trees:
    from sklearn.ensemble import HistGradientBoostingRegressor  # slow to import, and needed here alone

    grown = HistGradientBoostingRegressor(**_SETTINGS).fit(inputs, left_over)
    # There is no public way to read the trees; the lock holds the version, a test the equality.
    tables = [trees[0].nodes for trees in grown._predictors]
    return _joined(tables, float(np.ravel(grown._baseline_prediction)[0]))


def _joined(tables: Sequence[Any], baseline: float) -> Trees:
    """Put all trees into one table; the baseline becomes a tree of one leaf."""
    starts = np.cumsum([1, *(len(nodes) for nodes in tables)])
    features, thresholds, values = [np.zeros(1, np.int64)], [np.full(1, np.inf)], [np.full(1, baseline)]
    left, right = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)]
    for start, nodes in zip(starts.tolist(), tables, strict=False):
        own = start + np.arange(len(nodes))
        is_leaf = nodes["is_leaf"].astype(bool)
        features.append(np.where(is_leaf, 0, nodes["feature_idx"]).astype(np.int64))
        thresholds.append(np.where(is_leaf, np.inf, nodes["num_threshold"]))
        left.append(np.where(is_leaf, own, start + nodes["left"].astype(np.int64)))
        right.append(np.where(is_leaf, own, start + nodes["right"].astype(np.int64)))
        values.append(_means(nodes))
    return Trees(
        features=np.concatenate(features),
        thresholds=np.concatenate(thresholds),
        left=np.concatenate(left),
        right=np.concatenate(right),
        values=np.concatenate(values),
        roots=np.array([0, *starts[:-1]], dtype=np.int64),
        depth=max((int(nodes["depth"].max()) for nodes in tables), default=0),
    )


def _means(nodes: Any) -> Floats:
    """Each node's mean of the leaves below it, weighted by their rows; children follow their parent."""
    values: Floats = nodes["value"].astype(np.float64)
    for at in range(len(nodes) - 1, -1, -1):
        if not nodes["is_leaf"][at]:
            below = [int(nodes["left"][at]), int(nodes["right"][at])]
            values[at] = np.average(values[below], weights=nodes["count"][below])
    return values
