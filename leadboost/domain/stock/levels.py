"""How much of a product there is, and what a change of it means."""

from collections.abc import Mapping
from dataclasses import dataclass


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
        """Units that may still be sold; below zero where orders made elsewhere took more than there was."""
        return self.on_hand - self.reserved


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
