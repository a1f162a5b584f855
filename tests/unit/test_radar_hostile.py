"""Texts made to be slow to read, of the greatest length that a signal may have."""

from collections.abc import Callable
from time import process_time

import pytest

from leadboost.domain.radar.blocked import BlockedAuthors
from leadboost.domain.radar.cleaning import Cleaner, Knowledge
from leadboost.domain.radar.fold import fold
from leadboost.domain.radar.policy import Policy
from leadboost.domain.radar.spam import MIN_LABELS, SpamModel
from leadboost.domain.radar.topic import Topic
from leadboost.domain.radar.topics import TopicMatcher
from leadboost.domain.signal import Signal
from leadboost.domain.signal_intake import TEXT_CHARS
from tests.cleaned import PSEUDONYMS

BOUND_S = 0.2

HOSTILE = {
    "at signs": "@",
    "names": "a@",
    "names without end": "@.....",
    "hosts": "www.",
    "hosts apart": "www. ",
    "addresses": "https://www.a ",
    "retweets": "RT ",
    "a sign of eighteen letters": "\ufdfa",
    "emoji": "\U0001f600",
    "zero width": "\u200b",
    "marks of one class": "\u0301",
    "marks of two classes": "\u0301\u0316",
    "marks that only compatibility shows": "\uff9e\u0301",
    "marks of Hebrew": "\u05b0\u05b1\u05b2\u0591",
    "one long word": "a",
    "one long word of suffixes": "es",
    "one long word that is foreign": "\u0448",
    "one long word of mixed scripts": "\u0430a",
    "letters of mathematics": "\U0001d4ff",
    "digits with dots": "1.2.",
    "digits": "9",
    "short words": "fan ",
    "lines": "a\n",
    "signs without spaces": "\u8cb7",
    "syllables in parts": "\u1100\u1161",
    "letters with two marks": "\u0390",
    "vowel signs": "\u0915\u094d",
    "quotes": "'",
    "underscores": "_",
    "spaces": " ",
}
TEXTS = {name: (each * TEXT_CHARS)[:TEXT_CHARS] for name, each in HOSTILE.items()} | {
    "a name at the very end": "a" * (TEXT_CHARS - 1) + "@",
    "a host, then a long word": "www. " + "a" * (TEXT_CHARS - 5),
    "an address of many labels": "http://" + "a." * (TEXT_CHARS // 2 - 4),
    "a foreign address of many labels": "http://" + "\u00fc." * (TEXT_CHARS // 2 - 4),
    "marks of all classes": "".join(chr(0x300 + 7 * number % 70) for number in range(TEXT_CHARS)),
    "many different words": " ".join(f"fan{number}" for number in range(3000))[:TEXT_CHARS],
}

TOPICS = tuple(
    Topic(name=f"topic {n}", terms=(f"fan wind{n}", "fan fan heat"), examples=("too hot to sleep",))
    for n in range(20)
)


def seconds(work: Callable[[], object]) -> float:
    """The processor time of the better of two runs: others want the machine too."""
    times = []
    for _ in range(2):
        start = process_time()
        work()
        times.append(process_time() - start)
    return min(times)


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    policy = Policy(
        blocked_words=("casino", "online casino"),
        blocked_authors=("spammer",),
        blocked_domains=("spam.example",),
    )
    model = SpamModel(spam=MIN_LABELS, wanted=MIN_LABELS)
    cleaner = Cleaner(policy, Knowledge(topics=TOPICS, spam=model), PSEUDONYMS)
    cleaner.clean([Signal(source="x", external_id="1", text="Loads the tables \u00fc")])
    return cleaner


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_takes_long_to_clean(cleaner: Cleaner, name: str) -> None:
    signal = Signal(source="x", external_id="1", text=TEXTS[name], author=TEXTS[name][:500])

    assert seconds(lambda: fold(TEXTS[name])) < BOUND_S / 2
    assert seconds(lambda: cleaner.clean([signal])) < BOUND_S


@pytest.mark.parametrize("name", TEXTS)
def test_no_author_takes_long_to_look_up(name: str) -> None:
    authors = BlockedAuthors(["spammer"], PSEUDONYMS)

    assert seconds(lambda: authors.has(TEXTS[name])) < BOUND_S


def test_many_terms_that_share_a_word_are_fast_to_look_for() -> None:
    names = [
        f"{first}{second}{third}q"
        for first in "bcdfghjkmnprtvw"
        for second in "aeiouy"
        for third in "bdgkptvxz"
    ]
    terms = [f"fan {name}" for name in names[:750]]
    topics = [Topic(name=str(n), terms=tuple(terms[50 * n : 50 * n + 50])) for n in range(15)]
    text = " ".join(names[:750]) + " zz" * 10 + " fan" * 4000
    matcher = TopicMatcher(topics)
    matcher.match("loads the vocabulary")

    assert matcher.match(text[:TEXT_CHARS]) == ()
    assert seconds(lambda: matcher.match(text[:TEXT_CHARS])) < BOUND_S
