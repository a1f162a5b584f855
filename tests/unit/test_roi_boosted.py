import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.artefact import dump, load
from leadboost.domain.roi.boosted import INPUTS, Boosted, Trees
from leadboost.domain.roi.boosted_arrays import dump_trees, load_trees
from leadboost.domain.roi.design import Floats
from leadboost.domain.roi.fit import LEAST_ROWS, fit
from leadboost.domain.roi.forecast import question_of
from leadboost.domain.roi.learner import Learner
from leadboost.errors import ArtefactError
from tests.campaigns import campaign


def stepped(count: int, *, seed: int = 3) -> Sequence[Outcome]:
    """Returns double above a spend that differs by colour: no sum of bends and levels says that."""
    rng = random.Random(seed)
    outcomes = []
    for at in range(count):
        colour, size = rng.choice("abcdef"), rng.choice("xyz")
        spend = math.exp(rng.uniform(0.0, 6.0))
        lift = 1.5 if math.log(spend) > "abcdef".index(colour) and size != "y" else 0.0
        revenue = spend * math.exp(lift + rng.gauss(0.0, 0.1))
        outcomes.append(
            campaign(
                f"c{at}",
                spend_micros=round(spend * 1e6),
                revenue_micros=round(revenue * 1e6),
                colour=colour,
                size=size,
            )
        )
    return outcomes


OUTCOMES = stepped(3000)


def fitted(outcomes: Sequence[Outcome] = OUTCOMES[:1500]) -> Boosted:
    boosted = fit(outcomes, [{}] * len(outcomes), len(outcomes))
    assert boosted is not None
    return boosted


BOOSTED = fitted()


@pytest.fixture(scope="module")
def learner() -> Learner:
    """Learned with trees fitted halfway."""
    learner = Learner()
    learner.learn(OUTCOMES[:1500])
    learner = learner.adopted(BOOSTED)
    learner.learn(OUTCOMES[1500:])
    return learner


def test_trees_lower_the_error_where_sums_of_effects_do_not_suffice(learner: Learner) -> None:
    without = Learner()
    without.learn(OUTCOMES)

    late = [sum(window.error_sum for window in each.history.windows[-10:]) for each in (learner, without)]

    assert late[0] < 0.8 * late[1]
    assert learner.mixture.standing()[0][-1] > 0.9


def test_trees_that_do_not_help_lose_their_share() -> None:
    worse = replace(BOOSTED, trees=replace(BOOSTED.trees, values=-BOOSTED.trees.values))
    learner = Learner()
    learner.learn(OUTCOMES[:1500])
    learner = learner.adopted(worse)

    learner.learn(OUTCOMES[1500:2000])

    assert learner.mixture.standing()[0][-1] < 0.01


def test_new_trees_begin_with_a_small_share() -> None:
    learner = Learner()
    learner.learn(OUTCOMES[:1500])

    assert learner.adopted(BOOSTED).mixture.standing()[0][-1] < 0.06


def test_an_explanation_adds_up_with_trees(learner: Learner) -> None:
    forecasts = learner.model(1).predict([question_of(outcome) for outcome in OUTCOMES[:200]])

    for forecast in forecasts:
        total = forecast.base + sum(effect.effect for effect in forecast.explanation)
        assert total == pytest.approx(math.log1p(forecast.roi), abs=1e-9)


def test_trees_answer_as_scikit_learn_does(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    seen: list[tuple[Any, Floats]] = []
    grown = HistGradientBoostingRegressor.fit

    def kept(self: HistGradientBoostingRegressor, inputs: Floats, target: Floats) -> object:
        seen.append((grown(self, inputs, target), inputs))
        return seen[0][0]

    monkeypatch.setattr(HistGradientBoostingRegressor, "fit", kept)
    trees = fitted().trees
    (regressor, inputs), *_ = seen

    assert trees.forecast(inputs) == pytest.approx(regressor.predict(inputs), abs=1e-9)


def test_effects_and_roots_sum_to_the_trees_forecast() -> None:
    inputs = np.random.default_rng(1).uniform(-1.0, 6.0, (50, INPUTS))

    base, effects = BOOSTED.trees.effects(inputs)

    assert base + effects.sum(axis=1) == pytest.approx(BOOSTED.trees.forecast(inputs), abs=1e-9)


def test_trees_outlive_the_artefact(learner: Learner) -> None:
    questions = [question_of(outcome) for outcome in OUTCOMES[:50]]

    assert load(dump(learner)).model(1).predict(questions) == learner.model(1).predict(questions)


def test_few_rows_make_no_trees() -> None:
    assert fit(OUTCOMES[: LEAST_ROWS - 1], [{}] * LEAST_ROWS, 1) is None


def test_values_never_seen_are_answered() -> None:
    learner = Learner()
    learner.learn(OUTCOMES[:1500])
    model = learner.adopted(BOOSTED).model(1)

    forecast = model.predict([question_of(campaign(colour="new", shape="odd"))])[0]

    assert math.isfinite(forecast.roi)


@pytest.mark.parametrize(
    "trees",
    [
        replace(BOOSTED.trees, left=BOOSTED.trees.left + 10**6),
        replace(BOOSTED.trees, right=BOOSTED.trees.right * 0 - 1),
        replace(BOOSTED.trees, features=BOOSTED.trees.features + INPUTS),
        replace(BOOSTED.trees, values=BOOSTED.trees.values * np.nan),
        replace(BOOSTED.trees, values=BOOSTED.trees.values[:-1]),
        replace(BOOSTED.trees, depth=10**6),
        replace(BOOSTED.trees, thresholds=BOOSTED.trees.thresholds * np.nan),
    ],
)
def test_unsound_trees_are_refused(trees: Trees) -> None:
    with pytest.raises(ArtefactError):
        load_trees(dump_trees(replace(BOOSTED, trees=trees)))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", dump_trees(BOOSTED)[:500]])
def test_damaged_trees_are_refused(data: bytes) -> None:
    with pytest.raises(ArtefactError):
        load_trees(data)
