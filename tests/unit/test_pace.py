import pytest

from leadboost.domain.pace import DAY_S, Pace

HOUR_S = 3_600.0


def paced(*, per_day: int, days: int) -> Pace:
    """One item at a time, evenly."""
    pace = Pace()
    for _ in range(per_day * days):
        pace = pace.after(1, DAY_S / per_day)
    return pace


def quiet(pace: Pace, hours: float) -> Pace:
    for _ in range(int(hours)):
        pace = pace.after(0, HOUR_S)
    return pace


@pytest.mark.parametrize("per_day", [2, 24, 288])
@pytest.mark.parametrize("days", [4, 30])
def test_the_rate_is_learned_from_what_came(per_day: int, days: int) -> None:
    learned = paced(per_day=per_day, days=days).per_day()

    assert learned == pytest.approx(per_day, rel=0.15)


def test_a_rate_that_changes_is_learned_anew_within_weeks() -> None:
    pace = paced(per_day=24, days=30)

    for _ in range(2 * 21):
        pace = pace.after(1, DAY_S / 2)

    assert pace.per_day() == pytest.approx(2, rel=0.6)


def test_too_little_history_expects_nothing() -> None:
    few = Pace().after(2, HOUR_S).after(2, 2 * DAY_S)
    short = Pace().after(100, HOUR_S)

    assert (few.per_day(), short.per_day()) == (None, None)
    assert not quiet(short, 1_000).is_silent(None)


def test_the_rate_does_not_fade_while_nothing_comes() -> None:
    pace = paced(per_day=24, days=10)

    assert quiet(pace, 24 * 60).per_day() == pace.per_day()


def test_a_quiet_that_chance_explains_is_no_silence() -> None:
    pace = paced(per_day=4, days=30)

    assert not quiet(pace, 24).is_silent(None)
    assert quiet(pace, 60).is_silent(None)


def test_a_busy_source_is_given_six_hours() -> None:
    pace = paced(per_day=288, days=10)

    assert not quiet(pace, 5).is_silent(None)
    assert quiet(pace, 7).is_silent(None)


def test_a_set_rate_counts_instead_of_the_learned_one_and_needs_no_history() -> None:
    assert Pace().after(0, HOUR_S).is_silent(24 * 7)
    assert not quiet(paced(per_day=24, days=10), 24).is_silent(1)


def test_a_time_without_polls_counts_as_a_day_at_most() -> None:
    assert not paced(per_day=4, days=30).after(0, 90 * DAY_S).is_silent(None)


def test_an_item_ends_the_quiet() -> None:
    pace = quiet(paced(per_day=24, days=10), 48).after(1, HOUR_S)

    assert not pace.is_silent(None)
