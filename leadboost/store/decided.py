"""The desk as the tables have it, and what was decided there as rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from leadboost.domain.stock import (
    Confirmed,
    Decision,
    Desk,
    Held,
    Line,
    Recorded,
    Released,
    Reservation,
    Restocked,
    Returned,
    Sold,
    StockLevel,
)
from leadboost.messages.enterprise import RecordSale, RestockStock, ReturnSale, StockChange
from leadboost.ports import StockRequest
from leadboost.store.asked import Asked, earlier_ids
from leadboost.store.database import Session
from leadboost.store.ledger import Move, read_sold
from leadboost.store.queries import load_queries

_queries = load_queries("reservations")

Decided: TypeAlias = tuple[StockRequest, Decision]


async def open_desk(
    session: Session, levels: Mapping[str, StockLevel], asked: Sequence[Asked], now: datetime
) -> Desk:
    """Lay out what is needed to decide; the caller holds the stock rows of ``levels``.

    What has run out is freed first, so that nobody is refused for units that nobody keeps.
    """
    expired = await expire_reservations(session, levels, now)
    ids = earlier_ids(each.request.command for each in asked)
    rows = await session.fetch(_queries.find_reservations, ids) if ids else ()
    desk = Desk(
        levels,
        reservations=[
            Reservation(id=id, line=Line(sku=sku, quantity=quantity), state=state)
            for id, sku, quantity, state in rows
        ],
        sales=await read_sold(session, ids),
    )
    desk.expire(expired)
    return desk


async def expire_reservations(
    session: Session, levels: Mapping[str, StockLevel], now: datetime
) -> Sequence[Line]:
    """End what has run out of these SKUs, whose stock rows the caller holds; returns what is free again."""
    kept = [sku for sku, level in levels.items() if level.reserved]
    rows = await session.fetch(_queries.expire_reservations, now, kept) if kept else ()
    return [Line(sku=sku, quantity=quantity) for sku, quantity in rows]


def is_sale(decision: Decision) -> bool:
    """Whether an order was newly granted or recorded."""
    return isinstance(decision, Sold | Confirmed) or (isinstance(decision, Recorded) and not decision.again)


def sold_lines(decided: Sequence[Decided]) -> Sequence[tuple[object, ...]]:
    """Rows of id, line, SKU, quantity, remaining, principal, key and trace."""
    rows: list[tuple[object, ...]] = []
    for request, decision in decided:
        command = request.command
        origin = (command.principal, command.key, command.trace)
        match decision:
            case Sold(order=order, remaining=remaining):
                for place, (line, left) in enumerate(zip(order.lines, remaining, strict=True)):
                    rows.append((order.sale_id, place, line.sku, line.quantity, left, *origin))
            case Confirmed(reservation=held, sale_id=sale_id, remaining=left):
                rows.append((sale_id, 0, held.line.sku, held.line.quantity, left, *origin))
    return rows


def moves_of(decided: Sequence[Decided]) -> Sequence[Move]:
    """Rows for the ledger, other than sales."""
    moves: list[Move] = []
    for request, decision in decided:
        command = request.command
        if isinstance(decision, Returned) and isinstance(command, ReturnSale):
            moves += [
                Move(
                    sku=each.line.sku,
                    kind="return",
                    quantity=each.line.quantity,
                    remaining=each.remaining,
                    by=command.principal,
                    reason=command.reason,
                    trace=command.trace,
                    sale_id=decision.sale_id,
                    place=each.place,
                )
                for each in decision.lines
            ]
        elif isinstance(decision, Restocked) and isinstance(command, RestockStock):
            moves.append(
                Move(
                    sku=decision.line.sku,
                    kind="restock",
                    quantity=decision.line.quantity,
                    remaining=decision.remaining,
                    by=command.principal,
                    reason=command.reason,
                    trace=command.trace,
                    unit_cost_micros=command.unit_cost_micros,
                )
            )
    return moves


async def write_reservations(session: Session, decided: Sequence[Decided], now: datetime) -> None:
    """Write those that begin, and end those that end."""
    begun: list[tuple[object, ...]] = []
    ended: list[tuple[object, ...]] = []
    for request, decision in decided:
        command = request.command
        match decision:
            case Held(hold=hold):
                what = (hold.reservation_id, hold.line.sku, hold.line.quantity)
                begun.append((*what, command.principal, command.trace, hold.expires_at))
            case Confirmed(reservation=held, sale_id=sale_id):
                ended.append((held.id, "confirmed", command.principal, command.trace, sale_id))
            case Released(reservation=held):
                ended.append((held.id, "released", command.principal, command.trace, None))
    if begun:
        await session.execute(_queries.add_reservations, now, *zip(*begun, strict=True))
    if ended:
        await session.execute(_queries.end_reservations, now, *zip(*ended, strict=True))


def level_columns(levels: Mapping[str, StockLevel]) -> Sequence[Sequence[object]]:
    """Columns of SKU, on hand and reserved."""
    return [
        list(levels),
        [level.on_hand for level in levels.values()],
        [level.reserved for level in levels.values()],
    ]


def outside_of(commands: Iterable[StockChange]) -> Sequence[str]:
    """SKUs of orders made elsewhere, which may be unknown here."""
    return sorted({line.sku for each in commands if isinstance(each, RecordSale) for line in each.lines})


def outside_lines(decided: Sequence[Decided]) -> Sequence[tuple[object, ...]]:
    """Rows of id, line, SKU, quantity, remaining, shop, key, trace, unit price and currency."""
    rows: list[tuple[object, ...]] = []
    for request, decision in decided:
        command = request.command
        if isinstance(decision, Recorded) and isinstance(command, RecordSale) and not decision.again:
            origin = (command.principal, command.key, command.trace)
            for place, (line, left) in enumerate(zip(command.lines, decision.remaining, strict=True)):
                money = (line.unit_price_micros, command.currency)
                rows.append((command.sale_id, place, line.sku, line.quantity, left, *origin, *money))
    return rows


def shortfalls(decided: Sequence[Decided]) -> Sequence[dict[str, object]]:
    """What was sold elsewhere and was not there, as the event tells it."""
    return [
        {
            "sku": line.sku,
            "channel": request.command.principal,
            "order": request.command.key,
            "shortfall": min(line.quantity, -left),
            "available": left,
        }
        for request, decision in decided
        if isinstance(decision, Recorded)
        for line, left in zip(decision.outside.lines, decision.remaining, strict=False)
        if left < 0
    ]
