"""Halts: what they cover, how far their campaigns are, and whether spending may go on.

Architecture, section 3 (Gate); reliability guide, section 6.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from leadboost.domain.campaign import Campaign
from leadboost.errors import InputError

GLOBAL = "global"
_KINDS = {"account": 2, "campaign": 2, "sku": 1}
MAX_SCOPE_CHARS = 400


class Latch(StrEnum):
    """What may leave the process: anything the gate lets pass, or only what lowers spend."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class ItemStatus(StrEnum):
    """How far one campaign's pause is. Only ``confirmed`` was read back, twice."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"


class HaltState(StrEnum):
    """How far a halt is as a whole; ``unconfirmed``: a person must look, and we go on trying."""

    PAUSING = "pausing"
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a halt covers; ``parse`` reads it from its text form, ``str`` writes it.

    ``global``, ``account:PLATFORM:ID``, ``campaign:PLATFORM:ID`` or ``sku:SKU``.
    """

    kind: str
    parts: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """Read the text form. Raises InputError naming ``scope``."""
        kind, _, rest = text.partition(":")
        count = _KINDS.get(kind)
        parts = tuple(rest.split(":", count - 1)) if count else ()
        sound = text == GLOBAL or (len(parts) == count and all(parts) and text.isprintable())
        if not sound or len(text) > MAX_SCOPE_CHARS:
            raise InputError(
                "scope",
                "write global, account:PLATFORM:ID, campaign:PLATFORM:ID or sku:SKU, for example "
                "campaign:meta_ads:120210000000000001",
            )
        return cls(kind, parts)

    def __str__(self) -> str:
        return ":".join((self.kind, *self.parts))

    @property
    def is_global(self) -> bool:
        """Whether it latches everything."""
        return self.kind == GLOBAL


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltItem:
    """One campaign of a halt.

    ``was_active`` is what the platform said before our first pause: only such a campaign is enabled
    again on resume; None while it was never read. ``daily_budget_micros`` of ``currency``, None where
    the platform names none.
    """

    campaign: Campaign
    status: ItemStatus = ItemStatus.REQUESTED
    attempts: int = 0
    name: str | None = None
    was_active: bool | None = None
    daily_budget_micros: int | None = None
    currency: str | None = None
    error: str | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """A stop: who pulled it, why, and every campaign that it pauses."""

    id: UUID
    scope: Scope
    reason: str
    tripped_by: str
    tripped_at: datetime
    state: HaltState = HaltState.PAUSING
    items: tuple[HaltItem, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it still holds."""
        return self.state is not HaltState.RESUMED


def state_of(items: Sequence[HaltItem]) -> HaltState:
    """The state of an open halt: confirmed only when every item is."""
    statuses = {item.status for item in items}
    if ItemStatus.UNCONFIRMED in statuses:
        return HaltState.UNCONFIRMED
    return HaltState.CONFIRMED if statuses <= {ItemStatus.CONFIRMED} else HaltState.PAUSING


def latch_of(halts: Iterable[Halt]) -> Latch:
    """HALTED while a global halt holds; narrower halts leave the latch ACTIVE."""
    return Latch.HALTED if any(halt.is_open and halt.scope.is_global for halt in halts) else Latch.ACTIVE
