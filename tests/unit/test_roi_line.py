import math
import random
from collections.abc import Sequence

import numpy as np
import pytest

from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.design import COLUMNS, Columns, Design, design
from leadboost.domain.roi.features import KNOTS, terms
from leadboost.domain.roi.forecast import Question, question_of
from leadboost.domain.roi.learner import Learner
from leadboost.domain.roi.line import Line
from tests.campaigns import campaign, campaigns

NOISE = 0.2


def fixed_revenues(count: int, *, seed: int = 5) -> Sequence[Outcome]:
    """Outcomes whose revenue has nothing to do with spend or attributes: the return falls with the spend."""
    rng = random.Random(seed)
    return [
        campaign(
            f"c{at}",
            spend_micros=round(1e6 * math.exp(rng.gauss(5.3, 0.15))),
            revenue_micros=round(1e9 * math.exp(rng.gauss(0.0, NOISE))),
            **{name: str(rng.randrange(8)) for name in ("place", "device", "keyword", "day")},
        )
        for at in range(count)
    ]


def seen(spends: Sequence[float]) -> Design:
    questions = [Question(platform="meta_ads", spend_micros=round(spend * 1e6)) for spend in spends]
    return design([terms(question) for question in questions], Columns().find)


def straight(rows: int = 60) -> tuple[Design, np.ndarray]:
    spends = np.exp(np.linspace(-3.0, 10.0, rows))
    return seen(spends.tolist()), 2.0 - 0.7 * np.log(spends + 0.01)


def test_attributes_that_say_nothing_hardly_cost_anything() -> None:
    learner = Learner()

    learner.learn(fixed_revenues(1500))

    least = NOISE * math.sqrt(2 / math.pi)
    assert learner.score.mae is not None
    assert learner.score.mae < 1.03 * least


def test_the_spend_alone_has_no_say_where_attributes_tell_more() -> None:
    learner = Learner()

    learner.learn(campaigns(600))

    shares = dict(zip(learner.mixture.names(), learner.mixture.standing()[0], strict=True))
    assert shares["spend alone"] < 0.01


def test_an_explanation_adds_up_with_the_line() -> None:
    outcomes = fixed_revenues(300)
    learner = Learner()
    learner.learn(outcomes)

    for forecast in learner.model(1).predict([question_of(outcome) for outcome in outcomes[:50]]):
        explained = forecast.base + sum(effect.effect for effect in forecast.explanation)
        assert math.expm1(explained) == pytest.approx(forecast.roi)


def test_a_line_is_found_and_holds_between_the_knots() -> None:
    known, y = straight()
    line = Line(1.0)
    for _ in range(20):
        line.learn(known, y)

    np.testing.assert_allclose(line.forecast(known), y, atol=0.02)


def test_a_line_is_the_sum_of_its_weights() -> None:
    known, y = straight()
    line = Line(1.0)
    line.learn(known, y)
    far = seen([0.0, 0.5, 3.0, 250.0, 1e9])

    summed = (line.weights[far.columns] * far.values).sum(axis=1)

    assert len(line.weights) == COLUMNS + 1
    np.testing.assert_allclose(summed, line.forecast(far))


def test_one_outlier_hardly_moves_a_line() -> None:
    known, y = straight()
    line = Line(1.0)
    for _ in range(5):
        line.learn(known, y + np.resize([0.1, -0.1], len(y)))
    before = line.forecast(known)

    line.learn(seen([50.0]), np.array([30.0]))

    assert np.abs(line.forecast(known) - before).max() < 0.02


def test_one_row_makes_no_slope() -> None:
    line = Line(1.0)

    line.learn(seen([10.0]), np.array([1.5]))

    assert line.forecast(seen([math.exp(KNOTS[0]), 10.0, 1e6])) == pytest.approx(1.5, rel=0.01)
