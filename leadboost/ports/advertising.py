"""Ports of advertising: what campaigns spent and earned, and what they advertise. Every call ends by its
own deadline."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from leadboost.domain.ad_results import AdDay
from leadboost.domain.campaign import AdCampaign
from leadboost.domain.linking import Link, Listed
from leadboost.messages.bookkeeper import CampaignAction, CampaignResult
from leadboost.messages.throttle import BudgetCut


class AdReports(Protocol):
    """What one ad account tells of the past. Every call raises AdPlatformError."""

    @property
    def name(self) -> str:
        """The platform's name here, for example ``meta_ads``."""
        ...

    @property
    def account_id(self) -> str:
        """The ad account."""
        ...

    async def read_results(self, first: date, last: date) -> Sequence[AdDay]:
        """What each campaign spent and earned on each of these days, in the account's time zone; at most
        30 days. Days without activity may be missing. It waits for other traffic."""
        ...


class AdBudgets(Protocol):
    """What lowers budgets on one ad account. Every call raises AdPlatformError."""

    @property
    def name(self) -> str:
        """The platform's name here, for example ``meta_ads``."""
        ...

    async def read_campaign(self, campaign_id: str) -> AdCampaign:
        """One campaign by a read of its own, never from the answer to a write."""
        ...

    async def lower_budget(self, campaign_id: str, micros: int) -> None:
        """Set the daily budget, an absolute amount, to at most ``micros``; returning means accepted, not
        verified. What would raise it, or has no daily budget of its own, is refused; so it passes no gate."""
        ...


class CutStore(Protocol):
    """``actions`` that lowered a budget."""

    async def note_cut(self, cut: BudgetCut) -> None:
        """Note what became of a lowered budget among the actions, and journal it; once for each firing."""
        ...


class CampaignStore(Protocol):
    """``outcomes``, ``actions`` and ``product_campaigns``, by campaign."""

    async def last_day(self) -> date | None:
        """The newest day that an outcome tells of; None while there is none."""
        ...

    async def results(self, since: date, *, currency: str) -> Sequence[CampaignResult]:
        """What each campaign that an outcome names spent and earned since then."""
        ...

    async def actions(self, limit: int) -> Sequence[CampaignAction]:
        """The last actions, newest first."""
        ...

    async def links(self) -> Sequence[Link]:
        """Which campaign advertises which product."""
        ...

    async def refused_links(self) -> Sequence[Link]:
        """Which proposals were refused."""
        ...

    async def products(self, limit: int) -> Sequence[Listed]:
        """Products with their titles, in SKU order."""
        ...

    async def decide_link(self, link: Link, *, accepted: bool, by: str, at: datetime) -> None:
        """Link, or remember that it was refused, with the audit trail. Raises InputError for a SKU that is
        not known."""
        ...
