from datetime import UTC, datetime, time, timedelta

import pytest

from leadboost.domain.halt import Scope
from leadboost.domain.rules.facts import campaign_scope
from leadboost.domain.rules.money import DailySpendCap, RoiFloor, SpendVelocity
from leadboost.domain.rules.replay import History, Replayed, Revision, SoldDay, StockPlace, replay
from leadboost.domain.rules.rule import Action, Kind, Mode, Skip
from leadboost.domain.rules.stock import StockFloor
from tests.unit.rule_facts import TODAY, UNIT, campaign, rule

FIRST = TODAY - timedelta(days=9)
BAD = campaign_scope(campaign(1))


def row(number: int, spend: int, revenue: int, *, of: int = 1, late_days: int = 0) -> Revision:
    """The row of the day ``number`` after the first; known ``late_days`` after that day."""
    on = FIRST + timedelta(days=number)
    return Revision(
        external_id=f"{of}-{number}",
        campaign=campaign(of),
        day=on,
        known_at=datetime.combine(on + timedelta(days=late_days), time(20), tzinfo=UTC),
        spend_micros=spend * UNIT,
        revenue_micros=revenue * UNIT,
    )


def replayed(kind: Kind, *rows: Revision, hold_days: int = 3, **options: object) -> Replayed:
    history = History(currency="EUR", revisions=rows)
    return replay(rule(kind, **options), history, FIRST, TODAY, hold_days=hold_days)  # type: ignore[arg-type]


def test_a_halt_would_have_saved_what_its_campaigns_lost_while_it_held() -> None:
    rows = [row(number, 100, 40) for number in range(10)]

    done = replayed(RoiFloor(roi=-0.3, days=3, lag_days=0), *rows, *(row(n, 9, 90, of=2) for n in range(10)))

    first = done.firings[0]
    assert (first.day, first.subject, first.false) == (FIRST + timedelta(days=3), BAD, False)
    assert (first.spend_micros, first.revenue_micros) == (300 * UNIT, 120 * UNIT)
    assert first.saved_micros == 180 * UNIT
    assert (done.days, done.false_pauses) == (10, 0)


def test_while_it_holds_it_does_not_fire_again_and_no_day_is_saved_twice() -> None:
    rows = [row(number, 100, 40) for number in range(10)]

    done = replayed(RoiFloor(roi=-0.3, days=3, lag_days=0, each="scope"), *rows, cooldown_s=0.0)

    saved = sum(each.spend_micros for each in done.firings)
    after = [each for each in rows if each.day > done.firings[0].day]
    assert saved <= sum(each.spend_micros for each in after)
    assert done.skipped is not None
    assert done.skipped[Skip.PENDING] > 0


def test_a_firing_that_late_conversions_would_have_cleared_is_false() -> None:
    rows = [row(number, 100, 40) for number in range(5)]
    late = [row(number, 100, 130, late_days=6) for number in range(5)]
    both = sorted([*rows, *late], key=lambda each: (each.external_id, each.known_at))

    done = replayed(RoiFloor(roi=-0.3, days=3, lag_days=0), *both)

    assert [each.false for each in done.firings] == [True]
    assert done.false_pauses == 1
    assert done.firings[0].saved_micros < 0


def test_a_reduction_saves_its_share() -> None:
    rows = [row(number, 100, 0) for number in range(10)]

    done = replayed(
        DailySpendCap(limit_micros=90 * UNIT),
        *rows,
        action=Action.REDUCE,
        cooldown_s=10 * 86_400.0,
        delta=0.3,
    )

    (firing,) = done.firings
    assert firing.spend_micros == 3 * 30 * UNIT


def test_what_is_off_or_in_the_shadow_is_replayed_like_what_is_on() -> None:
    rows = [row(number, 100, 0) for number in range(3)]

    counts = [len(replayed(DailySpendCap(limit_micros=90 * UNIT), *rows, mode=mode).firings) for mode in Mode]

    assert counts == [1, 1, 1]


def test_a_row_that_a_file_brought_in_later_counts_from_the_end_of_its_day() -> None:
    rows = [row(number, 100, 0, late_days=90) for number in range(10)]

    done = replayed(DailySpendCap(limit_micros=90 * UNIT), *rows)

    assert done.firings[0].day == FIRST


def test_stock_is_what_the_last_sale_of_a_day_left() -> None:
    sold = [
        SoldDay(sku="fan", day=FIRST + timedelta(days=number), sold=5, remaining=10 - 5 * number)
        for number in range(3)
    ]
    history = History(
        currency="EUR",
        revisions=[row(number, 10, 0) for number in range(10)],
        sold=sold,
        products=[StockPlace(sku="fan", floor=0, campaigns=(campaign(1),))],
    )

    done = replay(rule(StockFloor()), history, FIRST, TODAY, hold_days=7)

    (firing,) = done.firings
    assert (firing.day, firing.subject) == (FIRST + timedelta(days=2), Scope("sku", ("fan",)))
    assert firing.spend_micros == 7 * 10 * UNIT


def test_a_kind_whose_past_is_not_kept_says_so() -> None:
    done = replayed(SpendVelocity())

    assert done.not_kept
    assert done.firings == ()


@pytest.mark.parametrize("hold_days", [1, 2, 5])
def test_the_saved_spend_is_that_of_the_ledgers_rows_within_the_holds(hold_days: int) -> None:
    rows = [row(number, 10 * number + 1, 3, of=of) for number in range(10) for of in (1, 2)]

    done = replayed(
        DailySpendCap(limit_micros=60 * UNIT, each="campaign"), *rows, hold_days=hold_days, cooldown_s=0.0
    )

    expected = sum(
        each.spend_micros
        for each in rows
        for firing in done.firings
        if each.campaign is not None
        and campaign_scope(each.campaign) == firing.subject
        and firing.day < each.day <= firing.day + timedelta(days=hold_days)
    )
    assert sum(each.spend_micros for each in done.firings) == expected > 0
