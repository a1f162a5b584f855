import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.roi.features import KNOTS, bend, target, terms
from leadboost.domain.roi.forecast import Question, question_of
from tests.campaigns import campaign

MICROS = st.integers(min_value=-(2**63), max_value=2**63 - 1)


def test_target_is_the_log_ratio_with_a_cent_on_both_sides() -> None:
    assert target(5_000_000, 9_000_000) == pytest.approx(math.log(9.01 / 5.01))
    assert target(0, 0) == 0.0


@given(MICROS, MICROS)
def test_target_stays_bounded_for_any_amounts(spend: int, revenue: int) -> None:
    assert abs(target(spend, revenue)) < 35.0


@given(MICROS)
def test_bend_lies_between_two_knots(spend: int) -> None:
    left, share = bend(spend)

    assert 0 <= left < len(KNOTS) - 1
    assert 0.0 <= share <= 1.0


def test_bend_interpolates_the_log_of_the_spend() -> None:
    left, share = bend(20_000_000)

    assert KNOTS[left] * (1 - share) + KNOTS[left + 1] * share == pytest.approx(math.log(20.01))


def test_a_question_and_an_outcome_of_the_same_campaign_have_the_same_features() -> None:
    outcome = campaign(source="newsletter", text="Warm winter boots", colour="red")
    question = Question(
        spend_micros=outcome.spend_micros,
        platform=outcome.platform,
        source="newsletter",
        text="Warm winter boots",
        attributes={"colour": "red"},
    )

    assert terms(question) == terms(question_of(outcome))


def test_features_do_not_depend_on_the_order_of_attributes() -> None:
    one = Question(spend_micros=1, attributes={"a": "x", "b": "y"})
    other = Question(spend_micros=1, attributes={"b": "y", "a": "x"})

    assert terms(one) == terms(other)


def test_features_ignore_case_and_spacing() -> None:
    one = Question(spend_micros=1, attributes={"Campaign": " faceBOOK  tier2"})
    other = Question(spend_micros=1, attributes={"campaign": "facebook tier2"})

    assert terms(one) == terms(other)


def test_names_that_differ_in_case_alone_are_one_feature() -> None:
    twice = Question(spend_micros=1, attributes={"Colour": "red", "colour": "RED"})

    assert terms(twice) == terms(Question(spend_micros=1, attributes={"colour": "red"}))


def test_an_empty_attribute_is_an_absent_one() -> None:
    assert terms(Question(spend_micros=1, attributes={"a": " "})) == terms(Question(spend_micros=1))


def test_long_values_stay_apart_though_shortened() -> None:
    one = terms(Question(spend_micros=1, attributes={"a": "x" * 5000 + "1"}))
    other = terms(Question(spend_micros=1, attributes={"a": "x" * 5000 + "2"}))

    assert one.names != other.names
    assert max(map(len, one.names)) < 200


def test_words_of_the_text_share_one_unit_of_weight() -> None:
    features = terms(Question(spend_micros=1, text="warm winter boots"))
    words = [value for name, value in zip(features.names, features.values, strict=True) if "word:" in name]

    assert len(words) == 5
    assert sum(words) == pytest.approx(1.0)


@given(st.dictionaries(st.text(), st.text(), max_size=100), st.text(), MICROS)
def test_features_are_aligned_and_few_for_any_input(
    attributes: dict[str, str], text: str, spend: int
) -> None:
    features = terms(Question(spend_micros=spend, text=text, attributes=attributes))

    assert len(features.names) == len(features.labels) == len(features.values) < 200
    assert len(set(features.names)) == len(features.names)


def test_long_questions_do_not_fill_the_memory() -> None:
    attributes = {f"{name:03}" * 5: "value" * 4 for name in range(60)}
    questions = [Question(spend_micros=1, attributes=attributes | {"campaign": f"{n}"}) for n in range(300)]
    tracemalloc.start()
    try:
        for question in questions:
            terms(question)
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
