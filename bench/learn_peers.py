"""Who learns in the learn bench: the product's model and its references, each in its own way of use.

All are told the same of a row and nothing else: the logarithm of its spend, its platform and its
attributes. The target is log((revenue + c) / (spend + c)).
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from itertools import combinations
from math import log
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import SGDRegressor

from leadboost.actors.trainer.refit import LEAST_NEW, NEW_SHARE
from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.features import C
from leadboost.domain.roi.fit import LEAST_ROWS, fit
from leadboost.domain.roi.forecast import question_of
from leadboost.domain.roi.learner import Learner

Floats = npt.NDArray[np.float64]

RIVER = "river"
REFERENCES = ("group_mean", "sgd", "sgd_huber", "hgb", "hgb_absolute")
"""Whose best error is the mark. River's forests are compared by speed, the line through the spend shows
what attributes are worth."""

_HASHED = 2**18
_CATEGORIES = 250
_LEAST_ROWS = 20
_SPEND_SCALE = 5.0
_TINY = 1e-6


class Contender(Protocol):
    """Predicts rows that it has not learned, then learns them."""

    def predict(self, outcomes: Sequence[Outcome]) -> Floats:
        """Forecast each target; at most what spend, platform and attributes say may be looked at."""
        ...

    def learn(self, outcomes: Sequence[Outcome], targets: Floats) -> None:
        """Take in the rows that were just predicted."""
        ...


class Ours:
    """The product: what ``/predict`` would answer, then what Trainer would learn, its watch included.

    Nobody asks for explanations, which the others do not give, so none are made. Trees are fitted when
    Trainer would have them fitted, but here and now: there a worker process does it.
    """

    def __init__(self, learner: Learner | None = None) -> None:
        self.low = self.high = np.zeros(0)
        self.rollbacks = 0
        self.fitting_s = 0.0
        self._learner = learner or Learner()
        self._good: Learner | None = None
        self._learned: list[Outcome] = []
        self._fitted_rows = 0

    @property
    def drifts(self) -> int:
        """How often the watch found the world changed."""
        return self._learner.watch.drifts

    def predict(self, outcomes: Sequence[Outcome]) -> Floats:
        numbers = self._learner.model(1).numbers([question_of(outcome) for outcome in outcomes])
        self.low, self.high = numbers.low, numbers.high
        return numbers.median

    def learn(self, outcomes: Sequence[Outcome], targets: Floats) -> None:  # noqa: ARG002 - it makes its own
        while outcomes:
            taken = self._learner.learn(outcomes, shadow=self._good)
            self._learned += outcomes[:taken]
            outcomes = outcomes[taken:]
            self._judge()
        self._fit_trees()

    def _judge(self) -> None:
        """Go back to the last good version, or call what stands now good, as Trainer does after a pass."""
        learner = self._learner
        if self._good is not None and learner.watch.is_bad:
            self._learner = learner.restored(self._good, learner.watch.good)
            self.rollbacks += 1
        elif learner.may_be_called_good(is_first=self._good is None):
            self._learner = learner.called_good(learner.watch.good + 1)
            self._good = self._learner.copy()

    def _fit_trees(self) -> None:
        rows = len(self._learned)
        new = max(LEAST_NEW, rows // NEW_SHARE) if self._fitted_rows else LEAST_ROWS
        if rows - self._fitted_rows < new:
            return
        self._fitted_rows = rows
        began_at = time.process_time()
        trees = fit(self._learned, (), rows)
        self.fitting_s += time.process_time() - began_at
        if trees is not None:
            self._learner = self._learner.adopted(trees)


class GroupMean:
    """The running mean of all rows with the same platform and attributes; of all rows for a new group."""

    def __init__(self) -> None:
        self._sums: Counter[tuple[tuple[str, str], ...]] = Counter()
        self._rows: Counter[tuple[tuple[str, str], ...]] = Counter()

    def predict(self, outcomes: Sequence[Outcome]) -> Floats:
        return np.array([self._mean(_group(outcome)) for outcome in outcomes])

    def learn(self, outcomes: Sequence[Outcome], targets: Floats) -> None:
        for outcome, target in zip(outcomes, targets.tolist(), strict=True):
            for group in (_group(outcome), ()):
                self._sums[group] += target
                self._rows[group] += 1

    def _mean(self, group: tuple[tuple[str, str], ...]) -> float:
        known = group if self._rows[group] else ()
        return self._sums[known] / max(self._rows[known], 1)


class SpendAlone:
    """Least squares on the logarithm of the spend, all attributes left out."""

    def __init__(self) -> None:
        self._sums = np.diag([0.0, _TINY])
        self._moments = np.zeros(2)

    def predict(self, outcomes: Sequence[Outcome]) -> Floats:
        if not self._sums[0, 0]:
            return np.zeros(len(outcomes))
        forecast: Floats = self._line(outcomes) @ np.linalg.solve(self._sums, self._moments)
        return forecast

    def learn(self, outcomes: Sequence[Outcome], targets: Floats) -> None:
        line = self._line(outcomes)
        self._sums += line.T @ line
        self._moments += line.T @ targets

    def _line(self, outcomes: Sequence[Outcome]) -> Floats:
        return np.array([(1.0, _log_spend(outcome)) for outcome in outcomes])


class Sgd:
    """scikit-learn's SGDRegressor, ``partial_fit`` on hashed values, their pairs, and each by the spend."""

    def __init__(self, **settings: Any) -> None:
        self._hasher = FeatureHasher(_HASHED)
        self._regressor = SGDRegressor(random_state=0, **settings)
        self._began = False

    def predict(self, outcomes: Sequence[Outcome]) -> Floats:
        if not self._began:
            return np.zeros(len(outcomes))
        forecast: Floats = self._regressor.predict(self._hashed(outcomes))
        return forecast

    def learn(self, outcomes: Sequence[Outcome], targets: Floats) -> None:
        self._regressor.partial_fit(self._hashed(outcomes), targets)
        self._began = True

    def _hashed(self, outcomes: Sequence[Outcome]) -> Any:
        return self._hasher.transform([_crossed(outcome) for outcome in outcomes])


