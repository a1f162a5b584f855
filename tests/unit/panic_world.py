"""A kill switch with everything around it under a test's control, on virtual time."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from leadboost.actors.panic import PanicManager
from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.gate import Gate
from leadboost.domain.halt import Halt, Scope
from leadboost.errors import AdPlatformError, HaltError, HaltLogError, StoreUnavailableError
from leadboost.messages.panic import GetHalt, GetSafety, SafetyStatus, TripHalt
from leadboost.ports import EnableAction, NewEvent
from leadboost.runtime import ActorRef, Topic
from leadboost.runtime.testing import Probe, System

GAP_S = 10.0
WATCH_S = 60.0
ACCOUNT = "900"
GLOBAL = Scope("global")


def campaign(campaign_id: str, platform: str = "meta_ads") -> Campaign:
    return Campaign(platform=platform, campaign_id=campaign_id)


@dataclass
class Ads:
    """An ad account: ``statuses`` are true, ``seen`` is what readers see where it differs.

    Each pause first takes the next of ``failures`` (an error, or None for none); ``after`` errors come
    once the effect has taken place.
    """

    system: System
    statuses: dict[str, str]
    name: str = "meta_ads"
    account_id: str = ACCOUNT
    failures: list[AdPlatformError | None] = field(default_factory=list)
    after: list[AdPlatformError | None] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    hidden: bool = False
    unreadable: bool = False
    calls: list[tuple[float, str, str]] = field(default_factory=list)
    gate: Gate | None = None

    def _call(self, kind: str, campaign_id: str) -> None:
        self.calls.append((round(self.system.clock.monotonic(), 1), kind, campaign_id))
        if kind == "pause" and self.failures and (failure := self.failures.pop(0)) is not None:
            raise failure

    async def list_campaigns(self) -> Sequence[AdCampaign]:
        self._call("list", "")
        return [] if self.hidden else [self._tell(each) for each in self.statuses]

    async def read_campaign(self, campaign_id: str) -> AdCampaign:
        self._call("read", campaign_id)
        if self.unreadable:
            raise AdPlatformError(self.name, "unknown", "no answer")
        return self._tell(campaign_id)

    async def pause(self, campaign_id: str) -> None:
        await self._set(campaign_id, "PAUSED", "pause")

    async def enable(self, campaign_id: str) -> None:
        if self.gate is not None:
            self.gate.check(campaign(campaign_id), self.account_id)
        await self._set(campaign_id, "ACTIVE", "enable")

    async def _set(self, campaign_id: str, status: str, kind: str) -> None:
        self._call(kind, campaign_id)
        self.statuses[campaign_id] = status
        if self.after and (failure := self.after.pop(0)) is not None:
            raise failure

    def _tell(self, campaign_id: str) -> AdCampaign:
        status = self.seen.get(campaign_id, self.statuses[campaign_id])
        return AdCampaign(
            campaign=campaign(campaign_id),
            account_id=self.account_id,
            name=f"campaign {campaign_id}",
            status=status,
            effective_status=status,
            daily_budget_micros=5_000_000,
            currency="USD",
        )

    def asked(self, kind: str) -> list[float]:
        """When calls of this kind came."""
        return [at for at, what, _ in self.calls if what == kind]


class Log:
    """A halt log in memory; ``failure`` makes it fail, ``hangs`` keep whoever calls waiting."""

    def __init__(self) -> None:
        self.halts: dict[UUID, Halt] = {}
        self.failure: HaltLogError | None = None
        self.hangs = False

    def read(self) -> Sequence[Halt]:
        self._fail()
        return list(self.halts.values())

    def put(self, halts: Sequence[Halt], *, ended: Collection[UUID] = ()) -> None:
        self._fail()
        self.halts |= {each.id: each for each in halts}
        for halt_id in ended:
            self.halts.pop(halt_id, None)

    def replace(self, halts: Sequence[Halt]) -> None:
        self.failure = None
        self.halts = {each.id: each for each in halts}

    async def run(self, call: Callable[[], Sequence[Halt] | None]) -> Sequence[Halt] | None:
        """Instead of a thread, for which virtual time does not wait."""
        if self.hangs:
            await asyncio.sleep(1e9)
        return call()

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


class Store:
    """A database in memory; ``away`` makes it fail."""

    def __init__(self) -> None:
        self.halts: dict[UUID, Halt] = {}
        self.events: dict[UUID, NewEvent] = {}
        self.linked: dict[str, list[Campaign]] = {}
        self.actions: dict[UUID, EnableAction] = {}
        self.latch = "ACTIVE"
        self.away = False

    def _answer(self) -> None:
        if self.away:
            raise StoreUnavailableError("away")

    async def load(self, *, resumed: int) -> Sequence[Halt]:
        self._answer()
        return list(self.halts.values())

    async def save(self, halts: Sequence[Halt], events: Sequence[NewEvent]) -> None:
        self._answer()
        for each in halts:
            known = self.halts.get(each.id)
            if known is None:
                self.halts[each.id] = replace(each, approvals=())
            elif known.is_open:
                approvals = known.approvals if each.last_stop == known.last_stop else ()
                kept = replace(known.with_items(each.items), approvals=approvals)
                self.halts[each.id] = replace(kept, state=each.state, stopped_at=each.stopped_at)
        self.events |= {each.id: each for each in events if each.id not in self.events}

    async def links(self, skus: Collection[str]) -> Mapping[str, Sequence[Campaign]]:
        self._answer()
        return {sku: self.linked.get(sku, []) for sku in skus}

    async def approve(self, halt_id: UUID, *, by: str, reason: str) -> Sequence[str]:
        self._answer()
        halt = self.halts[halt_id]
        approvals = tuple(dict.fromkeys((*halt.approvals, by)))
        self.halts[halt_id] = replace(halt, approvals=approvals)
        return approvals

    async def resume(
        self, halt: Halt, actions: Sequence[EnableAction], *, by: str, reason: str, event: NewEvent
    ) -> None:
        self._answer()
        stored = self.halts.get(halt.id, halt)
        if not stored.is_open or stored.last_stop > halt.last_stop:
            raise HaltError("already_resumed", "over")
        self.halts[halt.id] = replace(halt, state=halt.state.RESUMED)
        now = event.at
        self.actions |= {each.id: replace(each, intended_at=now) for each in actions}
        self.events[event.id] = event

    async def unfinished_actions(self) -> Sequence[EnableAction]:
        self._answer()
        return [each for each in self.actions.values() if each.state in ("intended", "sent", "unknown")]

    async def mark_sent(self, action: EnableAction) -> bool:
        self._answer()
        held = any(each.item(action.campaign) for each in self.halts.values() if each.is_open)
        if self.latch != "ACTIVE" or held:
            return False
        self.actions[action.id] = replace(action, state="sent")
        return True

    async def settle_action(self, action: EnableAction, state: str, error: str | None) -> None:
        self._answer()
        self.actions[action.id] = replace(action, state=state)

    def kinds(self) -> list[str]:
        """The kinds of what was journalled, in order."""
        return [each.kind for each in self.events.values()]


@dataclass
class PanicWorld:
    """The kill switch and what it stands on."""

    system: System
    ads: Ads
    log: Log
    store: Store
    gate: Gate
    viewer: Probe
    tripped: Topic[Any]
    ref: ActorRef[Any]

    async def trip(self, scope: Scope = GLOBAL, *, by: str = "ana", **options: Any) -> Halt:
        """Halt, as the console does."""
        self.gate.trip(scope)
        return await self.ref.ask(TripHalt(scope=scope, reason="because", by=by, **options))

    async def halt(self, halt: Halt) -> Halt:
        """The halt as it is by now."""
        found = await self.ref.ask(GetHalt(id=halt.id))
        assert found is not None
        return found

    async def status(self) -> SafetyStatus:
        return await self.ref.ask(GetSafety())

    async def statuses(self, halt: Halt) -> dict[str, str]:
        """Campaign ids to statuses."""
        return {item.campaign.campaign_id: str(item.status) for item in (await self.halt(halt)).items}


async def panic_world(
    system: System, statuses: Mapping[str, str], *, log: Log | None = None, store: Store | None = None
) -> PanicWorld:
    """Start a kill switch over one account."""
    gate = Gate(("halt_log", "clock", "store"))
    ads = Ads(system, dict(statuses))
    log, store = log or Log(), store or Store()
    topics: dict[str, Topic[Any]] = {name: Topic(name) for name in ("committed", "state", "tripped")}
    viewer = await system.probe(name="viewer")
    topics["state"].subscribe(viewer.ref)
    ref = await system.spawn(
        lambda: PanicManager(
            gate=gate,
            log=log,
            store=store,
            platforms=[ads],
            committed=topics["committed"],
            state=topics["state"],
            tripped=topics["tripped"],
            approvals_needed=2,
            read_back_gap_s=GAP_S,
            watch_every_s=WATCH_S,
            run_aside=log.run,
        ),
        name="panic",
    )
    await system.settle()
    return PanicWorld(system, ads, log, store, gate, viewer, topics["tripped"], ref)
