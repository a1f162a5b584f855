"""One author who makes a tenth of all signals, against the same world without her.

Three days, four sources, three topics, 600 authors; returns rise with the mood of the signals that a
campaign answers to. Mallory praises, shouts and invents likes. Where campaigns answer to signals, a tenth
of these are hers; in the worst case just where the return came out best or worst, so that hers seem to
foretell it.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from leadboost.domain.hearing.heard import average
from leadboost.domain.hearing.influence import AUTHOR_CAP, author_key
from leadboost.domain.hearing.passage import TOPIC, Memory, Unheard, hear
from leadboost.domain.hearing.statistics import DAY_S
from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.features import HEARD_CAP
from leadboost.domain.roi.fit import fit
from leadboost.domain.roi.forecast import Question
from leadboost.domain.roi.learner import Learner
from leadboost.domain.roi.model import RoiModel
from tests.hearings import unheard

DAYS = 3
SIGNALS = 2000
OUTCOMES = 1200
QUESTIONS = 300
ANSWERED = 10
TOPICS = ("boots", "hats", "coats")
MOODS = (
    "I love these, the best i ever had, so happy with them",
    "they are okay i guess, it was what i expected of them",
    "the worst i ever had, i hate them, they broke and it was a scam",
    "where can i buy some of these before friday? what do they cost?",
)
SHOUT = "I LOVE LOVE LOVE it, the best ever!!! where can i buy it today? only $1 ASAP"

Attack = Literal["none", "blind", "best", "worst"]
Features = Mapping[str, float]


@dataclass(frozen=True)
class World:
    """A trained model, the questions that are put to it, and her last signal."""

    model: RoiModel
    questions: Sequence[Question]
    memory: Memory
    poison: Features


def honest(rng: random.Random, at: int) -> Unheard:
    return unheard(
        f"author {rng.randrange(600)}",
        source=f"source {rng.randrange(4)}",
        topics=[rng.choice(TOPICS)],
        after_s=at / SIGNALS * DAYS * DAY_S,
        age_s=rng.expovariate(1 / 7200),
        text=rng.choice(MOODS),
        engagement={"likes": rng.lognormvariate(3.0, 1.0)},
    )


def hers(at: int) -> Unheard:
    return unheard(
        "mallory",
        source="source 0",
        topics=TOPICS,
        after_s=at / SIGNALS * DAYS * DAY_S,
        age_s=0.0,
        text=SHOUT,
        engagement={"likes": 1e9},
    )


def spends(rng: random.Random, at: int, mood: float) -> tuple[Outcome, float]:
    """An outcome, and how far its log return lies off what could be known."""
    colour, luck = rng.choice(("red", "blue", "green")), rng.gauss(0.0, 0.3)
    spend = math.exp(rng.gauss(3.0, 1.0))
    lift = {"red": 0.5, "blue": -0.3, "green": 0.0}[colour] + 0.3 * mood + luck
    outcome = Outcome(
        external_id=f"o{at}",
        platform="meta_ads",
        day=date(2026, 5, 6) + timedelta(days=DAYS * at // OUTCOMES),
        spend_micros=round(spend * 1e6),
        revenue_micros=round(spend * math.exp(lift) * 1e6),
        currency="EUR",
        attributes={"colour": colour},
    )
    return outcome, luck


def mixed(told: Sequence[Features], poison: Features | None, slots: int) -> Features:
    """What a campaign hears that answers to these signals, ``slots`` of which are hers."""
    return average([*told[slots:], *[poison] * slots] if poison is not None else told)


@cache
def world(attack: Attack) -> World:
    rng = random.Random(5)
    poisoned = attack != "none"
    said = [honest(rng, at) for at in range(SIGNALS)]
    shouts = [hers(at) for at in range(8, SIGNALS, 9)] if poisoned else []
    memory = Memory()
    features = hear(sorted([*said, *shouts], key=lambda signal: signal.said.heard_at), memory)
    poison = [features[signal.id] for signal in shouts]
    known = [features[signal.id] or {} for signal in said]

    def told(at: int, of: int) -> list[Features]:
        place = max(at * SIGNALS // of, ANSWERED)
        return rng.sample(known[max(place - 200, 0) : place], ANSWERED)

    def hers_by(at: int, of: int) -> Features | None:
        return poison[at * len(poison) // of] if poisoned else None

    outcomes, heard = [], []
    for at in range(OUTCOMES):
        answered = told(at, OUTCOMES)
        outcome, luck = spends(rng, at, average(answered)["text_sentiment"])
        aimed = {"best": luck > 0.38, "worst": luck < -0.38}.get(attack)
        slots = 1 if aimed is None else ANSWERED * aimed
        outcomes.append(outcome)
        heard.append(mixed(answered, hers_by(at, OUTCOMES), slots))
    learner = taught(outcomes, heard)
    questions = [
        Question(
            spend_micros=20_000_000,
            platform="meta_ads",
            attributes={"colour": rng.choice(("red", "blue", "green"))},
            heard=mixed(told(at, QUESTIONS), hers_by(at, QUESTIONS), 1),
        )
        for at in range(QUESTIONS)
    ]
    return World(learner.model(1), questions, memory, poison[-1] or {} if poisoned else {})


def taught(outcomes: Sequence[Outcome], heard: Sequence[Features]) -> Learner:
    """A learner of all members: the trees are fitted to the first half, and judged by the second."""
    half = len(outcomes) // 2
    learner = Learner()
    learner.learn(outcomes[:half], heard[:half])
    with threadpool_limits(1):  # on a busy machine threads wait for one another
        boosted = fit(outcomes[:half], heard[:half], half)
    assert boosted is not None
    learner = learner.adopted(boosted)
    learner.learn(outcomes[half:], heard[half:])
    return learner


def forecasts(world: World, hearing: Features | None = None) -> NDArray[np.float64]:
    """log(1 + roi) of each question, with this heard instead if it is given."""
    questions = world.questions
    if hearing is not None:
        questions = [replace(question, heard=hearing) for question in questions]
    return np.log1p([forecast.roi for forecast in world.model.predict(questions)])


@pytest.mark.parametrize("attack", ["blind", "best", "worst"])
def test_a_poisoned_author_moves_no_forecast_by_more_than_the_cap(attack: Attack) -> None:
    moves = np.abs(forecasts(world(attack)) - forecasts(world("none")))

    print(
        f"\n10 % of signals by one author, {attack}: log(1 + roi) moves by {np.median(moves):.3f} (median), "
        f"{np.quantile(moves, 0.95):.3f} (95 %), {moves.max():.3f} (worst of {len(moves)}); cap {HEARD_CAP}"
    )
    assert moves.max() <= HEARD_CAP


@pytest.mark.parametrize("attack", ["best", "worst"])
def test_not_even_a_question_that_hears_her_alone_moves_by_more_than_the_cap(attack: Attack) -> None:
    poisoned = world(attack)

    moves = np.abs(forecasts(poisoned, poisoned.poison) - forecasts(poisoned, {}))

    print(f"\nheard alone, {attack}: log(1 + roi) moves by {moves.max():.3f} at worst; cap {HEARD_CAP}")
    assert 0.1 < moves.max() <= HEARD_CAP + 1e-9


def test_what_is_heard_does_move_forecasts() -> None:
    clean = world("none")

    heard = forecasts(clean) - forecasts(clean, {})

    moods = [question.heard["text_sentiment"] for question in clean.questions]
    assert np.corrcoef(heard, moods)[0, 1] > 0.5
    assert np.abs(heard).max() <= HEARD_CAP + 1e-9


def test_a_poisoned_author_stays_a_hundredth_of_every_topic() -> None:
    memory = world("blind").memory

    for topic in TOPICS:
        day = memory.statistics[TOPIC, topic].day
        share = memory.voices[TOPIC, topic, author_key("source 0", "mallory")].weight / day
        print(f"\n{topic}: mallory makes up {share:.2%} of {day:.0f} signals a day")
        assert share <= max(AUTHOR_CAP, 1.0 / day) + 1e-9
