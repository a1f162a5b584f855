import math
from collections.abc import Sequence
from datetime import timedelta
from itertools import count, cycle
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.hearing import features as documented
from leadboost.domain.hearing.features import FEATURES, Decisions, Echo
from leadboost.domain.hearing.influence import AUTHOR_CAP, SOURCE_CAP, SOURCE_FREE, author_key
from leadboost.domain.hearing.passage import SOURCE, TOPIC, Memory, Unheard, hear
from leadboost.domain.hearing.statistics import DAY_S, HOUR_S, MOST_COUNTERS, Moments, Statistics
from tests.hearings import NOON, unheard

BOOTS = (TOPIC, "boots")
REDDIT = (SOURCE, "reddit")

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
SIGNALS = st.builds(
    unheard,
    st.sampled_from(["ada", "bob", "", None]),
    source=st.sampled_from(["reddit", "x"]),
    topics=st.lists(st.sampled_from(["boots", "hats"]), max_size=3),
    after_s=st.floats(-1e6, 1e6),
    age_s=st.none() | st.floats(-1e6, 1e9),
    text=st.text(max_size=40),
    engagement=st.dictionaries(st.text(max_size=5), NUMBERS, max_size=4),
    rejected=st.booleans(),
    echo=st.builds(
        Echo, voices=st.integers(0, 10**6), sources=st.integers(0, 99), first_heard_at=st.just(NOON)
    ),
)


def heard(signals: Sequence[Unheard], memory: Memory | None = None) -> dict[str, float]:
    """Hear all; the features of the last."""
    features = hear(signals, memory if memory is not None else Memory())[signals[-1].id]
    assert features is not None
    return features


_authors = count()


def crowd(
    size: int,
    *,
    sources: Sequence[str] = ("reddit",),
    after_s: float = 0.0,
    every_s: float = 0.0,
    **options: Any,
) -> list[Unheard]:
    """Signals of as many authors, of the sources in turn."""
    return [
        unheard(f"author {next(_authors)}", source=source, after_s=after_s + n * every_s, **options)
        for n, source in zip(range(size), cycle(sources), strict=False)
    ]


@given(st.lists(SIGNALS, max_size=30))
def test_features_of_any_signals_are_documented_bounded_and_json(signals: list[Unheard]) -> None:
    memory = Memory()

    for signal, features in zip(signals, hear(signals, memory).values(), strict=True):
        if signal.is_rejected:
            assert features is None
            continue
        assert features is not None
        assert tuple(features) == FEATURES
        assert all(-1.0 <= value <= 1.0 for value in features.values())
    for statistics in memory.statistics.values():
        written = orjson.loads(orjson.dumps(statistics.as_json()))
        assert Statistics.from_json(written, statistics.at) == statistics


def test_every_feature_is_described() -> None:
    text = documented.__doc__ or ""

    assert [name for name in FEATURES if name not in text and not name.startswith("text_")] == []


@given(st.lists(SIGNALS, max_size=20), st.integers(0, 20))
def test_a_batch_gives_what_two_batches_after_each_other_give(signals: list[Unheard], at: int) -> None:
    whole, halves = Memory(), Memory()

    together = hear(signals, whole)
    apart = hear(signals[:at], halves) | hear(signals[at:], halves)

    assert together == apart
    assert whole == halves


def test_a_signal_is_read_with_what_was_known_before_it() -> None:
    memory = Memory()

    first, second = hear([unheard("ada"), unheard("bob")], memory).values()

    assert first is not None
    assert second is not None
    assert (first["topic_volume"], first["source_momentum"]) == (0.0, 0.0)
    assert second["topic_volume"] > 0.0
    assert memory.statistics[BOOTS].day == 2.0


def test_counts_fade_with_their_time_constant() -> None:
    memory = Memory()
    hear(crowd(100), memory)

    memory.statistics[BOOTS].fade(NOON + timedelta(seconds=HOUR_S))

    assert memory.statistics[BOOTS].hour == pytest.approx(100 / math.e)
    assert memory.statistics[BOOTS].day == pytest.approx(100 * math.exp(-1 / 24))


def test_momentum_is_flat_at_a_steady_rate_and_rises_with_a_burst() -> None:
    memory = Memory()
    flat = heard(crowd(1000, every_s=960.0), memory)

    rising = heard(crowd(100, after_s=1000 * 960.0), memory)

    assert abs(flat["topic_momentum"]) < 0.1
    assert rising["topic_momentum"] > flat["topic_momentum"] + 0.3
    assert rising["source_momentum"] > flat["source_momentum"] + 0.3


def test_engagement_is_compared_with_the_same_source_and_age() -> None:
    usual = crowd(50, engagement={"likes": 100.0}, age_s=60.0)
    usual += crowd(50, engagement={"likes": 10_000.0}, age_s=3 * DAY_S)
    usual += crowd(50, sources=["x"], engagement={"likes": 1.0})

    def of(likes: float, **options: Any) -> float:
        return heard([*usual, unheard("new", engagement={"likes": likes}, **options)])["engagement"]

    assert of(100.0) == pytest.approx(0.0, abs=0.05)
    assert of(1000.0) > 0.9
    assert of(1000.0, age_s=3 * DAY_S) < -0.9
    assert of(1000.0, source="x") > 0.9
    assert of(1000.0, source="new") == 0.0


