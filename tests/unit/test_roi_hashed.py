import math
import random
from collections.abc import Sequence

import numpy as np
import pytest

from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.design import Columns, Design, Floats, design
from leadboost.domain.roi.features import NO_BUCKET, target, terms
from leadboost.domain.roi.forecast import Question, question_of
from leadboost.domain.roi.hashed import Hashed
from leadboost.domain.roi.learner import Learner
from tests.campaigns import campaign, campaigns


def seen(outcomes: Sequence[Outcome]) -> tuple[Design, Floats]:
    known = design([terms(question_of(outcome)) for outcome in outcomes], Columns().find)
    return known, np.array([target(one.spend_micros, one.revenue_micros) for one in outcomes])


def taught(outcomes: Sequence[Outcome]) -> Hashed:
    hashed = Hashed(0.9995)
    hashed.learn(*seen(outcomes))
    return hashed


def error(hashed: Hashed, outcomes: Sequence[Outcome]) -> float:
    known, y = seen(outcomes)
    return float(np.abs(hashed.forecast(known) - y).mean())


def many_places(count: int) -> Sequence[Outcome]:
    """Each of 3,000 places comes back with a return of its own: too many for the columns of the ridge."""
    rng = random.Random(4)
    return [
        campaign(f"c{at}", revenue_micros=round(5e6 * math.exp(0.5 * (-1) ** (place % 2))), place=str(place))
        for at, place in enumerate(rng.randrange(3000) for _ in range(count))
    ]


def test_effects_are_learned_without_any_column() -> None:
    outcomes = campaigns(2000, noise=0.1)

    assert error(taught(outcomes[:1500]), outcomes[1500:]) < 0.2 < error(Hashed(0.9995), outcomes[1500:])


def test_more_features_than_there_are_columns_are_told_apart() -> None:
    outcomes = many_places(12_000)

    assert error(taught(outcomes[:11_000]), outcomes[11_000:]) < 0.35


def test_one_outlier_hardly_moves_a_forecast() -> None:
    hashed = taught(campaigns(1000))
    known, _ = seen(campaigns(50, seed=2))
    before = hashed.forecast(known)

    hashed.learn(*seen([campaign(revenue_micros=10**18, colour="red", place="top")]))

    assert np.abs(hashed.forecast(known) - before).max() < 0.05


def test_weakened_it_follows_a_changed_world_sooner() -> None:
    outcomes = campaigns(1500)
    kept, weakened = taught(outcomes[:1300]), taught(outcomes[:1300])
    weakened.weaken(0.2)
    known, y = seen(outcomes[1300:1350])

    for hashed in (kept, weakened):
        hashed.learn(known, y - 1.0)

    moved = [abs(float((hashed.forecast(known) - y).mean())) for hashed in (weakened, kept)]
    assert moved[0] > 1.3 * moved[1]


def test_what_was_heard_has_no_bucket() -> None:
    question = Question(spend_micros=1, attributes={"colour": "red"}, heard={"mood": 1.0, "urgency": 0.5})

    row = terms(question)

    assert row.buckets[: row.heard] == (NO_BUCKET,) * 2
    assert NO_BUCKET not in row.buckets[row.heard :]
    assert len(row.buckets) == len(row.names)


def test_a_copy_learns_by_itself() -> None:
    hashed = taught(campaigns(100))
    before = hashed.weights.copy()

    hashed.copy().learn(*seen(campaigns(100, seed=2)))

    np.testing.assert_array_equal(hashed.weights, before)


def test_an_explanation_adds_up_where_hashed_features_have_most_of_the_say() -> None:
    outcomes = many_places(3000)
    learner = Learner()
    learner.learn(outcomes)
    learner.mixture.losses[:-1] = 10.0
    shares = dict(zip(learner.mixture.names(), learner.mixture.standing()[0], strict=True))

    forecasts = learner.model(1).predict([question_of(outcome) for outcome in outcomes[:50]])

    assert shares["hashed features"] > 0.99
    for forecast in forecasts:
        explained = forecast.base + sum(effect.effect for effect in forecast.explanation)
        assert explained == pytest.approx(math.log1p(forecast.roi), abs=1e-9)
