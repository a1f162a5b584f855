"""Replies on safety, halts and campaigns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from leadboost.domain.halt import HaltState, ItemStatus, Latch


@dataclass(frozen=True, slots=True)
class HaltTripped:
    """The halt is recorded and the gate is closed; its campaigns are being paused."""

    id: UUID
    state: HaltState
    trace_id: str


@dataclass(frozen=True, slots=True)
class HaltItemReply:
    """One campaign of a halt; only ``confirmed`` was read back, twice."""

    platform: str
    campaign_id: str
    name: str | None
    status: ItemStatus
    attempts: int
    confirmed_at: datetime | None
    daily_budget: float | None
    currency: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class HaltReply:
    """A halt; ``approvals`` of ``needed`` are there to resume it."""

    id: UUID
    state: HaltState
    reason: str
    scope: str
    tripped_by: str
    tripped_at: datetime
    approvals: int
    needed: int
    items: Sequence[HaltItemReply]


@dataclass(frozen=True, slots=True)
class GateReply:
    """Whether anything that raises spend may leave, and if not, why."""

    open: bool
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class SafetyReply:
    """``halts`` are the open ones; ``details`` describe these and the last few resumed, newest first.
    Within the scopes of ``reducing`` spend may only be lowered."""

    state: Latch
    gate: GateReply
    since: datetime | None
    reason: str | None
    reducing: Sequence[str]
    halts: Sequence[UUID]
    details: Sequence[HaltReply]


@dataclass(frozen=True, slots=True)
class ResumeReply:
    """``approvals`` of ``needed`` are there."""

    approvals: int
    needed: int
    resumed: bool
    trace_id: str


@dataclass(frozen=True, slots=True)
class CampaignReply:
    """A campaign as its platform told it: ``status`` was set, ``effective_status`` runs."""

    platform: str
    account_id: str
    campaign_id: str
    name: str
    status: str
    effective_status: str
    daily_budget: float | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class AdAccountReply:
    """A connected ad account: when its campaigns were last listed, and why they cannot be now."""

    platform: str
    account_id: str
    read_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class CampaignsReply:
    """Campaigns of every connected account; ``read_at`` is null until each was read."""

    items: Sequence[CampaignReply]
    read_at: datetime | None
    accounts: Sequence[AdAccountReply]
