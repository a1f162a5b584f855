"""What rules look at: one snapshot, taken together. Money in micros of the base currency, times in UTC."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.halt import Scope
from leadboost.domain.stock import Pace, runway_days


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFact:
    """A product with linked campaigns: units that may still be sold, how fast it sells, None where nobody
    knows, and how many units were sold and came back in the last 7 days."""

    sku: str
    available: int
    floor: int
    campaigns: tuple[Campaign, ...]
    sold: int = 0
    pace: Pace | None = None
    returned: int = 0

    @property
    def runway_days(self) -> float | None:
        """How long the stock above the floor lasts; None where nothing sells."""
        return runway_days(self.available - self.floor, self.pace)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFact:
    """What one campaign spent and earned on one day by our ledger of outcomes; ``campaign`` is None where
    the outcome does not name it."""

    day: date
    spend_micros: int
    revenue_micros: int
    campaign: Campaign | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendFact:
    """What the platform itself said at ``at`` that a campaign had spent on ``day`` so far."""

    campaign: Campaign
    day: date
    spend_micros: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFact:
    """A source and when it was last read without an error; None: never."""

    name: str
    read_at: datetime | None
    muted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFact:
    """Whether the forecasting errors have grown: none, suspected or drifted, after ``rows`` scored rows."""

    drift: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """``unverified`` are campaigns whose last change nobody could confirm, ``pending`` those with a change
    under way, ``held`` the scopes of open halts."""

    at: datetime
    currency: str
    stock: Sequence[StockFact] = ()
    campaigns: Sequence[AdCampaign] = ()
    ledger: Sequence[DayFact] = ()
    readings: Sequence[SpendFact] = ()
    sources: Sequence[SourceFact] = ()
    unverified: Sequence[Campaign] = ()
    pending: frozenset[Campaign] = frozenset()
    held: frozenset[Scope] = frozenset()
    model: ModelFact | None = None

    def covers(self, scope: Scope) -> Callable[[Campaign | None], bool]:
        """A test whether a campaign lies within ``scope``; one that nobody named lies in everything alone."""
        match scope.kind:
            case "account":
                platform, account = scope.parts
                ours = {
                    each.campaign
                    for each in self.campaigns
                    if each.campaign.platform == platform and _same(each.account_id, account)
                }
                return lambda campaign: campaign in ours
            case "campaign":
                named = Campaign(platform=scope.parts[0], campaign_id=scope.parts[1])
                return lambda campaign: campaign == named
            case "sku":
                linked = {
                    campaign
                    for each in self.stock
                    if each.sku == scope.parts[0]
                    for campaign in each.campaigns
                }
                return lambda campaign: campaign in linked
            case _:
                return lambda _: True

    def within(self, scope: Scope) -> tuple[Campaign, ...]:
        """Every campaign that is known to lie within ``scope``, in order."""
        covers = self.covers(scope)
        return tuple(sorted((each for each in self._known() if covers(each)), key=_order))

    def _known(self) -> set[Campaign]:
        named = {each.campaign for each in self.ledger if each.campaign is not None}
        listed = {each.campaign for each in self.campaigns}
        return named | listed | {each.campaign for each in self.readings} | set(self._linked())

    def _linked(self) -> Iterable[Campaign]:
        return (campaign for each in self.stock for campaign in each.campaigns)


def campaign_scope(campaign: Campaign) -> Scope:
    """The scope of one campaign."""
    return Scope("campaign", (campaign.platform, campaign.campaign_id))


def _order(campaign: Campaign) -> tuple[str, str]:
    return (campaign.platform, campaign.campaign_id)


def _same(one: str, other: str) -> bool:
    return one.removeprefix("act_") == other.removeprefix("act_")
