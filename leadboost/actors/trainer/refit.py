"""When the boosted trees are fitted anew, and from what."""

from collections.abc import AsyncIterator, Sequence

from leadboost.actors.trainer.passes import Passes
from leadboost.domain.roi.boosted import Boosted
from leadboost.domain.roi.fit import LEAST_ROWS
from leadboost.domain.roi.learner import Learner
from leadboost.ports import Fitter, HeardOutcome, OutcomeStore

REFIT_ROWS = 100_000
ROWS_PER_PAGE = 500
LEAST_NEW = 100
NEW_SHARE = 3


class Refits:
    """Fits trees to the last 100,000 learned rows once a third of all, at least 100, is new.

    Rows are read and sent in pages of 500, so that the event loop is never held for long.
    """

    def __init__(self, *, outcomes: OutcomeStore, fitter: Fitter) -> None:
        self._outcomes = outcomes
        self._fitter = fitter
        self._last = 0

    def are_due(self, learner: Learner) -> bool:
        """Whether enough is new since the last fit, successful or not."""
        observations = learner.score.observations
        boosted = learner.mixture.boosted
        fitted = max(self._last, boosted.observations if boosted is not None else 0)
        if not fitted:
            return observations >= LEAST_ROWS
        return observations - fitted >= max(LEAST_NEW, observations // NEW_SHARE)

    async def run(self, observations: int, passes: Passes) -> Boosted | None:
        """Fit and adopt; None where there is too little. Raises FittingError and StoreError."""
        self._last = observations
        boosted = await self._fitter.fit(self._pages(), observations)
        if boosted is not None:
            await passes.adopt(boosted)
        return boosted

    async def _pages(self) -> AsyncIterator[Sequence[HeardOutcome]]:
        ranks = await self._outcomes.learned(REFIT_ROWS)
        for at in range(0, len(ranks), ROWS_PER_PAGE):
            yield await self._outcomes.read(ranks[at : at + ROWS_PER_PAGE])
