"""Brings every halted campaign to two equal reads and watches it from then on; keeps listing accounts."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any

from leadboost.actors.panic.accounts import Account, Accounts
from leadboost.actors.panic.calls import list_account, look, no_connection, pause, read_back
from leadboost.actors.panic.told import Looked, Paused, Pump, Read
from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import ItemStatus
from leadboost.domain.pausing import Pausing, Step
from leadboost.runtime import Actor
from leadboost.runtime.actor import Timer

IN_FLIGHT = 32
SOONEST_S = 0.05


class Surveillance:
    """Starts calls as work of ``actor``, at most 32 for campaigns at once; the answers come to it."""

    def __init__(self, actor: Actor[Any], accounts: Accounts, *, gap_s: float, watch_s: float) -> None:
        self._actor = actor
        self._accounts = accounts
        self._gap_s = gap_s
        self._watch_s = watch_s
        self._pausing: dict[Campaign, Pausing] = {}
        self._agenda: list[tuple[float, int, Campaign]] = []
        self._entries = count()
        self._busy: set[Campaign] = set()
        self._timer: Timer | None = None

    @property
    def _now(self) -> float:
        return self._actor.clock.monotonic()

    def pursue(self, campaign: Campaign) -> Pausing:
        """Begin with a campaign, unless that was done; how far it is."""
        if campaign not in self._pausing:
            self._pausing[campaign] = Pausing(
                campaign=campaign,
                gap_s=self._gap_s,
                watch_s=self._watch_s,
                began_at=self._now,
                due_at=self._now,
            )
            self._enter(self._pausing[campaign])
        return self._pausing[campaign]

    def has_paused(self, campaign: Campaign) -> bool:
        """Whether a pause of it was sent."""
        return campaign in self._pausing and self._pausing[campaign].attempts > 0

    def drop(self, campaign: Campaign) -> None:
        """No halt holds it any more."""
        self._pausing.pop(campaign, None)

    def verify_again(self, campaign: Campaign) -> None:
        """Pause and read it anew."""
        pausing = self.pursue(campaign)
        pausing.again(self._now)
        self._enter(pausing)

    def compare(self, account: Account) -> None:
        """What is confirmed and yet listed as running is read, and then paused again, at once; what is
        listed at rest needs no read of its own: the platform counts calls."""
        for each in account.campaigns.values():
            pausing = self._pausing.get(each.campaign)
            if pausing is None or pausing.status is not ItemStatus.CONFIRMED:
                continue
            if each.is_paused:
                pausing.seen_at_rest(self._now)
            else:
                pausing.due_at = self._now
            self._enter(pausing)

    def start(self, needs_look: Callable[[Campaign], bool]) -> None:
        """Begin every step that is due, in the order in which they were; come again when the next one is.

        ``needs_look`` tells whether it is not known yet if a campaign ran before its pause.
        """
        now = self._now
        while self._agenda and self._agenda[0][0] <= now and len(self._busy) < IN_FLIGHT:
            campaign = heappop(self._agenda)[2]
            pausing = self._pausing.get(campaign)
            if pausing is not None and pausing.due_at <= now and campaign not in self._busy:
                self._begin(pausing, look_first=not pausing.looked and needs_look(campaign))
        for account in self._accounts.by_name.values():
            if account.due_at <= now and not account.busy:
                account.busy = True
                self._actor.spawn("list", list_account(account.platform, now), then=lambda done: done)
        self._wake()

    def looked(self, looked: Looked) -> Pausing | None:
        """Take in a look; None where nobody pursues it any more."""
        self._busy.discard(looked.campaign)
        pausing = self._pausing.get(looked.campaign)
        if pausing is not None:
            pausing.looked = True
            self._enter(pausing)
        return pausing

    def paused(self, paused: Paused) -> Pausing | None:
        """Take in the end of a pause; None where nobody pursues it any more."""
        self._busy.discard(paused.campaign)
        pausing = self._pausing.get(paused.campaign)
        if pausing is not None and paused.error is None:
            pausing.accept(self._now, paused.attempts)
        elif pausing is not None and paused.error is not None:
            hopeless = paused.error.kind in ("refused", "auth")
            pausing.fail(self._now, paused.attempts, paused.error.reason, hopeless=hopeless)
        self._enter(pausing)
        return pausing

    def read(self, read: Read, at: datetime) -> Pausing | None:
        """Take in a read-back of ``at``; None where nobody pursues it any more."""
        self._busy.discard(read.campaign)
        pausing = self._pausing.get(read.campaign)
        if pausing is not None and read.found is not None:
            pausing.read(self._now, read.found, at)
        elif pausing is not None and read.error is not None:
            pausing.fail_read(self._now, read.error.reason, wait_s=read.error.retry_after_s)
        self._enter(pausing)
        return pausing

    def _enter(self, pausing: Pausing | None) -> None:
        """Put its next step on the agenda; entries of before are passed over when their time comes."""
        if pausing is not None:
            heappush(self._agenda, (pausing.due_at, next(self._entries), pausing.campaign))

    def _begin(self, pausing: Pausing, *, look_first: bool) -> None:
        campaign, actor = pausing.campaign, self._actor
        account = self._accounts.by_name.get(campaign.platform)
        self._busy.add(campaign)
        if account is None:
            actor.spawn("pause", no_connection(campaign), then=lambda done: done)
        elif pausing.step is Step.PAUSE and look_first:
            actor.spawn("look", look(account.platform, campaign), then=lambda done: done)
        elif pausing.step is Step.PAUSE:
            wanted = partial(self._pausing.__contains__, campaign)
            actor.spawn("pause", pause(account.platform, campaign, actor.rng, wanted), then=lambda done: done)
        else:
            actor.spawn("read back", read_back(account.platform, campaign), then=lambda done: done)

    def _wake(self) -> None:
        """Arm the timer; with all hands busy, the next one that is free looks anyway."""
        waiting = [self._agenda[0][0]] if self._agenda else []
        waiting += [each.due_at for each in self._accounts.by_name.values() if not each.busy]
        if self._timer is not None:
            self._timer.cancel()
        if waiting and len(self._busy) < IN_FLIGHT:
            self._timer = self._actor.after(max(min(waiting) - self._now, SOONEST_S), Pump())
