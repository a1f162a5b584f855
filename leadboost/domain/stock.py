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
    """An order refused because ``sku`` has only ``available`` units; ``known`` is False for a SKU never stocked."""

    order: Order
    sku: str
    available: int
    known: bool


def decide_orders(
    levels: Mapping[str, StockLevel], orders: Sequence[Order]
) -> tuple[list[Sold | Refused], dict[str, StockLevel]]:
    """Grant or refuse each order in turn, all its lines or none.

    Returns the decisions in the order given, and the levels that changed. Nothing granted ever
    takes ``available`` below zero.
    """
    current = dict(levels)
    decisions: list[Sold | Refused] = []
    for order in orders:
        short = _first_short_line(current, order)
        if short is not None:
            level = current.get(short.sku)
            decisions.append(
                Refused(
                    order=order,
                    sku=short.sku,
                    available=max(level.available, 0) if level else 0,
                    known=level is not None,
                )
            )
            continue
        for line in order.lines:
            level = current[line.sku]
            current[line.sku] = StockLevel(
                sku=level.sku,
                on_hand=level.on_hand - line.quantity,
                reserved=level.reserved,
                floor=level.floor,
            )
        decisions.append(
            Sold(order=order, remaining=tuple(current[line.sku].available for line in order.lines))
        )
    changed = {sku: level for sku, level in current.items() if level != levels[sku]}
    return decisions, changed


def _first_short_line(levels: Mapping[str, StockLevel], order: Order) -> Line | None:
    for line in order.lines:
        level = levels.get(line.sku)
        if level is None or level.available < line.quantity:
            return line
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockAlert:
    """A level that crossed its floor (``stock.low``) or reached zero (``stock.out``)."""

    kind: str
    sku: str
    on_hand: int
    available: int
    floor: int


def stock_alerts(
    before: Mapping[str, StockLevel], changed: Mapping[str, StockLevel]
) -> list[StockAlert]:
    """List what the change means: ``stock.low`` on reaching the floor, ``stock.out`` on reaching zero.

    Each is reported once per crossing. A SKU whose floor is zero goes straight to ``stock.out``.
    """
    alerts: list[StockAlert] = []
    for sku in sorted(changed):
        level, previous = changed[sku], before.get(sku)
        for kind, bound in (("stock.low", level.floor), ("stock.out", 0)):
            was_above = previous is None or previous.available > bound
            if kind == "stock.low" and bound <= 0:
                continue
            if level.available <= bound and was_above:
                alerts.append(
                    StockAlert(
                        kind=kind,
                        sku=sku,
                        on_hand=level.on_hand,
                        available=level.available,
                        floor=level.floor,
                    )
                )
    return alerts
