"""Throttle: brings each campaign of a firing to its lower budget, and notes what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import structlog

from leadboost.clock import uuid7
from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.errors import AdPlatformError, StoreError
from leadboost.messages.events import EventsCommitted
from leadboost.messages.throttle import BudgetCut, LowerBudgets
from leadboost.ports import AdBudgets, CutStore
from leadboost.runtime import Actor, Message, Topic
from leadboost.runtime.retry import retrying

TRIES, FIRST_WAIT_S, LONGEST_WAIT_S = 6, 0.5, 10.0
IN_FLIGHT = 16
NOTED_KEPT = 1_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut(Message[None]):
    """A campaign is done with, one way or the other."""

    cut: BudgetCut


@dataclass(frozen=True, slots=True, kw_only=True)
class _Noted(Message[None]):
    """What could be noted is noted; ``left`` waits for the database."""

    left: tuple[BudgetCut, ...]


_Told = LowerBudgets | _Cut | _Noted


class Throttle(Actor[_Told]):
    """Nothing that lowers spend waits for the database: what could not be noted is noted later."""

    max_work = 2 * IN_FLIGHT

    def __init__(
        self, *, platforms: Sequence[AdBudgets], store: CutStore, committed: Topic[EventsCommitted]
    ) -> None:
        self._platforms: Mapping[str, AdBudgets] = {each.name: each for each in platforms}
        self._store = store
        self._committed = committed
        self._waiting: list[tuple[LowerBudgets, Campaign]] = []
        self._busy: set[Campaign] = set()
        self._unnoted: list[BudgetCut] = []
        self._noting = False

    async def receive(self, message: _Told) -> None:
        match message:
            case LowerBudgets(campaigns=campaigns):
                known = {each for _, each in self._waiting}
                self._waiting += [(message, each) for each in campaigns if each not in known]
                self._begin()
            case _Cut(cut=cut):
                self._cut(cut)
            case _Noted(left=left):
                self._noting = False
                self._unnoted = [*left, *self._unnoted][-NOTED_KEPT:]
                if left:
                    self.after(LONGEST_WAIT_S, _Noted(left=()))
                elif self._unnoted:
                    self._note()
            case _:
                assert_never(message)

    # -- lowering ---------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin with as many campaigns as may be in flight, each once at a time."""
        later = []
        for order, campaign in self._waiting:
            if len(self._busy) >= IN_FLIGHT or campaign in self._busy:
                later.append((order, campaign))
                continue
            self._busy.add(campaign)
            self.spawn("lower budget", self._lower(order, campaign), then=lambda cut: _Cut(cut=cut))
        self._waiting = later

    async def _lower(self, order: LowerBudgets, campaign: Campaign) -> BudgetCut:
        began_at = self.clock.now()
        before: AdCampaign | None = None
        after: int | None = None
        error: str | None = None
        loop = retrying(
            self.rng,
            attempts=TRIES,
            first_s=FIRST_WAIT_S,
            longest_s=LONGEST_WAIT_S,
            may_retry=lambda failure: getattr(failure, "kind", "") in ("unknown", "busy"),
            asked_s=lambda failure: getattr(failure, "retry_after_s", None),
        )
        try:
            platform = self._platform(campaign)
            async for attempt in loop:
                with attempt:
                    before = before or await platform.read_campaign(campaign.campaign_id)
                    after = await _lower_once(platform, before, order.share)
        except AdPlatformError as failure:
            error = failure.reason
        return BudgetCut(
            id=uuid7(self.clock, self.rng),
            firing_id=order.firing_id,
            rule=order.rule,
            campaign=campaign,
            before_micros=before.daily_budget_micros if before else None,
            after_micros=after,
            currency=before.currency if before else None,
            error=error,
            began_at=began_at,
            at=self.clock.now(),
        )

    def _platform(self, campaign: Campaign) -> AdBudgets:
        platform = self._platforms.get(campaign.platform)
        if platform is None:
            reason = f"no connection to {campaign.platform}: lower it there by hand"
            raise AdPlatformError(campaign.platform, "refused", reason)
        return platform

    # -- noting -----------------------------------------------------------------------------------

    def _cut(self, cut: BudgetCut) -> None:
        self._busy.discard(cut.campaign)
        told = {"campaign": cut.campaign.campaign_id, "rule": cut.rule, "after_micros": cut.after_micros}
        if cut.error is None:
            _log.info("budget lowered", **told)
        else:
            _log.warning("budget not lowered", **told, error=cut.error)
        self._unnoted = [*self._unnoted, cut][-NOTED_KEPT:]
        self._begin()
        self._note()

    def _note(self) -> None:
        if not self._noting:
            self._noting = True
            cuts, self._unnoted = tuple(self._unnoted), []
            self.spawn("note cuts", self._note_all(cuts), then=lambda left: _Noted(left=left))

    async def _note_all(self, cuts: tuple[BudgetCut, ...]) -> tuple[BudgetCut, ...]:
        for number, cut in enumerate(cuts):
            try:
                await self._store.note_cut(cut)
            except StoreError as error:
                _log.warning("lowered budgets not noted", error=str(error))
                return cuts[number:]
            self._committed.publish(EventsCommitted())
        return ()


async def _lower_once(platform: AdBudgets, before: AdCampaign, share: float) -> int:
    """Aim from what was read first, send, and read back. Raises AdPlatformError."""
    if before.daily_budget_micros is None:
        raise AdPlatformError(platform.name, "refused", "has no daily budget of its own: lower it by hand")
    target = int(before.daily_budget_micros * (1.0 - share))
    await platform.lower_budget(before.campaign.campaign_id, target)
    found = (await platform.read_campaign(before.campaign.campaign_id)).daily_budget_micros
    if found is None or found > target:
        raise AdPlatformError(platform.name, "unknown", "took the lower budget, and yet shows another one")
    return found
