"""The mutable side: scores each row before learning from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat

import numpy as np

from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.calibration import Calibration
from leadboost.domain.roi.design import Columns, Design, Floats, design
from leadboost.domain.roi.features import target, terms
from leadboost.domain.roi.forecast import OBSERVATIONS_TO_LEARN, Question, question_of
from leadboost.domain.roi.mixture import Mixture
from leadboost.domain.roi.model import RoiModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How wrong forecasts were on rows not yet learned; sums over ``rows``.

    The baseline is the running mean of all targets before the row. Rows that met the prior are
    in ``observations`` alone.
    """

    observations: int = 0
    target_sum: float = 0.0
    rows: int = 0
    error_sum: float = 0.0
    baseline_error_sum: float = 0.0
    covered: int = 0

    @property
    def mae(self) -> float | None:
        """Mean absolute error of the forecasts; None before the first scored row."""
        return self.error_sum / self.rows if self.rows else None

    @property
    def baseline_mae(self) -> float | None:
        """Mean absolute error of the running mean on the same rows."""
        return self.baseline_error_sum / self.rows if self.rows else None

    @property
    def coverage(self) -> float | None:
        """Share of rows whose target fell into the interval given for it."""
        return self.covered / self.rows if self.rows else None

    def metrics(self) -> dict[str, float]:
        """List what is known of mae, baseline_mae, coverage, and rows, the number scored."""
        known = {"mae": self.mae, "baseline_mae": self.baseline_mae, "coverage": self.coverage}
        return {"rows": self.rows} | {name: value for name, value in known.items() if value is not None}


@dataclass(slots=True)
class Learner:
    """Learns rows in the order given; ``copy`` first where the old state must survive."""

    columns: Columns = field(default_factory=Columns)
    mixture: Mixture = field(default_factory=Mixture.start)
    calibration: Calibration = field(default_factory=Calibration)
    score: Score = field(default_factory=Score)

    def copy(self) -> "Learner":
        """Copy, so that learning leaves this one as it is."""
        return Learner(self.columns.copy(), self.mixture.copy(), self.calibration.copy(), replace(self.score))

    def learn(self, outcomes: Sequence[Outcome], heard: Sequence[Mapping[str, float]] | None = None) -> None:
        """Score, then learn. Rows are taken in small groups, each scored by what came before the group.

        ``heard`` is what was heard before each outcome, None for nothing.
        """
        questions = [question_of(*row) for row in zip(outcomes, heard or repeat({}), strict=False)]
        at = 0
        while at < len(outcomes):
            size = min(max(self.score.observations // 16, 6), 64)
            self._learn_group(outcomes[at : at + size], questions[at : at + size])
            at += size

    def corrected(self, anew: "Learner") -> "Learner":
        """Take over what ``anew`` learned from corrected rows. Errors stay as they were measured."""
        calibration = replace(self.calibration.copy(), target_range=anew.calibration.target_range)
        return Learner(anew.columns, anew.mixture, calibration, self.score)

    def healed(self, anew: "Learner") -> "Learner":
        """Take over what ``anew`` learned and measured; of both scores, the one of more rows stays."""
        score = max(self.score, anew.score, key=lambda score: score.observations)
        return replace(anew, score=score)

    def model(self, version: int) -> RoiModel:
        """Freeze what was learned so far."""
        low, high = self.calibration.target_range.tolist()
        return RoiModel(
            version=version,
            observations=self.score.observations,
            find=dict(self.columns.find),
            mixed=self.mixture.mixed(),
            knot_scales=self.calibration.knot_scales(),
            ends=self.calibration.ends(),
            slices=self.calibration.slices(),
            bounds=(low, high),
        )

    def _learn_group(self, outcomes: Sequence[Outcome], questions: Sequence[Question]) -> None:
        features = [terms(question) for question in questions]
        taken_over = self.columns.admit(features, self.mixture.evidence)
        if len(taken_over):
            self.mixture.clear(taken_over)
        seen = design(features, self.columns.find)
        y = np.array([target(outcome.spend_micros, outcome.revenue_micros) for outcome in outcomes])
        self._score([outcome.spend_micros for outcome in outcomes], seen, y)
        self.mixture.learn(seen, y, len(self.columns.names))

    def _score(self, spends_micros: Sequence[int], seen: Design, y: Floats) -> None:
        """Hold what would have been answered against what came true."""
        learned = self.score.observations >= OBSERVATIONS_TO_LEARN
        forecast = self.mixture.mixed().effects(seen).sum(axis=1)
        forecast = np.clip(forecast, *self.calibration.target_range)
        covered = self.calibration.learn(spends_micros, forecast, y)
        self.mixture.note(seen, y)
        self._count(y, np.abs(y - forecast), covered, learned=learned)

    def _count(self, y: Floats, error: Floats, covered: int, *, learned: bool) -> None:
        score = self.score
        self.score = replace(
            score, observations=score.observations + len(y), target_sum=score.target_sum + float(y.sum())
        )
        if learned:
            sums = score.target_sum + np.concatenate([[0.0], np.cumsum(y)[:-1]])
            baseline = sums / (score.observations + np.arange(len(y)))
            self.score = replace(
                self.score,
                rows=score.rows + len(y),
                error_sum=score.error_sum + float(error.sum()),
                baseline_error_sum=score.baseline_error_sum + float(np.abs(y - baseline).sum()),
                covered=score.covered + covered,
            )
