from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.stock import (
    Confirm,
    Confirmed,
    Decision,
    Desk,
    Ended,
    Excess,
    Held,
    Hold,
    Line,
    Missing,
    Order,
    PastLine,
    Refused,
    Release,
    Released,
    Request,
    Reservation,
    Restock,
    Restocked,
    Return,
    Returned,
    Sold,
    StockLevel,
    stock_alerts,
)

SKUS = ("cup", "hat", "pen")


def level(sku: str, on_hand: int, *, reserved: int = 0, floor: int = 0) -> StockLevel:
    return StockLevel(sku=sku, on_hand=on_hand, reserved=reserved, floor=floor)


def order(*lines: tuple[str, int]) -> Order:
    return Order(sale_id=UUID(int=1), lines=tuple(Line(sku=sku, quantity=n) for sku, n in lines))


def decide(
    levels: Mapping[str, StockLevel], requests: Sequence[Request], **known: Any
) -> tuple[list[Decision], dict[str, StockLevel]]:
    desk = Desk(levels, **known)
    return [desk.decide(request) for request in requests], desk.changed()


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
    decisions, changed = decide(levels, orders)

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
    decisions, _ = decide(levels, orders)

    for asked, decision in zip(orders, decisions, strict=True):
        if isinstance(decision, Refused):
            wanted = sum(line.quantity for line in asked.lines if line.sku == decision.sku)
            assert decision.available < wanted
            assert decision.known == (decision.sku in levels)


def test_orders_are_decided_in_arrival_order() -> None:
    decisions, _ = decide({"cup": level("cup", 3)}, [order(("cup", n)) for n in (2, 2, 1)])

    assert [type(decision) for decision in decisions] == [Sold, Refused, Sold]


def test_a_refused_order_takes_none_of_its_lines() -> None:
    levels = {"cup": level("cup", 5), "hat": level("hat", 1)}

    decisions, changed = decide(levels, [order(("cup", 5), ("hat", 2))])

    assert isinstance(decisions[0], Refused)
    assert (decisions[0].sku, decisions[0].available) == ("hat", 1)
    assert changed == {}


def test_a_sku_named_twice_in_one_order_is_counted_twice() -> None:
    decisions, changed = decide({"cup": level("cup", 3)}, [order(("cup", 2), ("cup", 2))])

    assert isinstance(decisions[0], Refused)
    assert changed == {}


LATER = datetime(2026, 12, 1, tzinfo=UTC)
KEPT = Reservation(id=UUID(int=7), line=Line(sku="cup", quantity=3), state="held")
SOLD = {UUID(int=9): [PastLine(place=0, line=Line(sku="cup", quantity=5), returned=1)]}


def hold(quantity: int, sku: str = "cup") -> Hold:
    return Hold(reservation_id=UUID(int=2), line=Line(sku=sku, quantity=quantity), expires_at=LATER)


def take_back(quantity: int | None = None, sale: int = 9) -> Return:
    lines = None if quantity is None else (Line(sku="cup", quantity=quantity),)
    return Return(sale_id=UUID(int=sale), lines=lines)


def test_units_that_are_kept_for_one_cannot_be_sold_to_another() -> None:
    decisions, changed = decide({"cup": level("cup", 5)}, [hold(4), order(("cup", 2)), order(("cup", 1))])

    assert [type(decision) for decision in decisions] == [Held, Refused, Sold]
    assert changed == {"cup": level("cup", 4, reserved=4)}


def test_a_reservation_is_refused_for_want_of_units_or_of_the_sku() -> None:
    decisions, changed = decide({"cup": level("cup", 5, reserved=3)}, [hold(3), hold(1, "unknown")])

    assert [(each.available, each.known) for each in decisions if isinstance(each, Refused)] == [
        (2, True), (0, False)
    ]  # fmt: skip
    assert changed == {}


def test_confirming_sells_what_was_kept_and_nothing_else() -> None:
    confirm = Confirm(reservation_id=KEPT.id, sale_id=UUID(int=8))

    decisions, changed = decide({"cup": level("cup", 5, reserved=3)}, [confirm], reservations=[KEPT])

    assert decisions == [Confirmed(reservation=KEPT, sale_id=UUID(int=8), remaining=2)]
    assert changed == {"cup": level("cup", 2)}


def test_what_is_given_up_may_be_sold_in_the_same_breath() -> None:
    requests: list[Request] = [Release(reservation_id=KEPT.id), order(("cup", 5))]

    decisions, _ = decide({"cup": level("cup", 5, reserved=3)}, requests, reservations=[KEPT])

    assert [type(decision) for decision in decisions] == [Released, Sold]


def test_a_reservation_ends_once() -> None:
    confirm = Confirm(reservation_id=KEPT.id, sale_id=UUID(int=8))
    requests: list[Request] = [Release(reservation_id=KEPT.id), confirm, Release(reservation_id=UUID(int=99))]

    decisions, _ = decide({"cup": level("cup", 5, reserved=3)}, requests, reservations=[KEPT])

    assert [type(decision) for decision in decisions] == [Released, Ended, Missing]
    assert isinstance(decisions[1], Ended)
    assert decisions[1].reservation.state == "released"


def test_what_has_run_out_is_for_sale_again() -> None:
    desk = Desk({"cup": level("cup", 5, reserved=3)})

    desk.expire([KEPT.line])

    assert isinstance(desk.decide(order(("cup", 5))), Sold)


def test_no_more_comes_back_than_was_sold() -> None:
    requests = [take_back(3), take_back(2), take_back(), take_back(), take_back(1, sale=1)]

    decisions, changed = decide({"cup": level("cup", 0)}, requests, sales=SOLD)

    assert [type(decision) for decision in decisions] == [Returned, Excess, Returned, Excess, Missing]
    assert changed == {"cup": level("cup", 4)}


def test_a_return_that_asks_too_much_of_one_line_takes_none_back() -> None:
    past = [*SOLD[UUID(int=9)], PastLine(place=1, line=Line(sku="hat", quantity=1), returned=0)]
    lines = (Line(sku="cup", quantity=4), Line(sku="hat", quantity=2))
    levels = {"cup": level("cup", 0), "hat": level("hat", 0)}

    asked = Return(sale_id=UUID(int=9), lines=lines)
    decisions, changed = decide(levels, [asked], sales={UUID(int=9): past})

    assert decisions == [Excess(sku="hat", returnable=1)]
    assert changed == {}


def test_what_arrives_is_added_to_known_products_alone() -> None:
    requests = [Restock(line=Line(sku=sku, quantity=6)) for sku in ("cup", "unknown")]

    decisions, changed = decide({"cup": level("cup", 1, reserved=1)}, requests)

    assert [type(decision) for decision in decisions] == [Restocked, Refused]
    assert changed == {"cup": level("cup", 7, reserved=1)}


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
