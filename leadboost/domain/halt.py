"""Halts: what they cover, how far their campaigns are, and whether spending may go on.

Architecture, section 3 (Gate); reliability guide, section 6.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from leadboost.domain.campaign import Campaign
from leadboost.domain.money import MICROS_PER_UNIT
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
    """A stop: who pulled it, why, and every campaign that it pauses.

    ``stopped_at`` is when a person asked for it last; ``approvals`` are those given since, by subject.
    """

    id: UUID
    scope: Scope
    reason: str
    tripped_by: str
    tripped_at: datetime
    state: HaltState = HaltState.PAUSING
    items: tuple[HaltItem, ...] = ()
    approvals: tuple[str, ...] = ()
    stopped_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still holds."""
        return self.state is not HaltState.RESUMED

    def item(self, campaign: Campaign) -> HaltItem | None:
        """The item of a campaign, if it has one."""
        return next((item for item in self.items if item.campaign == campaign), None)

    def with_item(self, item: HaltItem) -> "Halt":
        """A copy with this item in the place of its campaign's, or added at the end."""
        return self.with_items([item])

    def with_items(self, items: Iterable[HaltItem]) -> "Halt":
        """A copy with these items in the places of their campaigns', or added at the end."""
        by_campaign = {each.campaign: each for each in self.items}
        by_campaign |= {each.campaign: each for each in items}
        return replace(self, items=tuple(by_campaign.values()))

    @property
    def last_stop(self) -> datetime:
        """When it was asked for last."""
        return self.stopped_at or self.tripped_at

    def covers_account(self, platform: str, account_id: str) -> bool:
        """Whether it covers all that the account runs, so that the platform must be asked what that is."""
        if self.scope.kind != "account":
            return self.scope.is_global
        named, their_id = self.scope.parts
        return named == platform and their_id.removeprefix("act_") == account_id.removeprefix("act_")


def state_of(items: Sequence[HaltItem]) -> HaltState:
    """The state of an open halt: confirmed only when every item is."""
    statuses = {item.status for item in items}
    if ItemStatus.UNCONFIRMED in statuses:
        return HaltState.UNCONFIRMED
    return HaltState.CONFIRMED if statuses <= {ItemStatus.CONFIRMED} else HaltState.PAUSING


def latch_of(halts: Iterable[Halt]) -> Latch:
    """HALTED while a global halt holds; narrower halts leave the latch ACTIVE."""
    return Latch.HALTED if any(halt.is_open and halt.scope.is_global for halt in halts) else Latch.ACTIVE


def widened(halt: Halt, accounts: Mapping[str, str]) -> Halt:
    """The halt without its list of campaigns, and wide enough to cover them all the same.

    ``accounts`` maps platforms to our accounts there: campaigns of one of them become that account,
    others everything.
    """
    platforms = {item.campaign.platform for item in halt.items}
    account = accounts.get(next(iter(platforms))) if len(platforms) == 1 else None
    scope = Scope("account", (*platforms, account)) if account else Scope(GLOBAL)
    return replace(halt, scope=halt.scope if halt.scope.is_global else scope, items=())


def informed(halt: Halt, stored: Halt) -> Halt:
    """An open halt with what only its stored copy knows: names, budgets, further campaigns.

    Its scope too: the local log may have had to widen it. Approvals count that are younger than the
    last stop.
    """
    known = {item.campaign: item for item in halt.items}
    items = [_informed_item(known.get(item.campaign), item) for item in stored.items]
    approvals = stored.approvals if stored.last_stop >= halt.last_stop else ()
    return replace(halt.with_items(items), scope=stored.scope, approvals=approvals)


def _informed_item(known: HaltItem | None, stored: HaltItem) -> HaltItem:
    if known is None:
        return replace(stored, status=ItemStatus.REQUESTED, confirmed_at=None)
    return replace(
        known,
        name=known.name or stored.name,
        was_active=stored.was_active if known.was_active is None else known.was_active,
        daily_budget_micros=known.daily_budget_micros or stored.daily_budget_micros,
        currency=known.currency or stored.currency,
    )


def halt_view(halt: Halt, needed: int) -> dict[str, object]:
    """The halt as viewers see it: JSON values; ``needed`` approvals resume it."""
    return {
        "id": str(halt.id),
        "state": str(halt.state),
        "reason": halt.reason,
        "scope": str(halt.scope),
        "tripped_by": halt.tripped_by,
        "tripped_at": halt.tripped_at.isoformat(),
        "approvals": len(halt.approvals),
        "needed": needed,
        "items": [_item_view(item) for item in halt.items],
    }


def _item_view(item: HaltItem) -> dict[str, object]:
    budget = item.daily_budget_micros
    return {
        "platform": item.campaign.platform,
        "campaign_id": item.campaign.campaign_id,
        "name": item.name,
        "status": str(item.status),
        "attempts": item.attempts,
        "confirmed_at": item.confirmed_at.isoformat() if item.confirmed_at else None,
        "daily_budget": None if budget is None else budget / MICROS_PER_UNIT,
        "currency": item.currency,
        "error": item.error,
    }
