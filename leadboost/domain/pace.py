"""How often a source brings something new, and whether it has been quiet for too long.

The rate is an exponentially weighted count: what came ``tau`` ago counts 1/e. Arrivals are taken as a
Poisson process, so that at a rate ``r`` nothing comes for a time ``t`` with probability exp(-r t).
"""

import math
from dataclasses import dataclass, replace

DAY_S = 86_400.0
TAU_S = 7 * DAY_S
LONGEST_GAP_S = DAY_S  # while nobody polled, nobody watched: a longer gap counts as this much
LEAST_WATCHED_S = DAY_S
LEAST_ITEMS = 5.0
SHORTEST_QUIET_S = 6 * 3_600.0  # nights are no silence
UNLIKELY = 7.0  # -log of the probability of a silence by chance: one in a thousand


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """``items`` is the weighted count up to the last item, after ``watched_s`` seconds of watching;
    ``quiet_s`` have gone by since, without any."""

    items: float = 0.0
    watched_s: float = 0.0
    quiet_s: float = 0.0

    def after(self, items: int, gap_s: float) -> "Pace":
        """Return the pace after a poll that brought ``items`` new ones, ``gap_s`` after the one before."""
        quiet_s = self.quiet_s + min(max(gap_s, 0.0), LONGEST_GAP_S)
        if items == 0:
            return replace(self, quiet_s=quiet_s)
        known = replace(self, quiet_s=quiet_s).interrupted()
        return replace(known, items=known.items + items)

    def interrupted(self) -> "Pace":
        """Return the pace with its quiet ended by items of which nobody knows how long they gathered."""
        faded = self.items * math.exp(-self.quiet_s / TAU_S)
        return Pace(items=faded, watched_s=self.watched_s + self.quiet_s)

    def per_day(self) -> float | None:
        """Return the learned number of new items a day; None before a day and five items."""
        if self.watched_s < LEAST_WATCHED_S or self.items < LEAST_ITEMS:
            return None
        return self.items * DAY_S / (TAU_S * (1.0 - math.exp(-self.watched_s / TAU_S)))

    def is_silent(self, expected_per_day: float | None) -> bool:
        """Tell whether the quiet is no chance. ``expected_per_day`` replaces what was learned, and with it
        a quiet may be shorter than the six hours that a learned rate is given at least."""
        per_day = self.per_day() if expected_per_day is None else expected_per_day
        if per_day is None or (expected_per_day is None and self.quiet_s < SHORTEST_QUIET_S):
            return False
        return per_day * self.quiet_s / DAY_S >= UNLIKELY
