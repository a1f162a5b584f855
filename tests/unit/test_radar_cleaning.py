import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.radar.cleaning import Cleaner, Finding, Knowledge, richness
from leadboost.domain.radar.fold import fold
from leadboost.domain.radar.language import detect_languages
from leadboost.domain.radar.policy import Policy
from leadboost.domain.radar.spam import MIN_LABELS, SpamModel, spam_features
from leadboost.domain.radar.topic import Topic
from leadboost.domain.radar.topics import SPAN, TopicMatcher
from leadboost.domain.radar.words import read_words
from leadboost.domain.signal import Signal, prose
from tests.cleaned import PSEUDONYMS

SPAM = "WIN a FREE prize!! Text CLAIM to 80085 now, only £1.50"
WANTED = "Does anyone know a quiet fan for the bedroom?"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I need a fan that works in summer", "en"),
        ("¿Dónde puedo comprar zapatillas baratas?", "es"),
        ("Preciso de um ventilador que não faça barulho", "pt"),
        ("J'ai besoin d'un ventilateur silencieux", "fr"),
        ("Ich brauche einen leisen Ventilator", "de"),
        ("Ho bisogno di un ventilatore silenzioso", "it"),
        ("Ik heb een stille ventilator nodig", "nl"),
        ("Мне нужен тихий вентилятор, который не шумит", "ru"),
        ("Мені потрібен тихий вентилятор", "uk"),
        ("静かな扇風機が欲しいです", "ja"),
        ("我需要一台安静的风扇", "zh"),
        ("조용한 선풍기가 필요해요", "ko"),
        ("أحتاج مروحة هادئة", "ar"),
        ("messi", None),
        ("iPhone 17", None),
        ("", None),
    ],
)
def test_a_language_is_told_or_left_open(text: str, language: str | None) -> None:
    assert detect_languages([text], read_words([text])) == [language]


def taught(count: int) -> SpamModel:
    model = SpamModel()
    for number in range(count):
        model = model.learn(spam_features([f"{SPAM} {number}"]), is_spam=True)
        model = model.learn(spam_features([f"{WANTED} {number}"]), is_spam=False)
    return model


def test_there_is_no_score_before_ten_decisions_of_each_kind() -> None:
    features = spam_features([SPAM])

    assert math.isnan(taught(MIN_LABELS - 1).scores(features)[0])
    assert taught(MIN_LABELS).scores(features)[0] > 0.9


def test_the_score_tells_taught_spam_from_what_was_wanted() -> None:
    scores = taught(20).scores(
        spam_features([SPAM, WANTED, "FREE prize!! Text 80085", "a quiet bedroom fan?"])
    )

    assert np.greater(scores, 0.5).tolist() == [True, False, True, False]


def test_the_score_of_a_text_does_not_depend_on_its_batch() -> None:
    model = taught(12)

    together = model.scores(spam_features([SPAM, "", WANTED]))

    assert together.tolist() == [model.scores(spam_features([text]))[0] for text in (SPAM, "", WANTED)]


def test_decisions_are_tallied_as_forecast_before_they_are_learned() -> None:
    model = taught(MIN_LABELS)
    start = model.tally

    model = model.learn(spam_features([SPAM]), is_spam=True)
    model = model.learn(spam_features([WANTED]), is_spam=False)
    model = model.learn(spam_features([SPAM]), is_spam=False)

    assert start.precision is None
    assert (model.tally.hits, model.tally.passes, model.tally.false_alarms, model.tally.misses) == (
        1,
        1,
        1,
        0,
    )
    assert (model.tally.precision, model.tally.recall) == (0.5, 1.0)


def test_a_model_comes_back_from_its_bytes_as_it_was() -> None:
    model = taught(12)

    restored = SpamModel.from_bytes(model.to_bytes(), spam=model.spam, wanted=model.wanted, tally={})

    features = spam_features([SPAM, WANTED])
    assert restored.scores(features).tolist() == model.scores(features).tolist()
    with pytest.raises(ValueError, match="numbers"):
        SpamModel.from_bytes(b"\0" * 8, spam=0, wanted=0, tally={})


FANS = Topic(
    name="fans",
    terms=("electric fan", "ventilador"),
    examples=("it is too hot to sleep at night",),
)


@pytest.mark.parametrize(
    "text",
    [
        "An electric fan, please",
        "which FANS are electric?",
        "Necesito ventiladores",
        "ventilator kaufen",  # by its letters
        "ventillador barato",  # a slip of the pen
        "way too hot at night for me to get any sleep",
    ],
)
def test_a_text_is_on_topic_in_other_forms_of_its_words(text: str) -> None:
    assert TopicMatcher([FANS]).match(fold(text)) == ("fans",)


