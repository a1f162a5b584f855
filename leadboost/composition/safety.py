"""What halts by rule, and what ends halts."""

import asyncio

from leadboost.actors.release import Release
from leadboost.actors.safety import SafetyEngine
from leadboost.actors.throttle import Throttle
from leadboost.composition.halting import Halting
from leadboost.composition.wiring import VITAL, Wiring
from leadboost.runtime import Stage
from leadboost.store.accounts import PgAccountStore
from leadboost.store.campaigns import PgCampaignStore
from leadboost.store.halts import PgHaltStore
from leadboost.store.rule_file import TomlRuleFile
from leadboost.store.rules import PgFactStore, PgRuleStore


class Safety:
    """SafetyEngine, Throttle and Release."""

    def __init__(self, wiring: Wiring, halting: Halting) -> None:
        self._wiring = wiring
        self._halting = halting

    def stage(self) -> Stage:
        """The stage of it."""
        return self._wiring.stage(name="safety", start=self._start, stop=self._stop, stop_s=0.3)

    async def _start(self) -> None:
        await self._wiring.spawn("release", self._make_release, VITAL)
        await self._wiring.spawn("throttle", self._make_throttle, VITAL)
        await self._wiring.spawn("safety", self._make_safety, VITAL)
        self._wiring.topics.reached.subscribe(self._wiring.refs["safety"])
        self._wiring.topics.state.subscribe(self._wiring.refs["safety"])
        self._wiring.topics.spend.subscribe(self._wiring.refs["safety"])

    async def _stop(self) -> None:
        await self._wiring.stop("safety", "throttle", "release", finish_s=0.2)

    def _make_safety(self) -> SafetyEngine:
        wiring = self._wiring
        return SafetyEngine(
            facts=PgFactStore(wiring.store, currency=wiring.settings.currency),
            store=PgRuleStore(wiring.store),
            file=TomlRuleFile(wiring.settings.safety.rules),
            panic=wiring.refs["panic"],
            gate=wiring.gate,
            throttle=wiring.refs["throttle"],
            committed=wiring.topics.committed,
            currency=wiring.settings.currency,
        )

    def _make_throttle(self) -> Throttle:
        return Throttle(
            platforms=self._halting.platforms,
            store=PgCampaignStore(self._wiring.store),
            committed=self._wiring.topics.committed,
        )

    def _make_release(self) -> Release:
        wiring = self._wiring
        return Release(
            store=PgHaltStore(lambda: wiring.store),
            panic=wiring.refs["panic"],
            platforms=self._halting.platforms,
            committed=wiring.topics.committed,
            needed=self._approvals_needed,
            cool_off_s=wiring.settings.safety.cool_off_s,
            pause=asyncio.sleep,
            crash=wiring.crash,
        )

    async def _approvals_needed(self) -> int:
        """A person who is alone resumes alone, after the time to cool off."""
        approvers = await PgAccountStore(self._wiring.store).count_approvers()
        return min(self._wiring.settings.safety.resume_approvals, max(approvers, 1))
