"""Campaigns on ad platforms."""

from dataclasses import dataclass
from typing import Final

_STOPPED: Final = ("PAUSED", "ARCHIVED", "DELETED")
_AT_REST: Final = (*_STOPPED, "WITH_ISSUES")


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign by its platform's name here (``meta_ads``) and its id there."""

    platform: str
    campaign_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdAccount:
    """The ad account as it calls itself; ``currency`` is None when it names none in use."""

    id: str
    name: str
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdCampaign:
    """A campaign as its platform tells it. ``status`` is what was set, ``effective_status`` what runs;
    both in upper case, and ACTIVE, PAUSED, ARCHIVED and DELETED whatever the platform calls those.
    ``account_id`` is its ad account; money in micros of ``currency``, None where the platform names none."""

    campaign: Campaign
    account_id: str
    name: str
    status: str
    effective_status: str
    daily_budget_micros: int | None = None
    currency: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether it is meant to run: set to ACTIVE, whatever hinders it now."""
        return self.status == "ACTIVE"

    @property
    def is_paused(self) -> bool:
        """Whether both say that nothing runs. Archived ones cannot; an unknown word proves nothing."""
        return self.status in _STOPPED and self.effective_status in _AT_REST
