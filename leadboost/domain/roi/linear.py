"""A robust additive regressor that forgets: ridge regression plus shrunken means."""

from dataclasses import dataclass, field

import numpy as np

from leadboost.domain.roi.design import (
    COLUMNS,
    FIXED,
    RIDGE_COLUMNS,
    TABLE_COLUMNS,
    Design,
    Floats,
    Ints,
    Layout,
)

RIDGE = 0.3
CONSTANT_RIDGE = 1e-3
SHRINKAGE = 1.0
SQUARED_BELOW = 0.25

_TYPICAL_KEPT = 0.98
_TINY = 1e-3
_SOLVED_EXACTLY = 160
_MOST_STEPS = 12
_SOLVED_TO = 1e-6
_PRIOR: Floats = np.array([CONSTANT_RIDGE] + [RIDGE] * (RIDGE_COLUMNS - 1))


@dataclass(slots=True)
class Additive:
    """Recency-weighted hierarchical group means with shrinkage: sums one weight per feature, a group's
    being what its rows leave over of the more general groups, drawn towards nought where rows are few.
    ``weights`` is (columns + 1), its last one zero.

    The ridge columns solve (A + R) w = b with A = sum of v x x', b = sum of v x y, exponentially
    forgotten (recursive least squares in information form; what is forgotten falls back to the
    prior R). v = t / max(|error before learning|, t / 4), t the ``typical`` error of the last 50 rows or
    so, is one step of iteratively reweighted least squares towards the least absolute error: the
    forecast is a median, one outlier hardly moves it, and when large errors become the rule they
    gain weight. The table columns are means of what the ridge leaves over, shrunken by ``SHRINKAGE``
    and forgotten in the same way. ``forget`` and ``table_forget`` are the factors per row.
    """

    forget: float
    table_forget: float
    used: int = len(FIXED)
    typical: float = 0.0
    precision: Floats = field(default_factory=lambda: np.diag(_PRIOR[: len(FIXED)]))
    moments: Floats = field(default_factory=lambda: np.zeros(RIDGE_COLUMNS))
    table_sums: Floats = field(default_factory=lambda: np.zeros(TABLE_COLUMNS))
    table_evidence: Floats = field(default_factory=lambda: np.zeros(TABLE_COLUMNS))
    weights: Floats = field(default_factory=lambda: np.zeros(COLUMNS + 1))

    def copy(self) -> "Additive":
        """Copy, so that learning leaves this one as it is."""
        return Additive(
            self.forget,
            self.table_forget,
            self.used,
            self.typical,
            self.precision.copy(),
            self.moments.copy(),
            self.table_sums.copy(),
            self.table_evidence.copy(),
            self.weights.copy(),
        )

    def forecast(self, design: Design) -> Floats:
        """Forecast each row, (n,)."""
        return design.summed(self.weights.take(design.columns))

    def evidence(self) -> Floats:
        """Weigh what was learned of each column against its prior, shape (columns,)."""
        known = np.zeros(RIDGE_COLUMNS)
        known[: self.used] = np.diag(self.precision)[: self.used] / _PRIOR[: self.used] - 1.0
        known[: len(FIXED)] = np.inf
        return np.concatenate([known, self.table_evidence / SHRINKAGE])

    def clear(self, columns: Ints) -> None:
        """Forget all about these columns."""
        ridge = columns[columns < self.used]
        self.precision[ridge, :] = self.precision[:, ridge] = 0.0
        self.precision[ridge, ridge] = RIDGE
        self.moments[ridge] = 0.0
        table = columns[columns >= RIDGE_COLUMNS] - RIDGE_COLUMNS
        self.table_sums[table] = self.table_evidence[table] = 0.0
        self.weights[columns] = 0.0

    def weaken(self, kept: float) -> None:
        """Keep this share of all evidence, so that what comes next weighs more; weights stay as they are."""
        self._forget(kept)
        self.table_sums *= kept
        self.table_evidence *= kept

    def learn(self, design: Design, layout: Layout, target: Floats) -> None:
        """Take in rows, of which ``layout`` is the design."""
        self._use(layout.ridge.shape[1])
        weight, self.typical = weigh(np.abs(target - self.forecast(design)), self.typical)
        in_table = self.weights[RIDGE_COLUMNS:].take(layout.at) * layout.value
        left = self._learn_ridge(layout, target - np.bincount(layout.row, in_table, len(target)), weight)
        self._learn_table(layout, left[layout.row] + in_table, weight)

    def _use(self, columns: int) -> None:
        """Make room for so many columns, for half as many more than needed so that it is seldom done."""
        self.used, room = columns, len(self.precision)
        if columns > room:
            grown = np.diag(_PRIOR[: columns + columns // 2])
            grown[:room, :room] = self.precision
            self.precision = grown

    def _learn_ridge(self, layout: Layout, target: Floats, weight: Floats) -> Floats:
        """Solve again; returns what the ridge leaves over of its target."""
        used, x = self.used, layout.ridge
        a = self._forget(self.forget ** len(target))
        weighted = x * np.sqrt(weight)[:, None]
        a += weighted.T @ weighted
        self.moments[:used] += (weight * target) @ x
        self.weights[:used] = _solved(a, self.moments[:used], self.weights[:used])
        left: Floats = target - x @ self.weights[:used]
        return left

    def _forget(self, kept: float) -> Floats:
        """Keep this share of the ridge's evidence; what is forgotten falls back to the prior."""
        used, room = self.used, len(self.precision)
        precision = self.precision[:used, :used]
        precision *= kept
        self.precision.ravel()[: used * room : room + 1] += (1.0 - kept) * _PRIOR[:used]
        self.moments *= kept
        return precision

    def _learn_table(self, layout: Layout, left: Floats, weight: Floats) -> None:
        """Take in what the ridge leaves over, (m,) as in ``layout``."""
        kept = self.table_forget ** len(weight)
        sums, evidence = self.table_sums[: layout.tables], self.table_evidence[: layout.tables]
        sums *= kept
        evidence *= kept
        share = weight[layout.row] * layout.value
        np.add.at(sums, layout.at, share * left)
        np.add.at(evidence, layout.at, share * layout.value)
        self.weights[RIDGE_COLUMNS : RIDGE_COLUMNS + layout.tables] = sums / (evidence + SHRINKAGE)


def weigh(error: Floats, typical: float) -> tuple[Floats, float]:
    """Weigh rows by their errors before learning against outliers; also returns the new typical error."""
    mean = float(error.sum()) / len(error)
    typical = max(typical or mean, _TINY)
    weight: Floats = typical / np.maximum(error, SQUARED_BELOW * typical)
    kept = _TYPICAL_KEPT ** len(error)
    return weight, typical * kept + mean * (1.0 - kept)


def _solved(a: Floats, b: Floats, weights: Floats) -> Floats:
    """Solve a w = b: a few columns exactly, many by conjugate gradients with Jacobi's preconditioner
    (Hestenes and Stiefel 1952).

    These begin with the old weights, which a group of rows hardly changes: some steps cost a fraction of an
    exact solution, and what they leave to do is done with the next group.
    """
    if len(b) <= _SOLVED_EXACTLY:
        exact: Floats = np.asarray(np.linalg.solve(a, b), dtype=np.float64)
        return exact
    scale = 1.0 / np.diag(a)
    left = b - a @ weights
    step = direction = scale * left
    size = float(left @ step)
    enough = _SOLVED_TO * float(b @ (scale * b))
    for _ in range(_MOST_STEPS):
        turned = a @ direction
        bend = float(direction @ turned)
        if not (size > enough and bend > 0.0):
            break
        weights = weights + size / bend * direction
        left = left - size / bend * turned
        step = scale * left
        size, before = float(left @ step), size
        direction = step + size / before * direction
    return weights
