import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.design import RIDGE_COLUMNS, TABLE_COLUMNS
from leadboost.domain.roi.features import target
from leadboost.domain.roi.forecast import Question
from leadboost.domain.roi.learner import Learner
from tests.campaigns import campaign, campaigns


def taught(outcomes: Sequence[Outcome]) -> Learner:
    learner = Learner()
    learner.learn(outcomes)
    return learner


def test_learner_is_far_less_wrong_than_the_running_mean() -> None:
    score = taught(campaigns(1500)).score

    assert score.mae is not None
    assert score.baseline_mae is not None
    assert score.mae < 0.29  # noise of 0.3 alone costs 0.24
    assert score.baseline_mae > 0.6


def test_intervals_cover_four_in_five() -> None:
    coverage = taught(campaigns(3000)).score.coverage

    assert coverage == pytest.approx(0.8, abs=0.02)


def test_intervals_adapt_when_the_world_gets_noisier() -> None:
    learner = taught(campaigns(1500, noise=0.1))
    before = learner.score.covered

    learner.learn(campaigns(1500, noise=1.0, seed=2))

    assert (learner.score.covered - before) / 1500 == pytest.approx(0.8, abs=0.04)


def test_a_row_is_scored_before_it_is_learned() -> None:
    learner = taught([campaign(f"c{at}", colour="red") for at in range(200)])
    surprise = campaign("surprise", revenue_micros=900_000_000, colour="red")
    error_before = learner.score.error_sum

    learner.learn([surprise])

    expected = target(surprise.spend_micros, surprise.revenue_micros) - target(5_000_000, 9_000_000)
    assert learner.score.error_sum - error_before == pytest.approx(expected, rel=0.02)


def test_the_baseline_is_the_mean_of_all_earlier_rows() -> None:
    outcomes = campaigns(120)
    score = taught(outcomes).score
    y = [target(outcome.spend_micros, outcome.revenue_micros) for outcome in outcomes]
    errors = [abs(y[at] - np.mean(y[:at])) for at in range(len(y) - score.rows, len(y))]

    assert score.baseline_mae == pytest.approx(np.mean(errors))


def test_rows_that_met_the_prior_are_not_scored() -> None:
    score = taught(campaigns(30)).score

    assert (score.observations, score.rows, score.mae) == (30, 0, None)


def test_every_row_after_the_prior_is_scored() -> None:
    score = taught(campaigns(100)).score

    assert (score.observations, score.rows) == (100, 70)


def test_a_correction_replaces_what_was_learned_and_keeps_what_was_measured() -> None:
    wrong = taught([campaign(f"c{at}", colour="red") for at in range(100)])
    right = taught([campaign(f"c{at}", revenue_micros=90_000_000, colour="red") for at in range(100)])

    corrected = wrong.corrected(right)

    assert ask(corrected) == ask(right)
    assert corrected.score == wrong.score
    assert list(corrected.calibration.errors) == list(wrong.calibration.errors)


def test_a_healed_learner_keeps_the_score_of_more_rows() -> None:
    older, anew = taught(campaigns(100)), taught(campaigns(300))

    assert older.healed(anew).score == anew.score
    assert anew.healed(older).score == anew.score
    assert ask(anew.healed(older)) == ask(older)


def test_learning_on_a_copy_changes_nothing_else() -> None:
    learner = taught(campaigns(200))
    model, score, before = learner.model(1), learner.score, ask(learner)

    learner.copy().learn(campaigns(200, seed=2))

    assert learner.score == score
    assert ask(learner) == before
    assert learner.model(1).predict([QUESTION]) == model.predict([QUESTION])


def test_the_same_rows_give_the_same_forecasts() -> None:
    assert ask(taught(campaigns(300))) == ask(taught(campaigns(300)))


def test_learner_follows_a_change_of_the_world() -> None:
    learner = taught([campaign(f"a{at}", revenue_micros=9_000_000, colour="red") for at in range(500)])

    learner.learn([campaign(f"b{at}", revenue_micros=2_000_000, colour="red") for at in range(1000)])

    assert ask(learner) == pytest.approx(2.0 / 5.0 - 1.0, abs=0.1)


def test_one_outlier_hardly_moves_a_forecast() -> None:
    learner = taught([campaign(f"c{at}", colour="red") for at in range(200)])
    before = ask(learner)

    learner.learn([campaign("odd", revenue_micros=2**62, colour="red")])

    assert ask(learner) == pytest.approx(before, abs=0.1)


def unheard_of(rng: random.Random) -> dict[str, str]:
    return {f"a{n}": str(rng.random()) for n in range(9)}


def test_columns_stay_bounded_when_every_row_brings_new_values() -> None:
    rng = random.Random(3)
    learner = taught([replace(campaign(str(at)), attributes=unheard_of(rng)) for at in range(600)])

    assert len(learner.columns.names) == RIDGE_COLUMNS
    assert len(learner.columns.table_names) <= TABLE_COLUMNS
    assert len(learner.columns.find) == RIDGE_COLUMNS + len(learner.columns.table_names)


def test_forgotten_columns_give_room_to_new_values() -> None:
    rng = random.Random(3)
    learner = taught([replace(campaign(str(at)), attributes=unheard_of(rng)) for at in range(1500)])

    learner.learn([replace(campaign(f"n{at}"), attributes={"colour": "red"}) for at in range(200)])

    assert "colour=red" in learner.columns.find


def test_garbage_magnitudes_keep_every_forecast_finite() -> None:
    amounts = [0, 1, 10**6, 2**63 - 1]
    learner = taught(
        [
            campaign(f"{spend}-{revenue}-{at}", spend_micros=spend, revenue_micros=revenue, x=str(at % 3))
            for at in range(10)
            for spend in amounts
            for revenue in amounts
        ]
    )

    for forecast in learner.model(1).predict([Question(spend_micros=spend) for spend in amounts]):
        assert np.isfinite([forecast.roi, forecast.expected_roi, forecast.low, forecast.high]).all()


QUESTION = Question(spend_micros=5_000_000, platform="meta_ads", attributes={"colour": "red"})


def ask(learner: Learner) -> float:
    return learner.model(1).predict([QUESTION])[0].roi
