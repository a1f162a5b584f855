"""PanicManager: it can halt and verify; it can never resume.

A trip closes the gate at once, goes to the local halt log, and then to the platforms and to the
database side by side: neither waits for the other. Reliability guide, section 6.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

import structlog

from leadboost.actors.panic.accounts import Account, Accounts
from leadboost.actors.panic.book import HaltBook, known_as
from leadboost.actors.panic.memory import HaltMemory, RunAside
from leadboost.actors.panic.surveillance import IN_FLIGHT, Surveillance
from leadboost.actors.panic.told import Listed, Looked, Paused, Pump, Read, Synced, Tick
from leadboost.clock import uuid7
from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.gate import Gate
from leadboost.domain.halt import (
    GLOBAL,
    Halt,
    HaltItem,
    HaltState,
    Scope,
    informed,
    state_of,
)
from leadboost.domain.pausing import OVERDUE_S, Pausing
from leadboost.errors import HaltLogError
from leadboost.messages.events import EventsCommitted, StateChanged
from leadboost.messages.panic import EndHalt, GetHalt, GetSafety, ListCampaigns, NoteApproval, TripHalt
from leadboost.ports import AdPlatform, HaltLog, HaltStore
from leadboost.runtime import Actor, Topic

TICK_S = 2.0
LIST_RETRY_S = 1.0
LIST_RETRY_CALM_S = 10.0
CLOCK_JUMP_S = 2.0

_log = structlog.get_logger(__name__)

_Told = (
    TripHalt
    | GetSafety
    | GetHalt
    | NoteApproval
    | EndHalt
    | ListCampaigns
    | Pump
    | Looked
    | Paused
    | Read
    | Listed
    | Tick
    | Synced
)


class PanicManager(Actor[_Told]):
    """Holds every open halt in memory, from the log and the database together.

    ``crash`` is told of named moments, at which a drill may end the process.
    """

    max_work = 2 * IN_FLIGHT

    def __init__(
        self,
        *,
        gate: Gate,
        log: HaltLog,
        store: HaltStore,
        platforms: Sequence[AdPlatform],
        committed: Topic[EventsCommitted],
        state: Topic[StateChanged],
        approvals_needed: int,
        read_back_gap_s: float,
        watch_every_s: float,
        crash: Callable[[str], None] = lambda _: None,
        run_aside: RunAside = asyncio.to_thread,
    ) -> None:
        self._gate = gate
        self._memory = HaltMemory(log, store, gate, run_aside)
        self._platforms = platforms
        self._committed = committed
        self._state = state
        self._needed = approvals_needed
        self._gap_s = read_back_gap_s
        self._watch_s = watch_every_s
        self._crash = crash
        self._syncing = False
        self._linked: set[UUID] = set()
        self._clocks: tuple[datetime, float] | None = None
        self._shown: dict[str, object] = {}

    async def on_start(self) -> None:
        self._book = HaltBook(self._gate, clock=self.clock, rng=self.rng)
        self._accounts = Accounts(self._platforms, now=self.clock.monotonic(), gap_s=self._gap_s)
        self._surveillance = Surveillance(self, self._accounts, gap_s=self._gap_s, watch_s=self._watch_s)
        for halt in await self._recall():
            self._adopt(halt)
        self._check_clock()
        self.every(TICK_S, Tick())
        self._sync()
        self.start_surveillance()

    async def receive(self, message: _Told) -> object:
        match message:
            case GetSafety():
                return self._book.status(self._needed)
            case GetHalt(id=halt_id):
                return self._book.get(halt_id)
            case ListCampaigns():
                return self._accounts.read()
            case TripHalt():
                reply: Halt | None = await self.trigger_critical_failure(message)
            case _:
                reply = None
                await self._hear(message)
        self._show()
        return reply

    async def _hear(
        self, message: NoteApproval | EndHalt | Pump | Looked | Paused | Read | Listed | Tick | Synced
    ) -> None:
        match message:
            case NoteApproval():
                self._note_approval(message)
            case EndHalt(halt_id=halt_id):
                await self._end(halt_id)
            case Pump():
                self.start_surveillance()
            case Looked():
                await self._looked(message)
            case Paused():
                self._paused(message)
            case Read():
                self._read(message)
            case Listed():
                await self._listed(message)
            case Tick():
                await self._tick()
            case Synced():
                await self._synced(message)
            case _:
                assert_never(message)

    # -- tripping ---------------------------------------------------------------------------------

    async def trigger_critical_failure(self, trip: TripHalt) -> Halt:
        """Halt: the gate first, the log next, then platforms and database."""
        known = self._book.of_scope(trip.scope)
        halt = known or self._new_halt(trip)
        added = [each for each in self._named(trip, halt) if halt.item(each) is None]
        for campaign in added:
            halt = halt.with_item(self._new_item(campaign))
        self._book.keep(halt)
        self._gate.settle(trip.scope)
        if known is None or added:
            await self._memory.record([halt])
            self._crash("halt.recorded")
            if known is None:
                self._journal_trip(halt, trip)
            self.execute_emergency_stop(halt)
        elif not trip.by.startswith("rule:"):
            self._verify_again(halt)
        self._settle(halt.id)
        return self._book.get(halt.id) or halt

    def _new_halt(self, trip: TripHalt) -> Halt:
        return Halt(
            id=uuid7(self.clock, self.rng),
            scope=trip.scope,
            reason=trip.reason,
            tripped_by=trip.by,
            tripped_at=self.clock.now(),
        )

    def execute_emergency_stop(self, halt: Halt) -> None:
        """Pursue every campaign of the halt, and list the accounts that it covers as a whole."""
        now = self.clock.monotonic()
        self._pursue(item.campaign for item in halt.items)
        for account in self._accounts.covered(halt):
            account.due_at = now
        self.start_surveillance()

    def _named(self, trip: TripHalt, halt: Halt) -> list[Campaign]:
        """The campaigns known to be covered; those of whole accounts from the last listing."""
        named = list(trip.campaigns)
        if trip.scope.kind == "campaign":
            named.append(Campaign(platform=trip.scope.parts[0], campaign_id=trip.scope.parts[1]))
        for account in self._accounts.covered(halt):
            named += [each.campaign for each in account.campaigns if not each.is_paused]
        return list(dict.fromkeys(named))

    def _new_item(self, campaign: Campaign) -> HaltItem:
        last = self._accounts.last_read(campaign)
        item = HaltItem(campaign=campaign) if last is None else known_as(HaltItem(campaign=campaign), last)
        if self._surveillance.has_paused(campaign):
            return replace(item, was_active=False)  # another halt's doing
        fresh = self._accounts.is_fresh(campaign.platform, self.clock.monotonic())
        return item if fresh else replace(item, was_active=None)

    def _journal_trip(self, halt: Halt, trip: TripHalt) -> None:
        data = {"id": str(halt.id), "scope": str(halt.scope), "reason": halt.reason}
        if trip.evidence is not None:
            self._book.journal("safety.breached", {**data, "rule": trip.by, **trip.evidence})
        self._book.journal("panic.tripped", {**data, "tripped_by": halt.tripped_by})
        _log.warning("halted", scope=str(halt.scope), by=halt.tripped_by, reason=halt.reason)

    def _verify_again(self, halt: Halt) -> None:
        for item in halt.items:
            self._surveillance.verify_again(item.campaign)
        self._accounts.sweep_again(halt)
        self.execute_emergency_stop(halt)

    def _adopt(self, halt: Halt, *, written: bool = False) -> None:
        """Take in a halt that was not tripped here: from the log, the database, another host."""
        self._book.keep(halt, written=written)
        if halt.is_open:
            self.execute_emergency_stop(halt)

    # -- ending -----------------------------------------------------------------------------------

    def _note_approval(self, noted: NoteApproval) -> None:
        self._needed = noted.needed
        if (halt := self._book.get(noted.halt_id)) is not None:
            self._book.keep(replace(halt, approvals=noted.approvals), written=True)

    async def _end(self, halt_id: UUID) -> None:
        halt = self._book.get(halt_id)
        if halt is None or not halt.is_open:
            return
        self._book.end(halt)
        self._accounts.sweep_again(halt)
        self._linked.discard(halt_id)
        for item in halt.items:
            if not self._book.holding(item.campaign):
                self._surveillance.drop(item.campaign)
        await self._memory.record([], ended=[halt_id])
        self._book.release(halt)
        self._committed.publish(EventsCommitted())
        _log.info("resumed", scope=str(halt.scope))

    # -- pausing and verifying ---------------------------------------------------------------------

    def start_surveillance(self) -> None:
        """Begin every step that is due."""
        self._surveillance.start(self._needs_look)

    def _needs_look(self, campaign: Campaign) -> bool:
        items = [halt.item(campaign) for halt in self._book.holding(campaign)]
        return all(item is None or item.was_active is None for item in items)

    def _pursue(self, campaigns: Iterable[Campaign]) -> None:
        for campaign in campaigns:
            self._note(self._surveillance.pursue(campaign))

    async def _looked(self, looked: Looked) -> None:
        """What ran before is in the log before it is paused: a restart would find it paused, by us."""
        if (pausing := self._surveillance.looked(looked)) is not None:
            self._note(pausing, looked.before or self._accounts.last_read(looked.campaign))
            await self._memory.record(self._book.holding(looked.campaign))
        self.start_surveillance()

    def _paused(self, paused: Paused) -> None:
        if (pausing := self._surveillance.paused(paused)) is not None:
            if paused.error is None:
                self._crash("halt.accepted")
            self._note(pausing)
        self.start_surveillance()

    def _read(self, read: Read) -> None:
        if (pausing := self._surveillance.read(read, self.clock.now())) is not None:
            self._note(pausing)
        if read.found is not None and self._accounts.note_read(read.found):
            self._show_campaigns()
        self.start_surveillance()

    def _note(self, pausing: Pausing, before: AdCampaign | None = None) -> None:
        for halt in self._book.note(pausing, before):
            self._settle(halt.id)

    def _settle(self, halt_id: UUID) -> None:
        """Give the halt the state that its campaigns and accounts have by now."""
        halt = self._book.get(halt_id)
        if halt is None or not halt.is_open:
            return
        state = self._judge(halt)
        if state is not halt.state:
            self._book.keep(replace(halt, state=state))
            if state is not HaltState.PAUSING:
                self._book.journal("panic.resolved", {"id": str(halt.id), "state": str(state)})
                _log.warning("halt resolved", scope=str(halt.scope), state=str(state))
        self._write()

    def _judge(self, halt: Halt) -> HaltState:
        state = state_of(halt.items)
        known = halt.scope.kind != "sku" or halt.items or halt.id in self._linked
        if state is not HaltState.CONFIRMED or (known and self._accounts.is_swept(halt)):
            return state
        overdue = (self.clock.now() - halt.tripped_at).total_seconds() > OVERDUE_S
        return HaltState.UNCONFIRMED if overdue else HaltState.PAUSING

    # -- listing accounts -------------------------------------------------------------------------

    async def _listed(self, listed: Listed) -> None:
        account, now = self._accounts.by_name[listed.platform], self.clock.monotonic()
        account.busy = False
        wide = [halt for halt in self._book.open() if account.is_covered(halt)]
        if listed.error is not None:
            account.error = listed.error.reason
            account.due_at = now + (LIST_RETRY_S if wide else LIST_RETRY_CALM_S)
        else:
            account.campaigns, account.error = listed.campaigns, None
            account.listed_at, account.read_at = now, self.clock.now()
            for halt in wide:
                await self._sweep(halt, account, listed.asked_at)
            swept = all(self._accounts.is_swept(halt) for halt in wide)
            account.due_at = now + (self._watch_s if swept else self._gap_s)
            self._surveillance.doubt(account)
        self._gate.prove(account.name, account.staleness(now))
        self._show_campaigns()
        self.start_surveillance()

    async def _sweep(self, halt: Halt, account: Account, asked_at: float) -> None:
        """Pause what the platform says is running, known to us or not."""
        found = [
            each.campaign
            for each in account.campaigns
            if not each.is_paused and halt.item(each.campaign) is None
        ]
        await self._add(halt, found)
        self._accounts.note_sweep(halt, account.name, asked_at, complete=not found)
        self._settle(halt.id)

    # -- the log and the database -----------------------------------------------------------------

    async def _recall(self) -> Sequence[Halt]:
        try:
            return await self._memory.recall()
        except (HaltLogError, TimeoutError) as error:
            return [await self._distrust(str(error) or "the halt log could not be read in time")]

    async def _distrust(self, reason: str) -> Halt:
        """What cannot be read may have been a halt: everything stops until approvers say otherwise."""
        trip = TripHalt(scope=Scope(GLOBAL), reason=reason, by="rule:halt_log")
        halt = self._new_halt(trip)
        self._book.keep(halt)
        self._journal_trip(halt, trip)
        await self._memory.begin_anew([halt])
        return halt

    async def _tick(self) -> None:
        self._check_clock()
        if self._memory.log_due:
            await self._memory.record(self._book.open())
            if self._memory.log_due:
                await self._memory.begin_anew(self._book.open())
        for halt in await self._memory.look():
            if self._book.get(halt.id) is None:  # of a command that found this daemon mute
                self._adopt(halt)
        now = self.clock.monotonic()
        for account in self._accounts.by_name.values():
            self._gate.prove(account.name, account.staleness(now))
        for halt in self._book.open():
            self._settle(halt.id)
        self._shown = {}  # who shows it may have begun only now
        self._show_campaigns()
        self._sync()

    def _check_clock(self) -> None:
        now, monotonic = self.clock.now(), self.clock.monotonic()
        jump_s = 0.0
        if self._clocks is not None:
            jump_s = (now - self._clocks[0]).total_seconds() - (monotonic - self._clocks[1])
        jumped = abs(jump_s) > CLOCK_JUMP_S
        self._gate.prove("clock", f"the wall clock jumped by {jump_s:.1f} s" if jumped else None)
        self._clocks = (now, monotonic)

    def _write(self) -> None:
        if not self._book.is_written:
            self._sync()

    def _sync(self) -> None:
        if not self._syncing:
            self._syncing = True
            skus = [halt.scope.parts[0] for halt in self._book.open() if halt.scope.kind == "sku"]
            self.spawn("sync", self._memory.sync(*self._book.unwritten(), skus), then=lambda done: done)

    async def _synced(self, synced: Synced) -> None:
        self._syncing = False
        if synced.error is not None:
            self._book.not_written(synced.halts)
            self._gate.prove("store", "the database does not answer")
            return
        self._gate.prove("store", None)
        self._book.written(synced.events)
        if synced.events:
            self._committed.publish(EventsCommitted())
        for halt in synced.stored:
            await self._learn(halt)
        for halt in self._book.open():
            if halt.scope.kind == "sku" and halt.scope.parts[0] in synced.links:
                await self._link(halt, synced.links[halt.scope.parts[0]])
        self._write()

    async def _link(self, halt: Halt, campaigns: Sequence[Campaign]) -> None:
        """A halted SKU's campaigns are those linked to it, also when that was done after the halt."""
        self._linked.add(halt.id)
        await self._add(halt, [each for each in campaigns if halt.item(each) is None])
        self._settle(halt.id)

    async def _add(self, halt: Halt, campaigns: Sequence[Campaign]) -> None:
        if not campaigns:
            return
        for campaign in campaigns:
            halt = halt.with_item(self._new_item(campaign))
        self._book.keep(halt)
        await self._memory.record([halt])
        self._pursue(campaigns)
        self.start_surveillance()

    async def _learn(self, stored: Halt) -> None:
        """Take over what the database knows of a halt: of another host, or of before a restart."""
        known = self._book.get(stored.id)
        if known is None:
            self._adopt(stored, written=True)
        elif known.is_open and not stored.is_open:
            await self._end(stored.id)
        elif known.is_open and (better := informed(known, stored)) != known:
            self._book.keep(better)
            if len(better.items) > len(known.items):
                self.execute_emergency_stop(better)

    def _show(self) -> None:
        view = self._book.status(self._needed).view()
        if view != self._shown:
            self._shown = view
            self._state.publish(StateChanged(key="safety", data=view))

    def _show_campaigns(self) -> None:
        self._state.publish(StateChanged(key="campaigns", data=self._accounts.read().view()))
