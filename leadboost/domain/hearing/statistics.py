"""Running statistics of one source or one topic, kept in a few hundred bytes whatever it has said.

Every count is exponentially decayed: after one time constant exp(-1) of it is left. A steady rate r
per hour therefore shows as ``hour`` = r and ``day`` = 24 r.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

HOUR_S: Final = 3600.0
DAY_S: Final = 86400.0
MONTH_S: Final = 30 * DAY_S

MOST_COUNTERS: Final = 16
"""Counters (``likes``, ``views``, ...) that are kept of a source; further names are not counted."""

MEMORY: Final = 2000.0
"""Weight of the observations that the mean of a counter remembers."""

STATISTICS_VERSION: Final = 1
"""The form that ``as_json`` writes."""

AGES_S: Final = {"hour": HOUR_S, "quarter": 6 * HOUR_S, "day": DAY_S, "week": 7 * DAY_S}
"""Ages that counters are compared at, by their end in seconds; older or unknown is ``old``."""


@dataclass(slots=True)
class Moments:
    """Weighted mean and variance of log(1 + counter), forgotten beyond ``MEMORY`` (West, CACM 1979)."""

    weight: float = 0.0
    mean: float = 0.0
    spread: float = 0.0

    def add(self, value: float, weight: float) -> None:
        """Count a value."""
        if weight <= 0.0:
            return
        self.weight += weight
        step = value - self.mean
        self.mean += step * weight / self.weight
        self.spread += weight * step * (value - self.mean)
        if self.weight > MEMORY:
            self.spread *= MEMORY / self.weight
            self.weight = MEMORY

    @property
    def deviation(self) -> float:
        """Standard deviation; 0 before anything was counted."""
        return math.sqrt(max(self.spread, 0.0) / self.weight) if self.weight else 0.0


@dataclass(slots=True)
class Statistics:
    """Counts as of ``at``: what was said within about an hour and a day, and how much of it was good.

    ``accepted`` and ``rejected`` fade over a month. ``counters`` holds a ``Moments`` for each counter's
    name and age.
    """

    at: datetime
    hour: float = 0.0
    day: float = 0.0
    accepted: float = 0.0
    rejected: float = 0.0
    counters: dict[str, dict[str, Moments]] = field(default_factory=dict)

    def fade(self, now: datetime) -> None:
        """Let the counts fade until ``now``; a moment before ``at`` changes nothing."""
        passed_s = (now - self.at).total_seconds()
        if passed_s <= 0.0:
            return
        self.hour *= math.exp(-passed_s / HOUR_S)
        self.day *= math.exp(-passed_s / DAY_S)
        self.accepted *= math.exp(-passed_s / MONTH_S)
        self.rejected *= math.exp(-passed_s / MONTH_S)
        self.at = now

    def hear(self, weight: float) -> None:
        """Count one accepted signal."""
        self.hour += weight
        self.day += weight
        self.accepted += weight

    def note(self, engagement: Mapping[str, float], age: str, weight: float) -> None:
        """Count the counters of one signal of that age."""
        for name, value in engagement.items():
            if name in self.counters or len(self.counters) < MOST_COUNTERS:
                self.counters.setdefault(name, {}).setdefault(age, Moments()).add(value, weight)

    def as_json(self) -> dict[str, Any]:
        """Write as JSON values, ``at`` apart."""
        fields = asdict(self)
        del fields["at"]
        return {"version": STATISTICS_VERSION, **fields}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], at: datetime) -> "Statistics":
        """Read what ``as_json`` wrote; nothing, and what is of another version, is a new start."""
        told = dict(fields)
        if told.pop("version", STATISTICS_VERSION) != STATISTICS_VERSION:
            return cls(at)
        try:
            counters = {
                name: {age: Moments(**moments) for age, moments in ages.items()}
                for name, ages in told.pop("counters", {}).items()
            }
            return cls(at, counters=counters, **told)
        except (TypeError, AttributeError):  # of a version before they were numbered
            return cls(at)


def age_of(age_s: float | None) -> str:
    """Name the age in ``AGES_S``, ``old`` beyond or where it is not known."""
    if age_s is not None:
        for name, below_s in AGES_S.items():
            if age_s < below_s:
                return name
    return "old"
