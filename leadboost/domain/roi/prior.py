"""The answer before anything was learned: a documented guess, always labelled ``prior``.

Auctions for attention push returns towards break-even: whoever earns more per unit spent is soon
outbid. So the guess is roi 0, at the median and on average; it never promises a gain. How far off
it may be depends on the spend alone: the smaller the spend, the more often nothing at all comes
back and the more a single order weighs. No attribute moves it, and it never counts in reported errors.
"""

from leadboost.domain.roi.forecast import LEVEL, Forecast, Question

_FACTORS = ((1, 10.0), (100, 5.0), (None, 3.0))
"""(spend below, in currency units; one time in ten the revenue is off by more than this factor, each way)."""


def prior(question: Question, *, observations: int, model_version: int) -> Forecast:
    """Guess without experience."""
    factor = _factor(question.spend_micros)
    return Forecast(
        roi=0.0,
        expected_roi=0.0,
        low=1.0 / factor - 1.0,
        high=factor - 1.0,
        level=LEVEL,
        basis="prior",
        observations=observations,
        model_version=model_version,
        base=0.0,
        explanation=(),
    )


def _factor(spend_micros: int) -> float:
    for below, factor in _FACTORS:
        if below is None or spend_micros < below * 1_000_000:
            return factor
    raise AssertionError("the last row has no bound")
