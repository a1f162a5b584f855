"""The desk where requests are decided, one after the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from leadboost.domain.stock.decisions import (
    Confirmed,
    Decision,
    Ended,
    Excess,
    Held,
    Missing,
    Recorded,
    Refused,
    Released,
    Restocked,
    Returned,
    ReturnedLine,
    Sold,
)
from leadboost.domain.stock.levels import Line, StockLevel
from leadboost.domain.stock.requests import (
    HELD,
    Confirm,
    Hold,
    Order,
    Outside,
    PastLine,
    Release,
    Request,
    Reservation,
    Restock,
    Return,
)


class Desk:
    """Decides requests in turn against ``levels``; each sees what those before it left.

    Quantities must be positive. Nothing granted ever takes what is available below zero, even where an
    order names a SKU twice; an order made elsewhere does, for it has happened. ``reservations`` and
    ``sales`` are those that requests may name.
    """

    def __init__(
        self,
        levels: Mapping[str, StockLevel],
        *,
        reservations: Iterable[Reservation] = (),
        sales: Mapping[UUID, Sequence[PastLine]] | None = None,
    ) -> None:
        self._levels = levels
        self._available = {sku: level.available for sku, level in levels.items()}
        self._reserved = {sku: level.reserved for sku, level in levels.items()}
        self._reservations = {each.id: each for each in reservations}
        self._sales = dict(sales or {})

    def expire(self, lines: Iterable[Line]) -> None:
        """Free what reservations kept that have run out."""
        for line in lines:
            self._free(line)

    def decide(self, request: Request) -> Decision:
        """Grant or refuse, all or nothing."""
        match request:
            case Order():
                return self._sell(request)
            case Hold():
                return self._hold(request)
            case Confirm():
                return self._confirm(request)
            case Release():
                return self._release(request)
            case Return():
                return self._take_back(request)
            case Restock():
                return self._restock(request.line)
            case Outside():
                return self._record(request)
            case _:
                assert_never(request)

    def changed(self) -> dict[str, StockLevel]:
        """The levels that are not what they were."""
        return {
            sku: replace(
                level, on_hand=self._available[sku] + self._reserved[sku], reserved=self._reserved[sku]
            )
            for sku, level in self._levels.items()
            if self._available[sku] != level.available or self._reserved[sku] != level.reserved
        }

    def _sell(self, order: Order) -> Sold | Refused:
        available = self._available
        remaining: list[int] = []
        for line in order.lines:
            left = available.get(line.sku, 0) - line.quantity
            if left < 0:
                for taken in order.lines[: len(remaining)]:
                    available[taken.sku] += taken.quantity
                return self._refused(line.sku)
            available[line.sku] = left
            remaining.append(left)
        return Sold(order=order, remaining=tuple(remaining))

    def _refused(self, sku: str) -> Refused:
        available = self._available
        return Refused(sku=sku, available=max(available.get(sku, 0), 0), known=sku in available)

    def _hold(self, hold: Hold) -> Held | Refused:
        sku, quantity = hold.line.sku, hold.line.quantity
        left = self._available.get(sku, 0) - quantity
        if left < 0:
            return self._refused(sku)
        self._available[sku] = left
        self._reserved[sku] += quantity
        return Held(hold=hold, remaining=left)

    def _confirm(self, confirm: Confirm) -> Confirmed | Ended | Missing:
        held = self._end(confirm.reservation_id, "confirmed")
        if not isinstance(held, Reservation):
            return held
        sku, quantity = held.line.sku, held.line.quantity
        self._reserved[sku] -= quantity
        return Confirmed(reservation=held, sale_id=confirm.sale_id, remaining=self._available[sku])

    def _release(self, release: Release) -> Released | Ended | Missing:
        held = self._end(release.reservation_id, "released")
        if not isinstance(held, Reservation):
            return held
        self._free(held.line)
        return Released(reservation=held, remaining=self._available[held.line.sku])

    def _end(self, id: UUID, state: str) -> Reservation | Ended | Missing:
        held = self._reservations.get(id)
        if held is None:
            return Missing(kind="reservation", id=id)
        if held.state != HELD:
            return Ended(reservation=held)
        self._reservations[id] = replace(held, state=state)
        return held

    def _free(self, line: Line) -> None:
        self._available[line.sku] += line.quantity
        self._reserved[line.sku] -= line.quantity

    def _take_back(self, asked: Return) -> Returned | Excess | Missing:
        past = self._sales.get(asked.sale_id)
        if past is None:
            return Missing(kind="sale", id=asked.sale_id)
        left = {each.line.sku: each.line.quantity - each.returned for each in past}
        wanted = {sku: quantity for sku, quantity in left.items() if quantity}
        if asked.lines is not None:
            wanted = {line.sku: line.quantity for line in asked.lines}
        for sku, quantity in wanted.items():
            if quantity > left.get(sku, 0):
                return Excess(sku=sku, returnable=left.get(sku, 0))
        if not wanted:
            return Excess(sku=None, returnable=0)
        self._sales[asked.sale_id] = [
            replace(each, returned=each.returned + wanted.get(each.line.sku, 0)) for each in past
        ]
        lines = [self._back(each, wanted[each.line.sku]) for each in past if each.line.sku in wanted]
        return Returned(sale_id=asked.sale_id, lines=tuple(lines))

    def _back(self, past: PastLine, quantity: int) -> ReturnedLine:
        line = Line(sku=past.line.sku, quantity=quantity)
        self._available[line.sku] += quantity
        return ReturnedLine(place=past.place, line=line, remaining=self._available[line.sku])

    def _record(self, outside: Outside) -> Recorded:
        if outside.sale_id in self._sales:
            return Recorded(outside=outside, remaining=(), again=True)
        for line in outside.lines:
            self._available[line.sku] -= line.quantity
        self._sales[outside.sale_id] = [
            PastLine(place=place, line=line, returned=0) for place, line in enumerate(outside.lines)
        ]
        remaining = tuple(self._available[line.sku] for line in outside.lines)
        return Recorded(outside=outside, remaining=remaining)

    def _restock(self, line: Line) -> Restocked | Refused:
        if line.sku not in self._available:
            return self._refused(line.sku)
        self._available[line.sku] += line.quantity
        return Restocked(line=line, remaining=self._available[line.sku])
