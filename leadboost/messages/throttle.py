"""What Throttle, who lowers budgets, can be told."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from leadboost.domain.campaign import Campaign
from leadboost.runtime.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerBudgets(Message[None]):
    """A rule fired: the daily budgets of ``campaigns`` are to fall by ``share`` (above 0, below 1)."""

    firing_id: UUID
    rule: str
    campaigns: tuple[Campaign, ...]
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetCut:
    """What became of one campaign's budget, in micros of ``currency``: ``after`` was read back where
    ``error`` is None."""

    id: UUID
    firing_id: UUID
    rule: str
    campaign: Campaign
    before_micros: int | None
    after_micros: int | None
    currency: str | None
    error: str | None
    began_at: datetime
    at: datetime
