import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.roi.forecast import Forecast, Question, question_of
from leadboost.domain.roi.learner import Learner
from leadboost.domain.roi.model import RoiModel
from tests.campaigns import BONUS, LIFT, campaigns


def learned(count: int) -> RoiModel:
    learner = Learner()
    learner.learn(campaigns(count))
    return learner.model(7)


MODEL = learned(1500)
QUESTIONS = st.builds(
    Question,
    spend_micros=st.integers(min_value=0, max_value=2**63 - 1),
    platform=st.none() | st.sampled_from(["meta_ads", "google_ads"]) | st.text(),
    source=st.none() | st.text(),
    text=st.text(),
    attributes=st.dictionaries(
        st.sampled_from(["colour", "place"]) | st.text(), st.sampled_from(["red", "side"]) | st.text()
    ),
)


def ask(colour: str, place: str, spend_micros: int = 7_000_000) -> Forecast:
    question = Question(
        spend_micros=spend_micros, platform="meta_ads", attributes={"colour": colour, "place": place}
    )
    return MODEL.predict([question])[0]


@pytest.mark.parametrize(("colour", "place"), [("red", "top"), ("blue", "side"), ("red", "side")])
def test_forecast_finds_the_planted_return(colour: str, place: str) -> None:
    planted = LIFT[colour] + LIFT[place] + BONUS.get((colour, place), 0.0)

    assert math.log1p(ask(colour, place).roi) == pytest.approx(planted, abs=0.15)


@given(QUESTIONS)
def test_explanation_adds_up_to_the_forecast(question: Question) -> None:
    forecast = MODEL.predict([question])[0]
    total = forecast.base + sum(effect.effect for effect in forecast.explanation)

    assert total == pytest.approx(math.log1p(forecast.roi), abs=1e-6)


@pytest.mark.parametrize("model", [Learner().model(1), MODEL], ids=["prior", "learned"])
def test_the_numbers_alone_are_those_of_the_forecasts(model: RoiModel) -> None:
    questions = [question_of(outcome) for outcome in campaigns(40, seed=3)]

    numbers, forecasts = model.numbers(questions), model.predict(questions)

    for name, of_forecasts in (("median", "roi"), ("low", "low"), ("high", "high")):
        expected = [math.log1p(getattr(forecast, of_forecasts)) for forecast in forecasts]
        assert getattr(numbers, name) == pytest.approx(expected, abs=1e-9)


@given(QUESTIONS)
def test_forecast_is_finite_and_inside_its_interval_for_any_question(question: Question) -> None:
    forecast = MODEL.predict([question])[0]

    assert all(map(math.isfinite, (forecast.roi, forecast.expected_roi, forecast.low, forecast.high)))
    assert -1.0 <= forecast.low <= forecast.roi <= forecast.high
    assert forecast.expected_roi >= -1.0


@given(st.lists(QUESTIONS, max_size=8))
def test_a_batch_answers_as_each_question_alone_would_be(questions: list[Question]) -> None:
    alone = [MODEL.predict([question])[0] for question in questions]

    for one, other in zip(MODEL.predict(questions), alone, strict=True):
        assert (one.roi, one.low, one.high) == pytest.approx((other.roi, other.low, other.high))


def test_forecast_says_what_it_was_learned_from() -> None:
    forecast = ask("red", "top")

    assert (forecast.basis, forecast.observations, forecast.model_version) == ("learned", 1500, 7)
    assert forecast.level == 0.8


def test_values_never_learned_add_nothing() -> None:
    known = MODEL.predict([Question(spend_micros=10)])[0]
    unknown = MODEL.predict([Question(spend_micros=10, attributes={"shape": "round"})])[0]

    assert {effect.feature for effect in unknown.explanation} <= {"spend", "limit"}
    assert unknown.roi == pytest.approx(known.roi, abs=0.2)


def test_expected_return_lies_above_the_median_where_luck_is_skewed() -> None:
    forecast = ask("red", "top")

    assert forecast.expected_roi > forecast.roi


def test_mean_of_many_returns_is_the_expected_return() -> None:
    forecast = ask("red", "top")
    exact = math.exp(LIFT["red"] + LIFT["top"] + 0.3**2 / 2) - 1.0

    assert forecast.expected_roi == pytest.approx(exact, rel=0.15)


@pytest.mark.parametrize("count", [0, 1, 29])
def test_too_few_outcomes_answer_from_the_prior(count: int) -> None:
    forecast = learned(count).predict([Question(spend_micros=50_000_000)])[0]

    assert (forecast.basis, forecast.roi, forecast.observations) == ("prior", 0.0, count)
    assert (forecast.low, forecast.high) == pytest.approx((-0.8, 4.0))
    assert (forecast.base, forecast.explanation) == (0.0, ())


def test_thirty_outcomes_are_enough_to_have_learned() -> None:
    assert learned(30).predict([Question(spend_micros=1)])[0].basis == "learned"


def test_the_prior_is_less_sure_of_small_spends() -> None:
    small, large = learned(0).predict([Question(spend_micros=1), Question(spend_micros=10**9)])

    assert small.low < large.low
    assert small.high > large.high