@pytest.mark.parametrize(
    "text",
    [
        "a fantastic electrician",  # the letters of both words
        "electric cars are what I would buy next year, says a fan",
        "good night",
        "hot dogs at noon",
        "it is to at",  # function words of the example
        "",
    ],
)
def test_a_text_that_merely_shares_letters_or_one_word_is_off_topic(text: str) -> None:
    assert TopicMatcher([FANS]).match(fold(text)) == ()


@given(st.lists(st.sampled_from(["heat", "wind", "lamp", "zz"]), max_size=25))
def test_a_term_is_met_where_few_words_in_a_row_have_all_of_its_own(words: list[str]) -> None:
    spans = [words[start : start + 3 + SPAN] for start in range(len(words))]
    is_met = any({"heat", "wind", "lamp"} <= set(span) for span in spans)

    matcher = TopicMatcher([Topic(name="storms", terms=("heat wind lamp",))])

    assert bool(matcher.match(" ".join(words))) is is_met


def test_a_text_may_be_about_several_topics() -> None:
    matcher = TopicMatcher([FANS, Topic(name="bedroom", terms=("bed", "night"))])

    assert matcher.match("an electric fan for the night") == ("bedroom", "fans")


def signal(text: str, **fields: Any) -> Signal:
    return Signal(source="x", external_id="1", text=text, **fields)


def clean(given: Signal, knowledge: Knowledge | None = None, **policy: Any) -> Finding:
    (finding,) = Cleaner(Policy(**policy), knowledge or Knowledge(), PSEUDONYMS).clean([given])
    return finding


@pytest.mark.parametrize(
    ("given", "policy", "reason"),
    [
        (signal("ok"), {}, "too_short: 2 characters, fewer than 3"),
        (signal(WANTED), {"languages": frozenset({"es", "de"})}, "language: en is not among de, es"),
        (signal("iPhone 17"), {"languages": frozenset({"es"})}, None),
        (signal("buy v\u0456agra"), {"blocked_words": ("viagra",)}, "blocked_word: viagra"),
        (signal("text", title="Viagra"), {"blocked_words": ("viagra",)}, "blocked_word: viagra"),
        (
            signal("text", author="@Bot"),
            {"blocked_authors": ("bot",)},
            "blocked_author: is on radar.blocked_authors",
        ),
        (
            signal("text", url="https://a.bad.example/x"),
            {"blocked_domains": ("bad.example",)},
            "blocked_domain: bad.example",
        ),
        (signal(WANTED), {}, None),
    ],
)
def test_a_rejection_names_its_reason(given: Signal, policy: dict[str, Any], reason: str | None) -> None:
    assert clean(given, **policy).reason == reason


def test_spam_and_what_is_off_topic_is_rejected_by_what_people_taught() -> None:
    knowledge = Knowledge(spam=taught(20), topics=(FANS,))

    assert str(clean(signal(SPAM), knowledge).reason).startswith("spam: 0.9")
    assert (
        clean(signal(SPAM), knowledge, spam_above=1.0).reason == "off_topic: about none of the watched topics"
    )
    assert clean(signal("I want an electric fan"), knowledge).reason is None
    assert clean(signal("I want an electric fan"), knowledge).topics == ("fans",)


def test_no_topic_at_all_means_that_everything_is_on_topic() -> None:
    assert clean(signal(WANTED)).reason is None
    assert clean(signal(WANTED)).spam is None


def test_what_is_rejected_keeps_its_fingerprint() -> None:
    found = clean(signal(WANTED), blocked_words=("fan",))

    assert found.reason == "blocked_word: fan"
    assert found.fingerprint == clean(signal(WANTED)).fingerprint is not None


def test_a_title_that_the_text_repeats_is_said_once() -> None:
    assert prose("a b", "a b c") == "a b c"
    assert prose("a b", "c") == "a b\nc"


def test_a_copy_that_tells_more_is_richer() -> None:
    plain = signal("some text")

    assert richness(plain) < richness(signal("some text that is longer"))
    assert richness(plain) < richness(replace(plain, engagement={"score": 0.0}))
    assert richness(plain) < richness(replace(plain, author="ada"))


def test_an_empty_batch_has_no_findings() -> None:
    assert Cleaner(Policy(), Knowledge(), PSEUDONYMS).clean([]) == []
