"""Which campaigns a halt covers, and what is known of each when it is added."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from leadboost.actors.panic.accounts import Account, Accounts
from leadboost.actors.panic.book import HaltBook, known_as
from leadboost.actors.panic.surveillance import Surveillance
from leadboost.clock import Clock
from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Halt, HaltItem
from leadboost.messages.panic import TripHalt


class Coverage:
    """Reads the book, the accounts and the surveillance; changes nothing."""

    def __init__(self, book: HaltBook, accounts: Accounts, surveillance: Surveillance, clock: Clock) -> None:
        self._book = book
        self._accounts = accounts
        self._surveillance = surveillance
        self._clock = clock

    def of_trip(self, trip: TripHalt, halt: Halt) -> list[HaltItem]:
        """Items for what the trip names, and for what is known to run in accounts that it covers."""
        named = list(trip.campaigns)
        if trip.scope.kind == "campaign":
            named.append(Campaign(platform=trip.scope.parts[0], campaign_id=trip.scope.parts[1]))
        for account in self._accounts.covered(halt):
            named += self._of_account(account)
        return self.missing(halt, named)

    def of_listing(self, halt: Halt, account: Account) -> list[HaltItem]:
        """Items for what the last list of an account shows beyond what the halt has."""
        return self.missing(halt, self._of_account(account))

    def missing(self, halt: Halt, campaigns: Collection[Campaign]) -> list[HaltItem]:
        """Items for those of the campaigns that have none yet."""
        have = {item.campaign for item in halt.items}
        return [self._new_item(each) for each in dict.fromkeys(campaigns) if each not in have]

    def _of_account(self, account: Account) -> Sequence[Campaign]:
        """What a halt of the whole account has to answer for: what runs, and what others had paused."""
        return [
            campaign
            for campaign, each in account.campaigns.items()
            if not each.is_paused or self._book.holding(campaign)
        ]

    def _new_item(self, campaign: Campaign) -> HaltItem:
        last = self._accounts.last_read(campaign)
        item = HaltItem(campaign=campaign) if last is None else known_as(HaltItem(campaign=campaign), last)
        if self._surveillance.has_paused(campaign):
            return replace(item, was_active=False)  # another halt's doing
        fresh = self._accounts.is_fresh(campaign.platform, self._clock.monotonic())
        return item if fresh else replace(item, was_active=None)
