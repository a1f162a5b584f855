"""What the connected ad accounts said last, and how thoroughly each wide halt has swept them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.gate import Gate
from leadboost.domain.halt import Halt
from leadboost.errors import AdPlatformError
from leadboost.messages.panic import AccountRead, CampaignsRead
from leadboost.ports import AdPlatform

FRESH_FOR_S = 600.0
YOUNG_S = 5.0
LIST_RETRY_S = 1.0
LIST_RETRY_CALM_S = 10.0
LONGEST_ASKED_S = 60.0


@dataclass(slots=True)
class Account:
    """One ad account; ``due_at`` and ``listed_at`` are monotonic, ``read_at`` the wall clock. ``denied``
    says why its credential is refused."""

    platform: AdPlatform
    due_at: float
    listed_at: float | None = None
    read_at: datetime | None = None
    campaigns: dict[Campaign, AdCampaign] = field(default_factory=dict)
    busy: bool = False
    error: str | None = None
    denied: str | None = None

    @property
    def name(self) -> str:
        """The platform's name; one account for each."""
        return self.platform.name

    def is_covered(self, halt: Halt) -> bool:
        """Whether the halt covers all that the account runs."""
        return halt.covers_account(self.name, self.platform.account_id)

    def note_listing(self, campaigns: Sequence[AdCampaign], now: float, at: datetime) -> None:
        """All that it runs was listed."""
        self.campaigns = {each.campaign: each for each in campaigns}
        self.error = self.denied = None
        self.listed_at, self.read_at = now, at

    def note_failure(self, error: AdPlatformError, now: float, *, urgent: bool) -> None:
        """It could not be listed; ``urgent`` where a halt waits for it."""
        self.error = error.reason
        asked_s = min(error.retry_after_s or 0.0, LONGEST_ASKED_S)
        self.due_at = now + max(LIST_RETRY_S if urgent else LIST_RETRY_CALM_S, asked_s)

    def staleness(self, now: float) -> str | None:
        """Why what is known of it proves nothing; None while it is fresh and the credential is good."""
        if self.denied is not None:
            return self.denied
        if self.listed_at is not None and now - self.listed_at <= FRESH_FOR_S:
            return None
        return f"not read back: {self.error or 'no answer yet'}"


class Accounts:
    """All of them, by platform."""

    def __init__(self, platforms: Sequence[AdPlatform], *, now: float, gap_s: float) -> None:
        self.by_name: Mapping[str, Account] = {each.name: Account(each, due_at=now) for each in platforms}
        self._gap_s = gap_s
        self._first_listed: dict[tuple[UUID, str], float] = {}
        self._swept: set[tuple[UUID, str]] = set()

    def deny(self, name: str, reason: str, gate: Gate) -> None:
        """A credential that is refused proves nothing, and cannot stop what it would start."""
        account = self.by_name.get(name)
        if account is not None:
            account.denied = f"the credential is refused: {reason}"
            gate.prove(name, account.denied)

    def covered(self, halt: Halt) -> list[Account]:
        """Those that the halt covers as a whole."""
        return [account for account in self.by_name.values() if account.is_covered(halt)]

    def last_read(self, campaign: Campaign) -> AdCampaign | None:
        """The campaign as it was read last."""
        account = self.by_name.get(campaign.platform)
        return account.campaigns.get(campaign) if account else None

    def note_read(self, found: AdCampaign) -> bool:
        """Take in a read of one campaign; tells whether the last listing had it otherwise."""
        account = self.by_name[found.campaign.platform]
        if self.last_read(found.campaign) in (None, found):
            return False
        account.campaigns[found.campaign] = found
        return True

    def is_fresh(self, name: str, now: float) -> bool:
        """Whether the last listing is so young that nobody will have touched a campaign since."""
        account = self.by_name.get(name)
        return account is not None and account.listed_at is not None and now - account.listed_at <= YOUNG_S

    def note_sweep(self, halt: Halt, name: str, asked_at: float, *, complete: bool) -> None:
        """A listing asked for at ``asked_at`` is dealt with; ``complete`` when it showed nothing new.

        Two complete ones, ``gap_s`` apart, sweep the account: an empty list proves nothing by itself.
        """
        place = (halt.id, name)
        if not complete:
            self._first_listed.pop(place, None)
        elif asked_at - self._first_listed.setdefault(place, asked_at) >= self._gap_s:
            self._swept.add(place)

    def is_swept(self, halt: Halt) -> bool:
        """Whether every account that it covers is swept."""
        return all((halt.id, account.name) in self._swept for account in self.covered(halt))

    def sweep_again(self, halt: Halt) -> None:
        """Forget how far the sweep was."""
        for account in self.by_name.values():
            self._first_listed.pop((halt.id, account.name), None)
            self._swept.discard((halt.id, account.name))

    def read(self, now: float) -> CampaignsRead:
        """All campaigns as last listed; a list that fails while the last one is fresh is no error."""
        reads = [account.read_at for account in self.by_name.values()]
        known = [at for at in reads if at is not None]
        return CampaignsRead(
            campaigns=[each for account in self.by_name.values() for each in account.campaigns.values()],
            read_at=min(known) if known and len(known) == len(reads) else None,
            accounts=[
                AccountRead(
                    platform=account.name,
                    account_id=account.platform.account_id,
                    read_at=account.read_at,
                    error=account.denied or (account.error and account.staleness(now)),
                )
                for account in self.by_name.values()
            ],
        )
