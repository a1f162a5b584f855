import random

from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.hearing.heard import average

FEATURES = st.dictionaries(st.sampled_from(["trust", "recency", "engagement"]), st.floats(-1.0, 1.0))


def test_the_average_of_no_signals_is_nothing() -> None:
    assert average([]) == {}


def test_a_feature_is_averaged_over_the_signals_that_have_it() -> None:
    assert average([{"trust": 0.5, "recency": 0.25}, {"trust": 1.0}]) == {"recency": 0.25, "trust": 0.75}


@given(st.lists(FEATURES, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_signals_does_not_change_a_bit_of_their_average(
    signals: list[dict[str, float]], rng: random.Random
) -> None:
    shuffled = rng.sample(signals, len(signals))

    assert average(shuffled) == average(signals)
