"""What PanicManager, the kill switch, can be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.halt import Halt, Latch, Scope
from leadboost.runtime.message import Lane, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class TripHalt(Message[Halt]):
    """Halt ``scope`` now. Where it is halted already, the same halt answers and is verified again.

    ``by`` is a person's subject or ``rule:NAME``. ``campaigns`` are those known to be covered; what
    the platform lists is added to an account's and to the global halt.
    """

    lane: ClassVar[Lane] = Lane.CONTROL
    scope: Scope
    reason: str
    by: str
    campaigns: tuple[Campaign, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyStatus:
    """What may leave the process now, and why not. ``gate_reasons`` is empty while the gate is open.

    ``halts`` are all open ones and the last few resumed, newest first.
    """

    state: Latch
    since: datetime | None
    reason: str | None
    gate_reasons: tuple[str, ...]
    halts: tuple[Halt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSafety(Message[SafetyStatus]):
    """Tell how things stand, from memory."""

    lane: ClassVar[Lane] = Lane.CONTROL


@dataclass(frozen=True, slots=True, kw_only=True)
class GetHalt(Message[Halt | None]):
    """One halt; None when there is none of that id."""

    lane: ClassVar[Lane] = Lane.CONTROL
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeApproved(Message[None]):
    """The answer to an approval: ``approvals`` of ``needed`` are there; ``resumed`` when that is enough."""

    approvals: int
    needed: int
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveResume(Message[ResumeApproved]):
    """Approve the end of a halt. Raises HaltError (no such halt, still at its floor, cooling off).

    Enough approvals release it: campaigns that it paused, and no other, are enabled again.
    """

    halt_id: UUID
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCampaigns(Message[Sequence[AdCampaign]]):
    """Campaigns as last read from every connected account."""
