"""Stock and sales: what may be sold, decided in arrival order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an order: whole units of one SKU."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLevel:
    """Units on hand and reserved, and the floor at or below which ads must stop."""

    sku: str
    on_hand: int
    reserved: int
    floor: int

    @property
    def available(self) -> int:
        """Units that may still be sold."""
        return self.on_hand - self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A sale asked for; ``lines`` name each SKU at most once."""

    sale_id: UUID
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """An order granted; ``remaining`` are the units available afterwards, line by line."""

    order: Order
    remaining: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An order refused for want of ``sku``: ``available`` units, or ``known`` False when never stocked."""

    order: Order
    sku: str
    available: int
    known: bool


def decide_orders(
    levels: Mapping[str, StockLevel], orders: Sequence[Order]
) -> tuple[list[Sold | Refused], dict[str, StockLevel]]:
    """Grant or refuse each order in turn, all its lines or none.

    Returns the decisions in the order given, and the levels that changed. Quantities must be
    positive; nothing granted ever takes ``available`` below zero, even where a SKU is named twice.
    """
    available = {sku: level.available for sku, level in levels.items()}
    decisions = [_decide(available, order) for order in orders]
    changed = {
        sku: _with_available(level, available[sku])
        for sku, level in levels.items()
        if available[sku] != level.available
    }
    return decisions, changed


def _decide(available: dict[str, int], order: Order) -> Sold | Refused:
    remaining: list[int] = []
    for line in order.lines:
        left = available.get(line.sku, 0) - line.quantity
        if left < 0:
            for taken in order.lines[: len(remaining)]:
                available[taken.sku] += taken.quantity
            return Refused(
                order=order,
                sku=line.sku,
                available=max(available.get(line.sku, 0), 0),
                known=line.sku in available,
            )
        available[line.sku] = left
        remaining.append(left)
    return Sold(order=order, remaining=tuple(remaining))


def _with_available(level: StockLevel, available: int) -> StockLevel:
    return StockLevel(
        sku=level.sku, on_hand=level.reserved + available, reserved=level.reserved, floor=level.floor
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StockAlert:
    """A level that crossed its floor (``stock.low``) or reached zero (``stock.out``)."""

    kind: str
    sku: str
    on_hand: int
    available: int
    floor: int


def stock_alerts(before: Mapping[str, StockLevel], changed: Mapping[str, StockLevel]) -> list[StockAlert]:
    """List what the change means: ``stock.low`` on reaching the floor, ``stock.out`` on reaching zero.

    Each is reported once per crossing. A SKU whose floor is zero goes straight to ``stock.out``.
    """
    return [
        StockAlert(kind=kind, sku=sku, on_hand=level.on_hand, available=level.available, floor=level.floor)
        for sku, level in sorted(changed.items())
        for kind in _reached(level)
        if sku not in before or kind not in _reached(before[sku])
    ]


def _reached(level: StockLevel) -> list[str]:
    kinds = []
    if level.floor > 0 and level.available <= level.floor:
        kinds.append("stock.low")
    if level.available <= 0:
        kinds.append("stock.out")
    return kinds