class Nightly:
    """scikit-learn's HistGradientBoostingRegressor, fitted anew on all rows whenever a day has ended.

    Until the first night it answers with the mean of what it was told.
    """

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._outcomes: list[Outcome] = []
        self._targets: list[float] = []
        self._today: date | None = None
        self._names: Sequence[str] = ()
        self._codes: Mapping[str, Mapping[str, int]] = {}
        self._regressor: Any = None

    def predict(self, outcomes: Sequence[Outcome]) -> Floats:
        if self._regressor is None:
            return np.full(len(outcomes), np.mean(self._targets) if self._targets else 0.0)
        forecast: Floats = self._regressor.predict(self._coded(outcomes))
        return forecast

    def learn(self, outcomes: Sequence[Outcome], targets: Floats) -> None:
        for outcome, target in zip(outcomes, targets.tolist(), strict=True):
            if outcome.day != self._today and len(self._targets) >= _LEAST_ROWS:
                self._fit()
            self._today = outcome.day
            self._outcomes.append(outcome)
            self._targets.append(target)

    def _fit(self) -> None:
        rows = [_values(outcome) for outcome in self._outcomes]
        self._names = sorted({name for row in rows for name in row})
        self._codes = {name: _codes(row[name] for row in rows if name in row) for name in self._names}
        categorical = list(range(1, 1 + len(self._names)))
        regressor = HistGradientBoostingRegressor(
            categorical_features=categorical, random_state=0, **self._settings
        )
        self._regressor = regressor.fit(self._coded(self._outcomes), self._targets)

    def _coded(self, outcomes: Sequence[Outcome]) -> Floats:
        coded = np.full((len(outcomes), 1 + len(self._names)), np.nan)
        for place, outcome in enumerate(outcomes):
            coded[place, 0] = _log_spend(outcome)
            for column, name in enumerate(self._names, 1):
                coded[place, column] = self._codes[name].get(_values(outcome).get(name, ""), np.nan)
        return coded


class River:
    """River's adaptive random forest, row by row."""

    def __init__(self, **settings: Any) -> None:
        from river.forest import ARFRegressor

        self._forest = ARFRegressor(seed=0, **settings)

    def predict(self, outcomes: Sequence[Outcome]) -> Floats:
        return np.array([self._forest.predict_one(_told(outcome)) or 0.0 for outcome in outcomes])

    def learn(self, outcomes: Sequence[Outcome], targets: Floats) -> None:
        for outcome, target in zip(outcomes, targets.tolist(), strict=True):
            self._forest.learn_one(_told(outcome), target)


def contenders() -> dict[str, Callable[[], Contender]]:
    """How to start each one that is installed."""
    there: dict[str, Callable[[], Contender]] = {
        "ours": Ours,
        "group_mean": GroupMean,
        "spend_alone": SpendAlone,
        "sgd": Sgd,
        "sgd_huber": lambda: Sgd(loss="huber", epsilon=0.3, learning_rate="constant", eta0=0.05, alpha=1e-6),
        "hgb": Nightly,
        "hgb_absolute": lambda: Nightly(loss="absolute_error"),
    }
    if find_spec("river") is not None:
        # Leaves of its default kind take numbers alone. Of the settings that were tried on the shared
        # data these err least; the other forest has all else as it comes, and is faster.
        there[RIVER] = lambda: River(leaf_prediction="mean", max_features=None, grace_period=20, delta=0.05)
        there["river_as_it_comes"] = lambda: River(leaf_prediction="mean")
    return there


def _log_spend(outcome: Outcome) -> float:
    return log(outcome.spend_micros / 1e6 + C)


def _values(outcome: Outcome) -> dict[str, str]:
    return {**outcome.attributes, "platform": outcome.platform}


def _group(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_values(outcome).items()))


def _told(outcome: Outcome) -> dict[str, str | float]:
    return {**_values(outcome), "spend": _log_spend(outcome)}


def _crossed(outcome: Outcome) -> dict[str, float]:
    parts = [f"{name}={value}" for name, value in sorted(_values(outcome).items())]
    spend = _log_spend(outcome) / _SPEND_SCALE
    crossed = dict.fromkeys([*parts, *(f"{one}&{other}" for one, other in combinations(parts, 2))], 1.0)
    return crossed | {"spend": spend} | {f"{part}&spend": spend for part in parts}


def _codes(values: Any) -> dict[str, int]:
    return {value: code for code, (value, _) in enumerate(Counter(values).most_common(_CATEGORIES))}
