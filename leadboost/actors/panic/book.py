"""Every halt that this process knows of, and what of it the database does not have yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from leadboost.clock import Clock, Rng, uuid7
from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.gate import Gate
from leadboost.domain.halt import Halt, HaltItem, HaltState, Latch, Scope, latch_of
from leadboost.domain.pausing import Pausing
from leadboost.messages.panic import NoteApproval, SafetyStatus, TripHalt
from leadboost.ports import NewEvent

RESUMED_KEPT = 50
RESUMED_SHOWN = 5
EVENTS_KEPT = 10_000


class HaltBook:
    """Keeps halts and the gate in step: an open halt in here is a latch there."""

    def __init__(self, gate: Gate, *, clock: Clock, rng: Rng) -> None:
        self._gate = gate
        self._clock = clock
        self._rng = rng
        self._halts: dict[UUID, Halt] = {}
        self._holders: dict[Campaign, set[UUID]] = {}
        self._places: dict[UUID, dict[Campaign, int]] = {}
        self._unwritten: set[UUID] = set()
        self._events: dict[UUID, NewEvent] = {}
        self._told: set[UUID] = set()

    def begin(self, trip: TripHalt) -> Halt:
        """A new halt, which is not kept yet."""
        return Halt(
            id=uuid7(self._clock, self._rng),
            scope=trip.scope,
            reason=trip.reason.encode("utf-8", "replace").decode(),
            tripped_by=trip.by,
            tripped_at=self._clock.now(),
        )

    def open(self) -> list[Halt]:
        """Those that hold."""
        return [halt for halt in self._halts.values() if halt.is_open]

    def get(self, halt_id: UUID) -> Halt | None:
        """One of them."""
        return self._halts.get(halt_id)

    def of_scope(self, scope: Scope) -> Halt | None:
        """The open halt of exactly this scope."""
        return next((halt for halt in self.open() if halt.scope == scope), None)

    def holding(self, campaign: Campaign) -> list[Halt]:
        """Open halts that pause the campaign."""
        return [self._halts[halt_id] for halt_id in self._holders.get(campaign, ())]

    def items(self, campaign: Campaign) -> list[HaltItem]:
        """What open halts have of the campaign."""
        return [halt.items[self._places[halt.id][campaign]] for halt in self.holding(campaign)]

    def needs_look(self, campaign: Campaign) -> bool:
        """Whether nobody knows yet what ran before the first pause."""
        return all(item.was_active is None for item in self.items(campaign))

    def keep(self, halt: Halt, *, written: bool = False) -> None:
        """Take a halt as it is now; ``written`` where it came from the database."""
        known = self._halts.get(halt.id)
        if known == halt:
            return
        self._halts[halt.id] = halt
        if halt.is_open and (
            known is None or (known.scope, len(known.items)) != (halt.scope, len(halt.items))
        ):
            self._places[halt.id] = {item.campaign: place for place, item in enumerate(halt.items)}
            for campaign in self._places[halt.id]:
                self._holders.setdefault(campaign, set()).add(halt.id)
            self._gate.latch(halt.id, halt.scope, (item.campaign for item in halt.items))
        if not written:
            self._unwritten.add(halt.id)

    def hear(self, halt: Halt) -> bool:
        """Take in a halt of another host; False for one that is known, which stays as it is."""
        known = self._halts.get(halt.id)
        if known is None:
            self.keep(halt)
            self.journal_trip(halt)
        elif not known.is_open:
            self._gate.release(halt.id)
        return known is None

    def end(self, halt: Halt) -> None:
        """It was resumed in the database. A campaign that another halt holds is that one's to enable."""
        self._halts[halt.id] = replace(halt, state=HaltState.RESUMED)
        self._unwritten.discard(halt.id)
        self._places.pop(halt.id, None)
        for item in halt.items:
            holders = self._holders.get(item.campaign, set())
            holders.discard(halt.id)
            if not holders:
                self._holders.pop(item.campaign, None)
            elif item.was_active:
                self._pass_on(self._halts[next(iter(holders))], item.campaign)
        resumed = [each for each in self._halts.values() if not each.is_open]
        for old in sorted(resumed, key=lambda each: each.tripped_at)[:-RESUMED_KEPT]:
            del self._halts[old.id]
            self._told -= {UUID(int=old.id.int ^ 1), UUID(int=old.id.int ^ 2)}

    def _pass_on(self, halt: Halt, campaign: Campaign) -> None:
        held = halt.item(campaign)
        if held is not None:
            self.keep(halt.with_item(replace(held, was_active=True)))

    def release(self, halt: Halt) -> None:
        """Open the gate for what it covered."""
        self._gate.release(halt.id)

    def note(self, pausing: Pausing, before: AdCampaign | None) -> list[Halt]:
        """Let every halt of the campaign say how far it is; returns those that changed.

        ``before`` is what the campaign was before its first pause.
        """
        changed = []
        for halt in self.holding(pausing.campaign):
            place = self._places[halt.id][pausing.campaign]
            old = halt.items[place]
            if (new := _progress(old, pausing, before)) == old:
                continue
            changed.append(replace(halt, items=(*halt.items[:place], new, *halt.items[place + 1 :])))
            self.keep(changed[-1])
            if new.status is not old.status:
                self.journal("panic.item", _item_event(halt, new))
        return changed

    def note_approval(self, noted: NoteApproval) -> int:
        """These persons have approved its end, as the database has it; returns how many are needed."""
        if (halt := self._halts.get(noted.halt_id)) is not None:
            self.keep(replace(halt, approvals=noted.approvals), written=True)
        return noted.needed

    # -- for the database -------------------------------------------------------------------------

    def journal(
        self, kind: str, data: Mapping[str, object], *, id: UUID | None = None, once: bool = False
    ) -> None:
        """Queue an event; of very many, while the database is away, the oldest are lost.

        With ``once`` an event of this ``id`` is told once by this process, and stands once whoever tells.
        """
        if once and id in self._told:
            return
        id = id or uuid7(self._clock, self._rng)
        if once:
            self._told.add(id)
        event = NewEvent(id=id, kind=kind, at=self._clock.now(), data=data)
        self._events[event.id] = event
        if len(self._events) > EVENTS_KEPT:
            del self._events[next(iter(self._events))]

    def journal_trip(self, halt: Halt, trip: TripHalt | None = None, *, again: bool = False) -> None:
        """Tell of a halt once, whoever tells first; of a person's every stop."""
        data = {"id": str(halt.id), "scope": str(halt.scope), "reason": halt.reason}
        if trip is not None and trip.evidence is not None:
            breached = {**data, "rule": trip.by, **trip.evidence}
            self.journal("safety.breached", breached, id=UUID(int=halt.id.int ^ 2), once=True)
        told = {**data, "tripped_by": halt.tripped_by}
        self.journal("panic.tripped", told, id=UUID(int=halt.id.int ^ 1), once=True)
        if trip is not None and again:
            self.journal("panic.tripped", {**told, "reason": trip.reason, "tripped_by": trip.by})

    @property
    def is_written(self) -> bool:
        """Whether the database has all of it, as far as nothing failed."""
        return not (self._unwritten or self._events)

    def unwritten(self) -> tuple[Sequence[Halt], Sequence[NewEvent]]:
        """What is to be written; the halts count as written until ``not_written``."""
        halts = [self._halts[halt_id] for halt_id in self._unwritten]
        self._unwritten.clear()
        return halts, list(self._events.values())

    def written(self, events: Sequence[NewEvent]) -> None:
        """These events stand in the database."""
        for event in events:
            self._events.pop(event.id, None)

    def not_written(self, halts: Sequence[Halt]) -> None:
        """Writing these failed."""
        self._unwritten.update(halt.id for halt in halts if halt.id in self._halts)

    # -- for viewers ------------------------------------------------------------------------------

    def status(self, needed: int) -> SafetyStatus:
        """How things stand."""
        halts = sorted(self._halts.values(), key=lambda each: each.tripped_at, reverse=True)
        shown = [each.id for each in halts if not each.is_open][:RESUMED_SHOWN]
        wide = [each for each in halts if each.is_open and each.scope.is_global]
        reducing = self._gate.reducing()
        latch = latch_of(halts)
        if latch is Latch.ACTIVE and any(scope.is_global for scope in reducing):
            latch = Latch.REDUCING
        return SafetyStatus(
            state=latch,
            reducing=reducing,
            since=wide[-1].tripped_at if wide else None,
            reason=wide[-1].reason if wide else None,
            gate_reasons=self._gate.reasons(),
            halts=tuple(each for each in halts if each.is_open or each.id in shown),
            needed=needed,
        )


def known_as(item: HaltItem, read: AdCampaign) -> HaltItem:
    """The item with what a read says that was not known before."""
    return replace(
        item,
        name=item.name or read.name,
        was_active=read.is_active if item.was_active is None else item.was_active,
        daily_budget_micros=read.daily_budget_micros,
        currency=read.currency,
    )


def _progress(item: HaltItem, pausing: Pausing, before: AdCampaign | None) -> HaltItem:
    return replace(
        known_as(item, before) if before is not None else item,
        status=pausing.status,
        attempts=pausing.attempts,
        error=pausing.error,
        confirmed_at=pausing.confirmed_at,
    )


def _item_event(halt: Halt, item: HaltItem) -> dict[str, object]:
    return {
        "id": str(halt.id),
        "platform": item.campaign.platform,
        "campaign_id": item.campaign.campaign_id,
        "name": item.name,
        "status": str(item.status),
        "attempts": item.attempts,
        "error": item.error,
    }
