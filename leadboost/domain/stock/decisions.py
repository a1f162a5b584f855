"""What was decided, and what it changes. ``remaining`` are the units available afterwards."""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from leadboost.domain.stock.levels import Line
from leadboost.domain.stock.requests import Hold, Order, Outside, Reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """An order granted; ``remaining`` line by line."""

    order: Order
    remaining: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Units kept for someone."""

    hold: Hold
    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A reservation sold under ``sale_id``."""

    reservation: Reservation
    sale_id: UUID
    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A reservation given up."""

    reservation: Reservation
    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedLine:
    """Units of the line at ``place`` of a sale that came back."""

    place: int
    line: Line
    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Units of a sale on hand again."""

    sale_id: UUID
    lines: tuple[ReturnedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restocked:
    """Units added."""

    line: Line
    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An order made elsewhere; ``remaining`` line by line, below zero by what was not there.

    ``again`` when it stood in the books before: then nothing changes.
    """

    outside: Outside
    remaining: tuple[int, ...]
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Refused for want of ``sku``: ``available`` units, or ``known`` False when it was never stocked."""

    sku: str
    available: int
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The reservation is no longer held."""

    reservation: Reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """Of ``sku``, or of all lines for None, only ``returnable`` units of that sale may still come back."""

    sku: str | None
    returnable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """There is no such ``kind`` (``reservation`` or ``sale``)."""

    kind: str
    id: UUID


Decision: TypeAlias = (
    Sold | Held | Confirmed | Released | Returned | Restocked | Recorded | Refused | Ended | Excess | Missing
)
