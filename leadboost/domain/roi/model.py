"""The immutable snapshot that answers questions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from leadboost.domain.roi.calibration import Y_BOUND
from leadboost.domain.roi.design import Design, Floats, design
from leadboost.domain.roi.features import Terms, terms
from leadboost.domain.roi.forecast import LEVEL, OBSERVATIONS_TO_LEARN, Effect, Forecast, Question
from leadboost.domain.roi.mixture import Mixed, Split
from leadboost.domain.roi.prior import prior


@dataclass(frozen=True, slots=True)
class Numbers:
    """Medians of log(1 + roi) and the ends of the intervals around them, (n,) each."""

    median: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiModel:
    """What was learned, frozen. ``find`` maps features to columns.

    ``knot_scales`` are typical errors at each spend knot, ``ends`` the scaled interval ends,
    ``slices`` equally probable scaled errors; forecasts of log(1 + roi) stay within ``bounds``, the
    range of what was seen.
    """

    version: int
    observations: int
    find: Mapping[str, int]
    mixed: Mixed
    knot_scales: Floats
    ends: tuple[float, float]
    slices: Floats
    bounds: tuple[float, float]

    @property
    def basis(self) -> str:
        """``learned`` once enough outcomes were learned, else ``prior``."""
        return "learned" if self.observations >= OBSERVATIONS_TO_LEARN else "prior"

    def predict(self, questions: Sequence[Question]) -> list[Forecast]:
        """Answer all questions in one matrix call; every number is finite."""
        if self.basis == "prior" or not questions:
            return [
                prior(question, observations=self.observations, model_version=self.version)
                for question in questions
            ]
        rows = [terms(question) for question in questions]
        seen = design(rows, self.find)
        split = self.mixed.split(seen)
        numbers = self._numbers(seen, split.total())
        return [
            self._forecast(*one)
            for one in zip(
                rows,
                split.effects.tolist(),
                self._added(rows, split),
                numbers.median.tolist(),
                self._expected(seen, numbers.median).tolist(),
                np.expm1(numbers.low).tolist(),
                np.expm1(numbers.high).tolist(),
                strict=True,
            )
        ]

    def numbers(self, questions: Sequence[Question]) -> Numbers:
        """Answer all questions as ``predict`` does, with the numbers alone: no mean and no explanation."""
        if self.basis == "prior" or not questions:
            answers = self.predict(questions)
            ends = [(answer.roi, answer.low, answer.high) for answer in answers]
            return Numbers(*np.log1p(np.array(ends).reshape(-1, 3).T))
        seen = design([terms(question) for question in questions], self.find)
        return self._numbers(seen, self.mixed.forecast(seen))

    def _numbers(self, seen: Design, total: Floats) -> Numbers:
        least, most = self.bounds
        median = np.minimum(np.maximum(total, least), most)
        scale = seen.spend @ self.knot_scales
        low, high = median + scale * self.ends[0], median + scale * self.ends[1]
        return Numbers(median, np.maximum(low, -Y_BOUND), np.minimum(high, Y_BOUND))

    def _expected(self, seen: Design, median: Floats) -> Floats:
        scale = seen.spend @ self.knot_scales
        spread = np.clip(median[:, None] + scale[:, None] * self.slices, *self.bounds)
        expected: Floats = np.expm1(spread).mean(axis=1)
        return expected

    def _added(self, rows: Sequence[Terms], split: Split) -> Iterator[Mapping[str, float]]:
        """Name what the trees add, row by row."""
        boosted = self.mixed.boosted
        if split.left_over is None or boosted is None:
            return repeat({}, len(rows))
        return (
            _named(boosted.labels(row), left_over)
            for row, left_over in zip(rows, split.left_over.tolist(), strict=True)
        )

    def _forecast(
        self,
        row: Terms,
        effects: list[float],
        added: Mapping[str, float],
        median: float,
        expected: float,
        low: float,
        high: float,
    ) -> Forecast:
        base = effects[0]
        return Forecast(
            roi=float(np.expm1(median)),
            expected_roi=expected,
            low=low,
            high=high,
            level=LEVEL,
            basis="learned",
            observations=self.observations,
            model_version=self.version,
            base=base,
            explanation=_explain(row, effects, added, median - base),
        )


def _named(labels: Mapping[int, str], left_over: Sequence[float]) -> Mapping[str, float]:
    """Sum the trees' effects by label; what an absent part decides counts as a combination."""
    named: dict[str, float] = {}
    for at, effect in enumerate(left_over):
        label = labels.get(at, "combination")
        named[label] = named.get(label, 0.0) + effect
    return named


def _explain(
    row: Terms, effects: list[float], added: Mapping[str, float], total: float
) -> tuple[Effect, ...]:
    """Sum effects per feature, the largest first; ``limit`` is what the bounds took away."""
    by_feature = {label: effect for label, effect in added.items() if effect}
    for label, effect in zip(row.labels, effects[1:], strict=False):
        if effect:
            by_feature[label] = by_feature.get(label, 0.0) + effect
    limit = total - sum(by_feature.values())
    if abs(limit) > 1e-9:
        by_feature["limit"] = limit
    ordered = sorted(by_feature.items(), key=lambda item: -abs(item[1]))
    return tuple(Effect(feature=feature, effect=effect) for feature, effect in ordered)
