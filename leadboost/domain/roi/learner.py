"""The mutable side: scores each row before learning from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat

import numpy as np

from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.boosted import Boosted
from leadboost.domain.roi.calibration import Calibration
from leadboost.domain.roi.design import Columns, Design, Floats, design
from leadboost.domain.roi.features import Terms, target, terms
from leadboost.domain.roi.forecast import OBSERVATIONS_TO_LEARN, Question, question_of
from leadboost.domain.roi.mixture import Mixture
from leadboost.domain.roi.model import RoiModel
from leadboost.domain.roi.score import History, Score
from leadboost.domain.roi.watch import Watch

FIRST_GOOD_ROWS = 200
"""The first version is called good after that many scored rows: there is nothing to compare it with."""


@dataclass(slots=True)
class Learner:
    """Learns rows in the order given; ``copy`` first where the old state must survive."""

    columns: Columns = field(default_factory=Columns)
    mixture: Mixture = field(default_factory=Mixture.start)
    calibration: Calibration = field(default_factory=Calibration)
    score: Score = field(default_factory=Score)
    history: History = field(default_factory=History)
    watch: Watch = field(default_factory=Watch)

    def copy(self) -> "Learner":
        """Copy, so that learning leaves this one as it is."""
        return replace(
            self,
            columns=self.columns.copy(),
            mixture=self.mixture.copy(),
            calibration=self.calibration.copy(),
        )

    def learn(
        self,
        outcomes: Sequence[Outcome],
        heard: Sequence[Mapping[str, float]] | None = None,
        shadow: "Learner | None" = None,
    ) -> int:
        """Score, then learn. Rows are taken in small groups, each scored by what came before the group.

        ``heard`` is what was heard before each outcome, None for nothing; ``shadow`` the last good
        version, which is asked the same. Returns how many rows were taken: it ends early where the
        watch finds that this model has gone bad.
        """
        questions = [question_of(*row) for row in zip(outcomes, heard or repeat({}), strict=False)]
        at = 0
        while at < len(outcomes) and not self.watch.is_bad:
            size = min(max(self.score.observations // 16, 6), 64)
            self._learn_group(outcomes[at : at + size], questions[at : at + size], shadow)
            at += size
        return min(at, len(outcomes))

    def corrected(self, anew: "Learner") -> "Learner":
        """Take over what ``anew`` learned from corrected rows. Errors stay as they were measured."""
        calibration = replace(self.calibration.copy(), target_range=anew.calibration.target_range)
        mixture = replace(
            anew.mixture, boosted=self.mixture.boosted, mixed_losses=self.mixture.mixed_losses.copy()
        )
        return replace(self, columns=anew.columns, mixture=mixture, calibration=calibration)

    def adopted(self, boosted: Boosted) -> "Learner":
        """Take newly fitted trees in; they show by the rows that follow what share they deserve."""
        mixture = self.mixture.copy()
        mixture.adopt(boosted)
        return replace(self, mixture=mixture)

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

    def may_be_called_good(self, *, is_first: bool) -> bool:
        """Whether what was learned may serve as the last good version."""
        return self.score.rows >= FIRST_GOOD_ROWS if is_first else self.watch.is_good

    def called_good(self, version: int) -> "Learner":
        """Take this, saved as ``version``, as the last good one."""
        return replace(self, watch=self.watch.call_good(version))

    def restored(self, good: "Learner", version: int) -> "Learner":
        """Go back to what ``good``, saved as ``version``, had learned. Errors stay as they were measured."""
        watch = replace(good.watch.call_good(version), drifts=self.watch.drifts)
        return replace(good.copy(), score=self.score, history=self.history, watch=watch)

    def _learn_group(
        self, outcomes: Sequence[Outcome], questions: Sequence[Question], shadow: "Learner | None"
    ) -> None:
        features = [terms(question) for question in questions]
        taken_over = self.columns.admit(features, self.mixture.evidence)
        if len(taken_over):
            self.mixture.clear(taken_over)
        seen = design(features, self.columns.find)
        y = np.array([target(outcome.spend_micros, outcome.revenue_micros) for outcome in outcomes])
        drifts = self.watch.drifts
        self._score(outcomes, seen, y, shadow.errors(features, y) if shadow is not None else None)
        self.mixture.learn(seen, y, len(self.columns.names), len(self.columns.table_names))
        if self.watch.drifts > drifts:
            self.mixture.shorten()

    def errors(self, features: Sequence[Terms], y: Floats) -> tuple[Floats, Floats]:
        """Say how wrong this would have been, and how wrong it expected to be, (rows,) each."""
        seen = design(features, self.columns.find)
        forecast = self._within_range(self.mixture.mixed().forecast(seen))
        return np.abs(y - forecast), seen.spend @ self.calibration.knot_scales()

    def _within_range(self, forecast: Floats) -> Floats:
        low, high = self.calibration.target_range
        clipped: Floats = np.minimum(np.maximum(forecast, low), high)
        return clipped

    def _score(
        self, outcomes: Sequence[Outcome], seen: Design, y: Floats, shadow: tuple[Floats, Floats] | None
    ) -> None:
        """Hold what would have been answered against what came true, and against the ``shadow``'s errors."""
        scored = self.score.observations >= OBSERVATIONS_TO_LEARN
        forecast = self._within_range(self.mixture.note(seen, y))
        error, day = np.abs(y - forecast), outcomes[-1].day.isoformat()
        scale, covered = self.calibration.learn(seen.spend, forecast, y)
        self.score, added = self.score.count(y, error, covered, scored=scored)
        if scored:
            self.history = self.history.added(replace(added, day=day))
            worse = (error - shadow[0]) / shadow[1] if shadow is not None else None
            self.watch = self.watch.see(error / scale, covered, worse, day)
