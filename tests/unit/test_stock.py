from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.stock import Line, Order, Refused, Sold, StockLevel, decide_orders, stock_alerts

SKUS = ("cup", "hat", "pen")


def level(sku: str, on_hand: int, *, reserved: int = 0, floor: int = 0) -> StockLevel:
    return StockLevel(sku=sku, on_hand=on_hand, reserved=reserved, floor=floor)


def order(*lines: tuple[str, int]) -> Order:
    return Order(sale_id=UUID(int=1), lines=tuple(Line(sku=sku, quantity=n) for sku, n in lines))


levels_of_stock = st.fixed_dictionaries(
    {sku: st.tuples(st.integers(0, 30), st.integers(0, 10)) for sku in SKUS}
).map(lambda drawn: {sku: level(sku, free + held, reserved=held) for sku, (free, held) in drawn.items()})
orders_of_stock = st.lists(
    st.lists(st.tuples(st.sampled_from((*SKUS, "unknown")), st.integers(1, 12)), min_size=1, max_size=4).map(
        lambda lines: order(*lines)
    ),
    max_size=30,
)


@given(levels_of_stock, orders_of_stock)
def test_decided_orders_conserve_units_and_never_go_below_what_is_reserved(
    levels: dict[str, StockLevel], orders: list[Order]
) -> None:
    decisions, changed = decide_orders(levels, orders)

    sold = Counter[str]()
    for decision in decisions:
        if isinstance(decision, Sold):
            assert min(decision.remaining) >= 0
            for line in decision.order.lines:
                sold[line.sku] += line.quantity
    after = levels | changed
    assert all(after[sku].on_hand + sold[sku] == levels[sku].on_hand for sku in levels)
    assert all(each.available >= 0 for each in after.values())
    assert set(changed) == {sku for sku in levels if sold[sku]}


@given(levels_of_stock, orders_of_stock)
def test_an_order_is_refused_only_for_units_that_are_not_there(
    levels: dict[str, StockLevel], orders: list[Order]
) -> None:
    decisions, _ = decide_orders(levels, orders)

    for decision in decisions:
        if isinstance(decision, Refused):
            wanted = sum(line.quantity for line in decision.order.lines if line.sku == decision.sku)
            assert decision.available < wanted
            assert decision.known == (decision.sku in levels)


def test_orders_are_decided_in_arrival_order() -> None:
    decisions, _ = decide_orders({"cup": level("cup", 3)}, [order(("cup", n)) for n in (2, 2, 1)])

    assert [type(decision) for decision in decisions] == [Sold, Refused, Sold]


def test_a_refused_order_takes_none_of_its_lines() -> None:
    levels = {"cup": level("cup", 5), "hat": level("hat", 1)}

    decisions, changed = decide_orders(levels, [order(("cup", 5), ("hat", 2))])

    assert isinstance(decisions[0], Refused)
    assert (decisions[0].sku, decisions[0].available) == ("hat", 1)
    assert changed == {}


def test_a_sku_named_twice_in_one_order_is_counted_twice() -> None:
    decisions, changed = decide_orders({"cup": level("cup", 3)}, [order(("cup", 2), ("cup", 2))])

    assert isinstance(decisions[0], Refused)
    assert changed == {}


def test_a_level_that_crosses_its_floor_and_zero_is_reported_as_low_and_out() -> None:
    alerts = stock_alerts({"cup": level("cup", 9, floor=4)}, {"cup": level("cup", 0, floor=4)})

    assert [alert.kind for alert in alerts] == ["stock.low", "stock.out"]


def test_a_level_already_below_its_floor_is_not_reported_again() -> None:
    alerts = stock_alerts({"cup": level("cup", 4, floor=4)}, {"cup": level("cup", 2, floor=4)})

    assert alerts == []


def test_units_held_for_others_count_towards_the_floor() -> None:
    before = {"cup": level("cup", 9, reserved=2, floor=4)}

    alerts = stock_alerts(before, {"cup": level("cup", 6, reserved=2, floor=4)})

    assert [(alert.kind, alert.available) for alert in alerts] == [("stock.low", 4)]


def test_a_floor_raised_to_the_level_is_a_crossing() -> None:
    alerts = stock_alerts({"cup": level("cup", 5, floor=3)}, {"cup": level("cup", 5, floor=5)})

    assert [alert.kind for alert in alerts] == ["stock.low"]
