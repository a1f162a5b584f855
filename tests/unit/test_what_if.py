import pytest

from leadboost.clock import Rng
from leadboost.domain.stock import Pace
from leadboost.domain.what_if import Outlook, Push, Range, Shelf, simulate

EURO = 1_000_000
SURE = Push(spend_micros=100 * EURO, roi=1.0, low=1.0, high=1.0)
UNSURE = Push(spend_micros=100 * EURO, roi=1.0, low=0.0, high=3.0)


def shelf(sku: str = "cup", *, available: int = 1000, price: int | None = 10, per_day: float = 10) -> Shelf:
    pace = Pace(per_day=per_day, units=per_day * 1e6, days=1e6)  # as good as certain
    return Shelf(sku=sku, available=available, price_micros=price and price * EURO, pace=pace)


def run(*shelves: Shelf, push: Push = SURE, days: int = 10, seed: int = 1) -> Outlook:
    return simulate(shelves, {"meta": push}, horizon_days=days, rng=Rng(seed))


def euros(figure: Range) -> list[float]:
    return [(each or 0) / EURO for each in (figure.low, figure.median, figure.high)]


def test_what_ads_bring_comes_on_top_of_what_sells_anyway() -> None:
    outlook = run(shelf())

    assert euros(outlook.ad_revenue) == pytest.approx([200] * 3)
    assert euros(outlook.revenue) == pytest.approx([1200] * 3, rel=0.01)
    assert euros(outlook.cash) == pytest.approx([1100] * 3, rel=0.01)


def test_the_interval_is_that_of_the_roi_model() -> None:
    assert euros(run(shelf(), push=UNSURE).ad_revenue) == pytest.approx([100, 200, 400], rel=0.1)


def test_nothing_is_sold_that_is_not_there() -> None:
    outlook = run(shelf(available=30))

    assert euros(outlook.revenue) == pytest.approx([300] * 3)
    assert outlook.stock_out_day.median == pytest.approx(2.5, rel=0.01)  # ten a day, and two more by the ads
    assert [(each.sku, each.probability) for each in outlook.products] == [("cup", 1.0)]


def test_a_day_beyond_the_horizon_is_not_told() -> None:
    outlook = run(shelf(available=1000))

    assert outlook.stock_out_day == Range(median=None, low=None, high=None)
    assert outlook.products == []


def test_more_spend_empties_the_shelf_sooner() -> None:
    much = Push(spend_micros=1000 * EURO, roi=1.0, low=1.0, high=1.0)

    sooner, later = run(shelf(available=50), push=much), run(shelf(available=50))

    assert (sooner.stock_out_day.median or 99) < (later.stock_out_day.median or 99)


def test_ads_are_shared_by_recent_revenue_and_the_first_to_run_out_comes_first() -> None:
    fast, slow = shelf("fast", per_day=30, available=60), shelf("slow", per_day=5, available=25)

    outlook = run(slow, fast)

    assert [each.sku for each in outlook.products] == ["fast", "slow"]
    assert outlook.stock_out_day.median == outlook.products[0].stock_out_day.median


def test_a_pace_of_few_sales_makes_a_wide_interval() -> None:
    few = Shelf(
        sku="cup", available=1000, price_micros=10 * EURO, pace=Pace(per_day=1.0, units=2.0, days=2.0)
    )

    low, median, high = euros(run(few, days=30).revenue)

    assert high - low > median


def test_without_price_or_pace_only_the_ads_are_simulated() -> None:
    outlook = run(shelf(price=None), Shelf(sku="hat", available=5, price_micros=EURO, pace=None))

    assert outlook.modelled == 0
    assert euros(outlook.revenue) == euros(outlook.ad_revenue)


def test_the_same_seed_gives_the_same_outlook_and_another_another() -> None:
    assert run(shelf(), push=UNSURE) == run(shelf(), push=UNSURE)
    assert run(shelf(), push=UNSURE) != run(shelf(), push=UNSURE, seed=2)
