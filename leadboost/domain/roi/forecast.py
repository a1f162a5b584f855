"""What is asked of the model and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from leadboost.domain.outcome import Outcome

OBSERVATIONS_TO_LEARN = 30
LEVEL = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A spend of ``spend_micros`` of the base currency and what is known of it.

    ``source`` and ``text`` are the attributes of those names, set apart. ``heard`` are numbers within
    [-1, 1] by name: the stored features of the signals that led to the spend, averaged.
    """

    spend_micros: int
    platform: str | None = None
    source: str | None = None
    text: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    heard: Mapping[str, float] = field(default_factory=dict)


def question_of(outcome: Outcome, heard: Mapping[str, float] | None = None) -> Question:
    """Ask about an outcome what would have been asked before it happened."""
    return Question(
        spend_micros=outcome.spend_micros,
        platform=outcome.platform,
        attributes=outcome.attributes,
        heard=heard or {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one feature adds to log(1 + roi)."""

    feature: str
    effect: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """ROI = (revenue - spend) / spend. ``roi`` is the median, ``expected_roi`` the mean.

    ``low`` and ``high`` bound the central ``level`` of outcomes. ``basis`` is ``learned`` or
    ``prior``. ``base`` plus all effects equals log(1 + roi).
    """

    roi: float
    expected_roi: float
    low: float
    high: float
    level: float
    basis: str
    observations: int
    model_version: int
    base: float
    explanation: tuple[Effect, ...]
