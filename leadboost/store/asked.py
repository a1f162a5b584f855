"""What was asked of stock, in the words of the domain, and the SKUs that it touches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from leadboost.domain.stock import Confirm, Hold, Line, Order, Outside, Release, Request, Restock, Return
from leadboost.errors import StoreDataError
from leadboost.messages.enterprise import (
    ConfirmReservation,
    RecordSale,
    ReleaseReservation,
    ReserveStock,
    RestockStock,
    ReturnSale,
    SellStock,
    StockChange,
)
from leadboost.ports import StockRequest

_QUANTITY_END = 2**63

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with the SKUs whose stock rows it needs; none where what it names does not exist."""

    request: StockRequest
    skus: frozenset[str]

    @property
    def key(self) -> Key:
        """Under what its answer is kept."""
        return self.request.command.principal, self.request.command.key


def named_id(command: StockChange) -> UUID | None:
    """The reservation or sale of earlier that the command names instead of SKUs."""
    match command:
        case ConfirmReservation() | ReleaseReservation():
            return command.reservation_id
        case ReturnSale():
            return command.sale_id
        case _:
            return None


def earlier_ids(commands: Iterable[StockChange]) -> Sequence[UUID]:
    """Reservations and sales that may stand in the tables already."""
    return [
        id
        for command in commands
        if (id := command.sale_id if isinstance(command, RecordSale) else named_id(command)) is not None
    ]


def skus_of(command: StockChange, named: Mapping[UUID, frozenset[str]]) -> frozenset[str]:
    """The SKUs that a command touches; ``named`` are those of earlier reservations and sales."""
    id = named_id(command)
    return frozenset(line.sku for line in _lines(command)) if id is None else named.get(id, frozenset())


def in_domain_words(request: StockRequest, now: datetime) -> Request:
    """Translate; what it creates gets the request's id."""
    match command := request.command:
        case SellStock():
            return Order(sale_id=request.id, lines=command.lines)
        case ReserveStock():
            expires_at = now + timedelta(seconds=command.ttl_s)
            return Hold(reservation_id=request.id, line=command.line, expires_at=expires_at)
        case ConfirmReservation():
            return Confirm(reservation_id=command.reservation_id, sale_id=request.id)
        case ReleaseReservation():
            return Release(reservation_id=command.reservation_id)
        case ReturnSale():
            return Return(sale_id=command.sale_id, lines=command.lines)
        case RestockStock():
            return Restock(line=command.line)
        case RecordSale():
            return Outside(sale_id=command.sale_id, lines=tuple(_lines(command)))
        case _:
            assert_never(command)


def fault_of(command: StockChange) -> StoreDataError | None:
    """Find what would upset the decision itself; other bad values are for the database to refuse."""
    if not (type(command.principal) is type(command.key) is str and type(command.request_hash) is bytes):
        return StoreDataError("principal and key must be text, request_hash bytes")
    if isinstance(command, SellStock) and not command.lines:
        return StoreDataError("lines: an order needs at least one")
    return next((fault for fault in map(_line_fault, _lines(command)) if fault is not None), None)


def _lines(command: StockChange) -> Sequence[Line]:
    match command:
        case SellStock():
            return command.lines
        case RecordSale():
            return [Line(sku=line.sku, quantity=line.quantity) for line in command.lines]
        case ReserveStock() | RestockStock():
            return (command.line,)
        case ReturnSale():
            return command.lines or ()
        case _:
            return ()


def _line_fault(line: Line) -> StoreDataError | None:
    if type(line.sku) is str and type(line.quantity) is int and 0 < line.quantity < _QUANTITY_END:
        return None
    return StoreDataError(f"quantity of {line.sku!r} must be a whole number from 1 to {_QUANTITY_END - 1}")
