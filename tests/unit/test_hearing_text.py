import math
import subprocess
import sys
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.hearing.text import READ_CHARS, text_features
from leadboost.domain.roi.forecast import Question, question_of
from tests.campaigns import campaign

NAMES = {"sentiment", "intent", "urgency", "price", "product", "question", "length"}


@given(st.text(max_size=300))
def test_features_of_any_text_are_bounded_and_always_the_same_names(text: str) -> None:
    features = text_features(text)

    assert set(features) == NAMES
    assert -1.0 <= features["sentiment"] <= 1.0
    assert all(0.0 <= features[name] <= 1.0 for name in NAMES - {"sentiment"})


def test_an_empty_text_says_nothing() -> None:
    assert set(text_features("").values()) == {0.0}


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Where can I buy these boots?", {"intent", "question"}),
        ("¿Dónde puedo comprar estas botas?", {"intent", "question"}),
        ("Busco unas botas para mañana", {"intent", "urgency"}),
        ("i need this delivered by friday", {"urgency"}),
        ("boots for $49.90", {"price"}),
        ("botas por 49 euros", {"price"}),
        ("¿cuánto cuestan?", {"price", "question"}),
        ("a pair from Red Wing", {"product"}),
        ("the WH-1000XM4 arrived", {"product"}),
        ("which of these", {"question"}),
        ("the box was grey", set()),
    ],
)
def test_phrases_are_heard_in_english_and_spanish(text: str, heard: set[str]) -> None:
    features = text_features(text)

    assert {name for name in NAMES - {"sentiment", "length"} if features[name] > 0.0} == heard


def test_case_and_accents_do_not_change_what_is_heard() -> None:
    shouted = text_features("¿DÓNDE PUEDO COMPRAR UNA MUY BUENA, URGENTE?")
    plain = text_features("¿donde puedo comprar una muy buena, urgente?")

    assert {**shouted, "length": plain["length"]} == {**plain}


def test_repeating_a_phrase_gains_ever_less() -> None:
    once, twice, often = (text_features("in stock. " * times)["intent"] for times in (1, 2, 100))

    assert once == 0.5
    assert twice == 0.75
    assert twice < often < 1.0


def test_what_comes_after_the_read_characters_changes_nothing() -> None:
    text = "fine. " * (READ_CHARS // 6 + 1)

    assert text_features(text + " I hate it, where can I buy?") == text_features(text)


@pytest.mark.parametrize(
    "text",
    [
        "I love it, the best there is",
        "Muy buena calidad, estoy encantada",
        "Me encanta este bolso, es precioso",
        "Nada mal, lo recomiendo",
    ],
)
def test_praise_is_positive(text: str) -> None:
    assert text_features(text)["sentiment"] > 0.2


@pytest.mark.parametrize(
    "text",
    [
        "This is the worst, I hate it",
        "No me gustó, es horrible",
        "Llegó roto y es una estafa",
        "no lo recomiendo para nada",
    ],
)
def test_complaint_is_negative(text: str) -> None:
    assert text_features(text)["sentiment"] < -0.2


def test_a_booster_and_a_negation_act_within_their_own_clause() -> None:
    bare, boosted, negated, apart = (
        text_features(text)["sentiment"]
        for text in (
            "es bueno el bolso",
            "es muy bueno el bolso",
            "no es bueno el bolso",
            "no, es bueno el bolso",
        )
    )

    assert negated < 0.0 < bare < boosted
    assert apart == bare


@pytest.mark.parametrize(
    "text",
    [
        "Das ist die schlechteste Farbe und ich hate sie",
        "C'est un produit excellent pour les enfants",
        "これは最高です love",
        "Der Preis ist nicht gut, die Qualität auch nicht",
    ],
)
def test_a_language_that_no_lexicon_covers_is_neutral(text: str) -> None:
    assert text_features(text)["sentiment"] == 0.0


def test_the_lexicon_is_loaded_with_the_first_text_alone() -> None:
    code = (
        "import sys; from leadboost.domain.hearing.text import text_features;"
        "before = 'vaderSentiment' in sys.modules; text_features('I love the box');"
        "sys.exit(before or 'vaderSentiment' not in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_was_heard_goes_into_the_question_of_an_outcome() -> None:
    outcome = campaign()

    assert question_of(outcome).heard == {}
    assert question_of(outcome, {"recency": 0.5}).heard == {"recency": 0.5}
    assert Question(spend_micros=1).heard == {}


@pytest.mark.parametrize(
    "sign",
    [
        "\U0001f638",
        "\u2665",
        "1\U0001f638",
        "good ",
        "a bad ",
        "@",
        "#a ",
        "a Ab Cd ",
        "a\u2122",
        "1,1.",
        "\u0301\u0316",
        "want to ",
        "only 9 ",
        "muy bueno ",
        "Aa",
        "a ",
        "9",
        "!",
        " ",
        "\ufdfa",
    ],
)
def test_no_text_takes_long_to_read(sign: str) -> None:
    text_features("loads the lexicon")
    times = []
    for number in range(3):  # each another text: what a text says is remembered
        text = f"{number}{sign * READ_CHARS}"
        start = process_time()
        text_features(text)
        times.append(process_time() - start)

    assert min(times) < 0.02


def test_emoji_are_read_like_the_words_that_they_stand_for() -> None:
    sad, happy, plain = (
        text_features(f"the box {sign}")["sentiment"] for sign in ("\U0001f622", "\U0001f60d", "")
    )

    assert sad < plain < happy


def test_length_grows_with_the_logarithm_of_the_characters() -> None:
    assert text_features("a" * 99)["length"] == pytest.approx(math.log(100) / math.log(1 + READ_CHARS))
    assert text_features("a" * (2 * READ_CHARS))["length"] == 1.0
