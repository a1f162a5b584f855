"""Why viewers were cut off: one that read nothing gets no closing frame, so its next greeting tells."""

from typing import Final

from leadboost.clock import Clock
from leadboost.domain.live.closing import Cut

KEPT_S: Final = 120.0
MOST_KEPT: Final = 1_000


class LiveCuts:
    """The last cut of each subject, until it is told or ``KEPT_S`` have passed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cuts: dict[str, tuple[float, Cut]] = {}

    def note(self, subject: str, cut: Cut) -> None:
        """Keep a cut, and let go of the oldest beyond ``MOST_KEPT``."""
        self._cuts.pop(subject, None)
        self._cuts[subject] = (self._clock.monotonic(), cut)
        if len(self._cuts) > MOST_KEPT:
            del self._cuts[next(iter(self._cuts))]

    def take(self, subject: str) -> Cut | None:
        """Hand out the cut that the subject has to be told."""
        noted_at, cut = self._cuts.pop(subject, (0.0, None))
        return cut if self._clock.monotonic() - noted_at < KEPT_S else None
