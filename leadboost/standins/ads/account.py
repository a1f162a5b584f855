"""What a stand-in keeps: campaigns, what readers see of them, and every call."""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from leadboost.clock import Clock

CALLS = 10_000
STATUSES = ("ACTIVE", "PAUSED", "ARCHIVED", "DELETED")


@dataclass(slots=True, kw_only=True)
class StandInCampaign:
    """A campaign; ``status`` in our words, whatever the platform calls it.

    ``daily_budget`` counts hundredths; ``seen`` is what readers see until ``seen_until``. ``hindered`` is
    what keeps it from running, in the platform's words. ``automatic``: of the kind that TikTok calls Smart+;
    ``shares_budget``: its budget is that of others too, which Google knows.
    """

    id: str
    name: str
    status: str = "ACTIVE"
    daily_budget: int | None = 5_000
    hindered: str | None = None
    automatic: bool = False
    shares_budget: bool = False
    updated_at: datetime | None = None
    seen: str = field(default="", repr=False)
    seen_until: float = field(default=0.0, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: when it came, what it asked, the HTTP status it got (0: no answer), and on which campaigns
    it took effect. ``set_status`` is what a write asked for, of ``campaigns``."""

    at: datetime
    method: str
    path: str
    status: int
    set_status: str | None = None
    campaigns: tuple[str, ...] = ()
    effect: tuple[str, ...] = ()

    @property
    def raises_spend(self) -> bool:
        """Whether it asked for a campaign to run, granted or not."""
        return self.set_status == "ACTIVE"

    def as_json(self) -> Mapping[str, object]:
        return asdict(self) | {"at": self.at.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInResult:
    """What a campaign spent and earned on one day, in hundredths; ``revenue`` None: no value is told."""

    spend: int
    revenue: int | None = None
    clicks: int = 0
    impressions: int = 0
    conversions: float = 0.0


class AdAccount:
    """One ad account. ``calls`` keeps the last ten thousand; ``spend_raising`` counts all calls that
    asked for a campaign to run."""

    def __init__(self, *, id: str, name: str, currency: str, clock: Clock) -> None:
        self.id = id
        self.name = name
        self.currency = currency
        self.campaigns: dict[str, StandInCampaign] = {}
        self.results: dict[tuple[str, date], StandInResult] = {}
        self.calls: deque[Call] = deque(maxlen=CALLS)
        self.spend_raising = 0
        self._clock = clock

    def add(self, campaign: StandInCampaign) -> None:
        """Take a campaign in; one of the same id is replaced."""
        self.campaigns[campaign.id] = campaign

    def set_status(self, campaign_id: str, status: str, *, lag_s: float = 0.0) -> None:
        """Set the true status at once; readers see the one before for ``lag_s`` more seconds."""
        campaign = self.campaigns[campaign_id]
        campaign.seen, campaign.seen_until = self.seen_status(campaign), self._clock.monotonic() + lag_s
        campaign.status, campaign.updated_at = status, self._clock.now()

    def set_budget(self, campaign_id: str, hundredths: int) -> None:
        """Set the daily budget."""
        self.campaigns[campaign_id].daily_budget = hundredths

    def seen_status(self, campaign: StandInCampaign) -> str:
        """The status that readers see now."""
        return campaign.seen if self._clock.monotonic() < campaign.seen_until else campaign.status

    def record(self, call: Call) -> None:
        """Keep a call."""
        self.calls.append(call)
        self.spend_raising += call.raises_spend

    def results_between(self, first: date, last: date) -> list[tuple[StandInCampaign, date, StandInResult]]:
        """Results of these days, by day and campaign."""
        found = [
            (self.campaigns[campaign_id], day, result)
            for (campaign_id, day), result in self.results.items()
            if first <= day <= last
        ]
        return sorted(found, key=lambda row: (row[1], row[0].id))

    def listed(self, statuses: Collection[str]) -> list[StandInCampaign]:
        """Campaigns whose effective status is one of ``statuses``, in order of their ids."""
        found = [each for each in self.campaigns.values() if self.effective(each) in statuses]
        return sorted(found, key=lambda each: (len(each.id), each.id))

    def effective(self, campaign: StandInCampaign) -> str:
        """What runs, as readers see it: what hinders a campaign stands in for ACTIVE alone."""
        seen = self.seen_status(campaign)
        return campaign.hindered if campaign.hindered and seen == "ACTIVE" else seen
