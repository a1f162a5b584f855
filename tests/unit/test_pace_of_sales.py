from datetime import UTC, date, datetime, timedelta

import pytest

from leadboost.domain.stock import Pace, SalesHistory, Span, runway_days, sell_pace

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=365)


def history(
    *sold: tuple[int, int], stocked_at: datetime = LONG_AGO, outs: tuple[Span, ...] = ()
) -> SalesHistory:
    """Units sold so many days ago."""
    days = [(NOW.date() - timedelta(days=ago), units) for ago, units in sold]
    return SalesHistory(days=days, stocked_at=stocked_at, outs=outs)


def out(first_days_ago: float, last_days_ago: float) -> Span:
    return Span(since=NOW - timedelta(days=first_days_ago), until=NOW - timedelta(days=last_days_ago))


def per_day(of: SalesHistory) -> float:
    pace = sell_pace(of, NOW)
    assert pace is not None
    return pace.per_day


def test_a_steady_seller_sells_what_it_sells() -> None:
    steady = history((0, 5), *((ago, 10) for ago in range(1, 28)))

    assert per_day(steady) == pytest.approx(10)


def test_days_out_of_stock_do_not_make_a_product_slow() -> None:
    outs = (out(10.5, 3.5),)
    sold = [(0, 5), *((ago, 10) for ago in range(1, 28) if not 3 < ago <= 10)]

    assert per_day(history(*sold, outs=outs)) == pytest.approx(10)
    assert per_day(history(*sold)) < 8


def test_times_out_of_stock_that_overlap_count_once() -> None:
    once = history((0, 5), outs=(out(0.4, 0.1),))
    twice = history((0, 5), outs=(out(0.3, 0.2), out(0.4, 0.1), out(0.25, 0.1)))

    assert sell_pace(once, NOW) == sell_pace(twice, NOW)


def test_a_product_of_this_morning_is_judged_by_its_hours() -> None:
    new = history((0, 6), stocked_at=NOW - timedelta(hours=6))

    assert per_day(new) == pytest.approx(24)


def test_less_than_an_hour_on_sale_says_nothing() -> None:
    assert sell_pace(history((0, 3), stocked_at=NOW - timedelta(minutes=50)), NOW) is None
    assert sell_pace(history(outs=(out(400, 0),)), NOW) is None


def test_last_week_weighs_more_than_three_weeks_ago() -> None:
    rising = history(*((ago, 20 if ago < 7 else 10) for ago in range(28)))
    falling = history(*((ago, 10 if ago < 7 else 20) for ago in range(28)))

    assert per_day(rising) > per_day(falling)


def test_what_sold_before_the_window_is_forgotten() -> None:
    assert per_day(history((28, 1000))) == 0


def test_days_are_days_of_utc() -> None:
    sold = SalesHistory(
        days=[(date(2026, 11, 25), 5)], stocked_at=datetime(2026, 11, 25, tzinfo=UTC), outs=()
    )

    assert per_day(sold) == pytest.approx(10)


@pytest.mark.parametrize(
    ("available", "rate", "days"),
    [(30, 10.0, 3.0), (0, 10.0, 0.0), (-2, None, 0.0), (5, None, None), (5, 0.0, None)],
)
def test_runway_is_what_is_left_over_what_a_day_takes(
    available: int, rate: float | None, days: float | None
) -> None:
    pace = None if rate is None else Pace(per_day=rate, units=1, days=1)

    assert runway_days(available, pace) == days