def test_an_operators_decision_weighs_more_than_a_rejection_by_rule() -> None:
    neutral = heard([unheard()])["trust"]
    by_rule = heard([*crowd(3, rejected=True), unheard()])["trust"]
    by_person = heard([unheard()], Memory(decisions={"reddit": Decisions(rejected=3)}))["trust"]
    praised = heard([unheard()], Memory(decisions={"reddit": Decisions(accepted=3)}))["trust"]

    assert by_person < by_rule < neutral < praised


def test_a_rejected_signal_moves_its_sources_trust_and_nothing_else() -> None:
    memory = Memory()

    hear([unheard(rejected=True)], memory)

    assert list(memory.statistics) == [REDDIT]
    assert memory.statistics[REDDIT] == Statistics(NOON, rejected=1.0)


def test_a_cluster_of_many_voices_is_large_fast_and_wide() -> None:
    alone = heard([unheard()])
    echo = Echo(voices=30, sources=3, first_heard_at=NOON - timedelta(hours=2))
    echoed = heard([unheard(echo=echo)])

    assert (alone["cluster_size"], alone["cluster_sources"], alone["cluster_velocity"]) == (0.0, 0.0, 0.0)
    assert echoed["cluster_size"] == pytest.approx(math.log(30) / math.log(100), abs=1e-4)
    assert echoed["cluster_sources"] == pytest.approx(2 / 3, abs=1e-4)
    assert echoed["cluster_velocity"] == pytest.approx(math.log1p(29 / 2) / math.log(51), abs=1e-4)


def test_time_lies_on_the_circles_of_day_and_week() -> None:
    features = heard([unheard(age_s=0.0)])

    assert (features["hour_sin"], features["hour_cos"]) == (0.0, -1.0)
    assert features["weekday_sin"] == pytest.approx(math.sin(math.tau * 2.5 / 7), abs=1e-4)
    assert features["recency"] == 1.0
    assert heard([unheard(age_s=DAY_S)])["recency"] == pytest.approx(1 / math.e, abs=1e-4)
    assert heard([unheard(age_s=None)])["recency"] == 0.5


def test_a_source_cannot_grow_its_statistics_with_ever_new_counters() -> None:
    memory = Memory()

    hear([unheard(f"a{n}", engagement={f"counter {n}": 1.0}) for n in range(100)], memory)

    assert len(memory.statistics[REDDIT].counters) == MOST_COUNTERS


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0.01, 1.0)), min_size=1, max_size=50))
def test_moments_are_the_weighted_mean_and_deviation(values: list[tuple[float, float]]) -> None:
    moments = Moments()
    for value, weight in values:
        moments.add(value, weight)

    total = sum(weight for _, weight in values)
    mean = sum(value * weight for value, weight in values) / total
    variance = sum(weight * (value - mean) ** 2 for value, weight in values) / total
    assert moments.mean == pytest.approx(mean, abs=1e-6)
    assert moments.deviation == pytest.approx(math.sqrt(variance), abs=1e-5)


def test_one_author_holds_at_most_the_cap_of_a_topic_and_of_a_source() -> None:
    memory = Memory()
    mallory = author_key("reddit", "mallory")
    honest = crowd(2000, sources=["reddit", "x", "rss"])
    hear([signal for each in honest for signal in (each, unheard("mallory"))], memory)

    for subject, most in ((BOOTS, 2000 / 0.99), (REDDIT, 667 / 0.99)):
        day = memory.statistics[subject].day
        assert day <= most + 1e-9
        assert memory.voices[*subject, mallory].weight == pytest.approx(AUTHOR_CAP * day, rel=0.01)


def test_among_few_signals_an_author_counts_as_one() -> None:
    memory = Memory()

    hear([unheard("ada"), *(unheard("mallory") for _ in range(50))], memory)

    assert memory.statistics[BOOTS].day == 2.0
    assert memory.statistics[REDDIT].day == 2.0


def test_one_author_cannot_shift_what_is_usual_for_its_source() -> None:
    honest = crowd(200, engagement={"likes": 100.0})
    poison = [unheard("mallory", engagement={"likes": 1e9}) for _ in range(200)]
    asked = unheard("new", engagement={"likes": 100.0})

    assert heard([*honest, *poison, asked])["engagement"] == pytest.approx(
        heard([*honest, asked])["engagement"], abs=0.1
    )


def test_one_author_cannot_spoil_the_trust_in_its_source() -> None:
    honest = crowd(200)

    spoiled = heard([*honest, *(unheard("mallory", rejected=True) for _ in range(500)), unheard("new")])

    assert spoiled["trust"] > heard([*honest, unheard("new")])["trust"] - 0.02


def test_one_source_holds_at_most_its_cap_of_a_topic() -> None:
    memory = Memory()

    hear(crowd(1500, sources=["rss", *["reddit"] * 4]), memory)

    day = memory.statistics[BOOTS].day
    assert memory.voices[*BOOTS, "rss"].weight == 300.0
    assert memory.voices[*BOOTS, "reddit"].weight == pytest.approx(SOURCE_CAP * day, rel=0.01)


def test_the_only_source_of_a_topic_counts_up_to_what_is_free() -> None:
    memory = Memory()

    hear(crowd(500), memory)

    assert memory.statistics[BOOTS].day == pytest.approx(SOURCE_FREE)
    assert memory.statistics[REDDIT].day == 500.0


def test_an_author_who_falls_silent_may_speak_again() -> None:
    memory = Memory()
    hear([unheard("ada") for _ in range(3)], memory)

    hear([unheard("ada", after_s=2 * DAY_S)], memory)

    assert memory.statistics[BOOTS].day == pytest.approx(1.0)
