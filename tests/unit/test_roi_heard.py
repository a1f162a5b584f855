import math
import random
from collections.abc import Mapping, Sequence

import pytest

from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.artefact import dump, load
from leadboost.domain.roi.features import HEARD_CAP, terms
from leadboost.domain.roi.forecast import Forecast, Question
from leadboost.domain.roi.learner import Learner
from tests.campaigns import campaign


def heard_campaigns(count: int, *, lift: float) -> tuple[Sequence[Outcome], Sequence[Mapping[str, float]]]:
    """Outcomes whose log return is ``lift`` times the mood heard before, plus noise."""
    rng = random.Random(5)
    heard = [{"mood": rng.uniform(-1.0, 1.0), "urgency": rng.uniform(0.0, 1.0)} for _ in range(count)]
    outcomes = [
        campaign(f"c{at}", revenue_micros=round(5e6 * math.exp(lift * one["mood"] + rng.gauss(0.0, 0.1))))
        for at, one in enumerate(heard)
    ]
    return outcomes, heard


def learned(lift: float) -> Learner:
    learner = Learner()
    learner.learn(*heard_campaigns(400, lift=lift))
    return learner


def ask(learner: Learner, **heard: float) -> Forecast:
    question = Question(spend_micros=5_000_000, platform="meta_ads", heard=heard)
    return learner.model(1).predict([question])[0]


def test_what_was_heard_moves_a_forecast_as_it_moved_returns() -> None:
    learner = learned(0.2)

    difference = math.log1p(ask(learner, mood=1.0).roi) - math.log1p(ask(learner, mood=0.0).roi)

    assert difference == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("mood", [-1.0, 1.0, 1e9])
def test_what_was_heard_moves_a_forecast_by_no_more_than_the_cap(mood: float) -> None:
    learner = learned(5.0)

    forecast = ask(learner, mood=mood, urgency=1.0)

    moved = math.log1p(forecast.roi) - math.log1p(ask(learner).roi)
    assert abs(moved) == pytest.approx(HEARD_CAP)


def test_an_explanation_adds_up_where_the_cap_binds() -> None:
    forecast = ask(learned(5.0), mood=1.0, urgency=0.5)

    effects = {effect.feature: effect.effect for effect in forecast.explanation}

    assert forecast.base + sum(effects.values()) == pytest.approx(math.log1p(forecast.roi))
    assert effects["heard:mood"] + effects["heard:urgency"] == pytest.approx(HEARD_CAP)


def test_questions_with_and_without_signals_are_answered_together() -> None:
    model = learned(5.0).model(1)
    loud = Question(spend_micros=5_000_000, platform="meta_ads", heard={"mood": 1.0})
    silent = Question(spend_micros=5_000_000, platform="meta_ads")

    together = [forecast.roi for forecast in model.predict([loud, silent, loud])]

    alone = [model.predict([question])[0].roi for question in (loud, silent, loud)]
    assert together == pytest.approx(alone, rel=1e-9)


def test_what_was_heard_outlives_the_artefact() -> None:
    learner = learned(0.2)

    assert ask(load(dump(learner)), mood=1.0) == ask(learner, mood=1.0)


def test_numbers_that_are_not_finite_are_not_heard() -> None:
    row = terms(Question(spend_micros=1, heard={"mood": math.nan, "urgency": -7.0}))

    assert (row.names[: row.heard], row.values[: row.heard]) == (("heard:urgency",), (-1.0,))


def test_a_text_is_seen_as_numbers_too() -> None:
    row = terms(Question(spend_micros=1, text="Where can I buy these boots today? Great!"))

    seen = dict(zip(row.names[: row.shared], row.values, strict=False))
    assert seen["text:question"] == 1.0
    assert seen["text:intent"] > 0.0
    assert seen["text:sentiment"] > 0.0
