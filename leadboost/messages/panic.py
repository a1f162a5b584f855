"""What PanicManager, the kill switch, can be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.halt import Halt, Latch, Scope, halt_view
from leadboost.domain.money import MICROS_PER_UNIT
from leadboost.runtime.message import Lane, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class TripHalt(Message[Halt]):
    """Halt ``scope`` now. Where it is halted already, the same halt answers.

    ``by`` is a person's subject, which has every campaign verified again and voids approvals given so
    far, or ``rule:NAME`` with its ``evidence`` (JSON values, journalled as ``safety.breached``).
    ``campaigns`` are those known to be covered; what the platform lists is added where a whole account is.
    """

    lane: ClassVar[Lane] = Lane.CONTROL
    scope: Scope
    reason: str
    by: str
    campaigns: tuple[Campaign, ...] = ()
    evidence: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyStatus:
    """What may leave the process now, and why not. ``gate_reasons`` is empty while the gate is open.

    ``halts`` are all open ones and the last few resumed, newest first; ``needed`` approvals resume one.
    Within the scopes of ``reducing`` spend may only be lowered; ``state`` is of everything.
    """

    state: Latch
    since: datetime | None
    reason: str | None
    gate_reasons: tuple[str, ...]
    halts: tuple[Halt, ...]
    needed: int
    reducing: tuple[Scope, ...] = ()

    def view(self) -> dict[str, object]:
        """As viewers see it: JSON values."""
        return {
            "state": str(self.state),
            "gate": {"open": not self.gate_reasons, "reasons": list(self.gate_reasons)},
            "since": self.since.isoformat() if self.since else None,
            "reason": self.reason,
            "reducing": [str(scope) for scope in self.reducing],
            "halts": [str(halt.id) for halt in self.halts if halt.is_open],
            "details": [halt_view(halt, self.needed) for halt in self.halts],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSafety(Message[SafetyStatus]):
    """Tell how things stand, from memory. Not on the control lane: readers may be many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetHalt(Message[Halt | None]):
    """One halt; None when there is none of that id."""

    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteApproval(Message[None]):
    """These persons have approved the end of a halt, of ``needed`` in all; it holds on."""

    lane: ClassVar[Lane] = Lane.CONTROL
    halt_id: UUID
    approvals: tuple[str, ...]
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndHalt(Message[None]):
    """Let go of a halt that the store has as resumed, unless it was asked for again since ``last_stop``."""

    lane: ClassVar[Lane] = Lane.CONTROL
    halt_id: UUID
    last_stop: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRead:
    """One ad account: when it was last listed, and why it cannot be now; None: it can."""

    platform: str
    account_id: str
    read_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HearHalt(Message[None]):
    """Another host has halted. What is known of that halt already stays as it is: news may be forged, and
    can stop more, never less."""

    lane: ClassVar[Lane] = Lane.CONTROL
    halt: Halt


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAgain(Message[None]):
    """The halts in the database changed; another host may have done that."""

    lane: ClassVar[Lane] = Lane.CONTROL


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignsRead:
    """Campaigns as last read; ``read_at`` is the oldest of these reads, None before the first."""

    campaigns: Sequence[AdCampaign]
    read_at: datetime | None
    accounts: Sequence[AccountRead] = ()

    def view(self) -> dict[str, object]:
        """As viewers see it: JSON values."""
        return {
            "items": [_campaign_view(each) for each in self.campaigns],
            "read_at": self.read_at.isoformat() if self.read_at else None,
            "accounts": [_account_view(each) for each in self.accounts],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCampaigns(Message[CampaignsRead]):
    """Campaigns as last read from every connected account."""


def _account_view(each: AccountRead) -> dict[str, object]:
    return {
        "platform": each.platform,
        "account_id": each.account_id,
        "read_at": each.read_at.isoformat() if each.read_at else None,
        "error": each.error,
    }


def _campaign_view(each: AdCampaign) -> dict[str, object]:
    budget = each.daily_budget_micros
    return {
        "platform": each.campaign.platform,
        "account_id": each.account_id,
        "campaign_id": each.campaign.campaign_id,
        "name": each.name,
        "status": each.status,
        "effective_status": each.effective_status,
        "daily_budget": None if budget is None else budget / MICROS_PER_UNIT,
        "currency": each.currency,
    }
