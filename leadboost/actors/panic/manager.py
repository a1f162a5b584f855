"""PanicManager: it can halt and verify; it can never resume.

A trip closes the gate at once, goes to the local halt log, and then to the platforms and to the
database side by side: neither waits for the other. Reliability guide, section 6.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

import structlog

from leadboost.actors.panic.accounts import Account, Accounts
from leadboost.actors.panic.book import HaltBook
from leadboost.actors.panic.clock_watch import ClockWatch
from leadboost.actors.panic.coverage import Coverage
from leadboost.actors.panic.lost_stops import LostStops
from leadboost.actors.panic.memory import HaltMemory, RunAside
from leadboost.actors.panic.showing import Showing
from leadboost.actors.panic.surveillance import IN_FLIGHT, Surveillance
from leadboost.actors.panic.told import Listed, Looked, Paused, Pump, Read, Recalled, Synced, Tick
from leadboost.actors.panic.verdicts import Verdicts
from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.gate import Gate
from leadboost.domain.halt import GLOBAL, Halt, HaltItem, Scope, informed
from leadboost.domain.pausing import Pausing
from leadboost.errors import HaltLogError
from leadboost.messages.events import EventsCommitted, HaltTripped, StateChanged
from leadboost.messages.panic import (
    EndHalt,
    GetHalt,
    GetSafety,
    HearHalt,
    ListCampaigns,
    LookAgain,
    NoteApproval,
    TripHalt,
)
from leadboost.ports import AdPlatform, HaltLog, HaltStore
from leadboost.runtime import Actor, Topic

TICK_S = 2.0
RECALL_WAIT_S = 5.0

_log = structlog.get_logger(__name__)

_Elsewhere = HearHalt | LookAgain | NoteApproval | EndHalt
_Heard = _Elsewhere | Pump | Looked | Paused | Read | Listed | Tick | Recalled | Synced
_Told = TripHalt | GetSafety | GetHalt | ListCampaigns | _Heard


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
        tripped: Topic[HaltTripped],
        approvals_needed: int,
        read_back_gap_s: float,
        watch_every_s: float,
        crash: Callable[[str], None] = lambda _: None,
        run_aside: RunAside | None = None,
    ) -> None:
        self._gate = gate
        self._memory = HaltMemory(log, store, gate, run_aside)
        self._platforms = platforms
        self._committed = committed
        self._state = state
        self._tripped = tripped
        self._needed = approvals_needed
        self._gap_s = read_back_gap_s
        self._watch_s = watch_every_s
        self._crash = crash
        self._syncing = self._sync_again = False
        self._held_back: set[UUID] = set()
        self._stops: dict[UUID, TripHalt] = {}
        self._lost_stops = LostStops(gate)

    async def on_start(self) -> None:
        self._book = HaltBook(self._gate, clock=self.clock, rng=self.rng)
        self._accounts = Accounts(self._platforms, now=self.clock.monotonic(), gap_s=self._gap_s)
        self._surveillance = Surveillance(self, self._accounts, gap_s=self._gap_s, watch_s=self._watch_s)
        self._coverage = Coverage(self._book, self._accounts, self._surveillance, self.clock)
        self._verdicts = Verdicts(self._book, self._accounts, self.clock)
        self._showing = Showing(self, self._book, self._accounts, self._state)
        self._clocks = ClockWatch(self.clock)
        await self._recall()
        self._gate.prove("clock", self._clocks.look())
        self.after(TICK_S, Tick())
        self.after(RECALL_WAIT_S, Recalled())
        self._sync()
        self.start_surveillance()

    async def receive(self, message: _Told) -> object:
        match message:
            case GetSafety():
                return self._book.status(self._needed)
            case GetHalt(id=halt_id):
                return self._book.get(halt_id)
            case ListCampaigns():
                return self._accounts.read(self.clock.monotonic())
            case TripHalt():
                reply: Halt | None = await self.trigger_critical_failure(message)
            case _:
                reply = None
                await self._hear(message)
        self._showing.show_halts(self._needed)
        return reply

    async def _hear(self, message: _Heard) -> None:
        match message:
            case HearHalt(halt=halt):
                if self._book.hear(halt):
                    self._memory.write_due = True
                    self.execute_emergency_stop(halt)
            case LookAgain():
                self._sync()
            case NoteApproval():
                self._needed = self._book.note_approval(message)
            case EndHalt(halt_id=halt_id, last_stop=last_stop):
                await self._end(halt_id, last_stop)
            case Pump():
                self.start_surveillance()
            case Recalled():
                self._pursue_recalled()
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
        halt = known or self._book.begin(trip)
        halt = halt.with_items(self._coverage.of_trip(trip, halt))
        by_person = not trip.by.startswith("rule:")
        if known is not None and by_person:
            halt = replace(halt, stopped_at=self.clock.now(), approvals=())
            self._stops[halt.id] = trip
        if halt != known:
            self._book.keep(halt)
            self._tripped.publish(HaltTripped(halt=halt))
            await self._memory.record(self._book.open())
            self._crash("halt.recorded")
        self._gate.settle(trip.scope)
        self._book.journal_trip(halt, trip, again=known is not None and by_person)
        if known is None:
            _log.warning("halted", scope=str(halt.scope), by=halt.tripped_by, reason=halt.reason)
        if known is None or len(halt.items) > len(known.items):
            self.execute_emergency_stop(halt)
        elif by_person:
            self._verify_again(halt)
        self._settle(halt.id)
        return self._book.get(halt.id) or halt

    def execute_emergency_stop(self, halt: Halt) -> None:
        """Pursue every campaign of the halt, and list the accounts that it covers as a whole."""
        now = self.clock.monotonic()
        self._held_back.discard(halt.id)
        self._pursue(item.campaign for item in halt.items)
        for account in self._accounts.covered(halt):
            account.due_at = now
        self.start_surveillance()

    def _verify_again(self, halt: Halt) -> None:
        for item in halt.items:
            self._surveillance.verify_again(item.campaign)
        self._accounts.sweep_again(halt)
        self.execute_emergency_stop(halt)

    # -- ending -----------------------------------------------------------------------------------

    async def _end(self, halt_id: UUID, last_stop: datetime) -> None:
        """Let go, unless somebody stopped it again since: that stop becomes a halt of its own first."""
        halt = self._book.get(halt_id)
        if halt is None or not halt.is_open:
            return
        if halt.last_stop > last_stop and (stop := self._stops.get(halt_id)) is not None:
            self._book.keep(replace(self._book.begin(stop), items=halt.items))
        self._book.end(halt)
        self._verdicts.forget(halt_id)
        self._held_back.discard(halt_id)
        self._stops.pop(halt_id, None)
        self._accounts.sweep_again(halt)
        for item in halt.items:
            if not self._book.holding(item.campaign):
                self._surveillance.drop(item.campaign)
        await self._memory.record(self._book.open(), ended=[halt_id])
        if (renewed := self._book.of_scope(halt.scope)) is not None:
            self._book.journal_trip(renewed)
            self.execute_emergency_stop(renewed)
        self._book.release(halt)
        self._committed.publish(EventsCommitted())
        _log.info("resumed", scope=str(halt.scope))

    # -- pausing and verifying ---------------------------------------------------------------------

    def start_surveillance(self) -> None:
        """Begin every step that is due."""
        self._surveillance.start(self._book.needs_look)

    def _pursue(self, campaigns: Iterable[Campaign]) -> None:
        for campaign in campaigns:
            self._note(self._surveillance.pursue(campaign))

    async def _looked(self, looked: Looked) -> None:
        """What ran before is in the log before it is paused: a restart would find it paused, by us."""
        if (pausing := self._surveillance.looked(looked)) is not None:
            self._note(pausing, looked.before)
            await self._memory.record(self._book.open())
        self.start_surveillance()

    def _paused(self, paused: Paused) -> None:
        if (pausing := self._surveillance.paused(paused)) is not None:
            if paused.error is None:
                self._crash("halt.accepted")
            elif paused.error.kind == "auth":
                self._accounts.deny(paused.campaign.platform, paused.error.reason, self._gate)
            self._note(pausing)
        self.start_surveillance()

    def _read(self, read: Read) -> None:
        if (pausing := self._surveillance.read(read, self.clock.now())) is not None:
            self._note(pausing)
        if read.found is not None and self._accounts.note_read(read.found):
            self._showing.show_campaigns()
        self.start_surveillance()

    def _note(self, pausing: Pausing, before: AdCampaign | None = None) -> None:
        for halt in self._book.note(pausing, before):
            self._settle(halt.id)

    def _settle(self, halt_id: UUID) -> None:
        self._verdicts.settle(halt_id)
        self._write()

    # -- listing accounts -------------------------------------------------------------------------

    async def _listed(self, listed: Listed) -> None:
        account, now = self._accounts.by_name[listed.platform], self.clock.monotonic()
        account.busy = False
        held_back = self._held_back
        wide = [each for each in self._book.open() if account.is_covered(each) and each.id not in held_back]
        if listed.error is not None:
            account.note_failure(listed.error, now, urgent=bool(wide))
            if listed.error.kind == "auth":
                self._accounts.deny(listed.platform, listed.error.reason, self._gate)
        else:
            account.note_listing(listed.campaigns, now, self.clock.now())
            for halt in wide:
                await self._sweep(halt, account, listed.asked_at)
            swept = all(self._accounts.is_swept(halt) for halt in wide)
            account.due_at = now + (self._watch_s if swept else self._gap_s)
            self._surveillance.compare(account)
        self._gate.prove(account.name, account.staleness(now))
        self._showing.show_campaigns()
        self.start_surveillance()

    async def _sweep(self, halt: Halt, account: Account, asked_at: float) -> None:
        """Pause what the platform says is running, known to us or not."""
        found = self._coverage.of_listing(halt, account)
        await self._add(halt, found)
        self._accounts.note_sweep(halt, account.name, asked_at, complete=not found)
        self._settle(halt.id)

    # -- the log and the database -----------------------------------------------------------------

    async def _recall(self) -> None:
        """Take in what the log holds: halts of before a restart, and of commands that found us mute.

        A log that holds no halts any more means halted, unless this process knows what it held.
        """
        try:
            halts = await self._memory.recall()
        except HaltLogError as error:
            if self._memory.recalled:
                await self._memory.begin_anew(self._book.open())
            else:
                await self._distrust(str(error))
            return
        for halt in halts:
            if self._book.get(halt.id) is None:
                self._book.keep(halt)
                self._book.journal_trip(halt)
                self._held_back.add(halt.id)

    def _pursue_recalled(self) -> None:
        """The database says by now, or not at all, which of the recalled halts were resumed since."""
        for halt in self._book.open():
            if halt.id in self._held_back:
                self.execute_emergency_stop(halt)

    async def _distrust(self, reason: str) -> None:
        reason = f"{reason}; what it held is not known, so everything stops"
        halt = self._book.begin(TripHalt(scope=Scope(GLOBAL), reason=reason, by="rule:halt_log"))
        self._book.keep(halt)
        self._book.journal_trip(halt)
        await self._memory.begin_anew([halt])
        self.execute_emergency_stop(halt)

    async def _tick(self) -> None:
        self._gate.prove("clock", self._clocks.look())
        await self._recall()
        if self._memory.write_due and self._memory.recalled:
            await self._memory.record(self._book.open())
        for lost in self._lost_stops.find():
            await self.trigger_critical_failure(lost)
        now = self.clock.monotonic()
        for account in self._accounts.by_name.values():
            self._gate.prove(account.name, account.staleness(now))
        for halt in self._book.open():
            self._settle(halt.id)
        self._showing.show_campaigns()
        self._sync()
        self.after(TICK_S, Tick())  # never two at once, however long one takes

    def _write(self) -> None:
        if self._sync_again or not self._book.is_written:
            self._sync()

    def _sync(self) -> None:
        self._sync_again = self._syncing
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
        self._book.written(synced.events)
        if synced.events:
            self._committed.publish(EventsCommitted())
        for halt in synced.stored:
            await self._learn(halt)
        for halt in self._book.open():
            if halt.scope.kind == "sku" and halt.scope.parts[0] in synced.links:
                await self._link(halt, synced.links[halt.scope.parts[0]])
        self._pursue_recalled()
        self._gate.prove("store", None)
        self._write()

    async def _link(self, halt: Halt, campaigns: Sequence[Campaign]) -> None:
        """A halted SKU's campaigns are those linked to it, also when that was done after the halt."""
        self._verdicts.note_links(halt.id)
        await self._add(halt, self._coverage.missing(halt, campaigns))
        self._settle(halt.id)

    async def _add(self, halt: Halt, items: Sequence[HaltItem]) -> None:
        if not items:
            return
        self._book.keep(halt.with_items(items))
        await self._memory.record(self._book.open())
        self._pursue(item.campaign for item in items)
        self.start_surveillance()

    async def _learn(self, stored: Halt) -> None:
        """Take over what the database knows of a halt: of another host, or of before a restart."""
        known = self._book.get(stored.id)
        if known is None:
            self._book.keep(stored, written=True)
            if stored.is_open:
                self._memory.write_due = True
                self.execute_emergency_stop(stored)
        elif known.is_open and not stored.is_open:
            await self._end(stored.id, stored.last_stop)
        elif known.is_open and (better := informed(known, stored)) != known:
            self._book.keep(better)
            if len(better.items) > len(known.items) and stored.id not in self._held_back:
                self.execute_emergency_stop(better)
