"""A pass: what was noted is stored, the journal is read on, and what is due is found."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from leadboost.actors.alerter.direct import DATABASE, Direct
from leadboost.actors.alerter.told import Passed
from leadboost.clock import Clock
from leadboost.domain.alerting.alert import Change, Policy, Recipient, Resolve
from leadboost.domain.alerting.events import changes_of, changes_of_halts
from leadboost.errors import ActorError
from leadboost.messages.panic import GetSafety
from leadboost.ports import AlertProgress, AlertStore, Delivery, EventLog, Lease, LeaseStore
from leadboost.runtime import ActorRef

MOST, LEAST = 100, 5  # events, or changes, in one transaction
ASK_WITHIN_S = 2.0
FORGET_EVERY_S = 3_600.0
LEASE = "alerts"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What a pass reads and writes; ``holder`` names this start of this host, None one that leaves reading
    the journal and sending to others."""

    alerts: AlertStore
    events: EventLog
    leases: LeaseStore
    holder: str | None


class Passes:
    """One at a time. Only the holder of the lease ``alerts`` reads the journal, and sends."""

    def __init__(
        self,
        stores: Stores,
        policy: Policy,
        recipients: Sequence[Recipient],
        panic: ActorRef[GetSafety],
        clock: Clock,
    ) -> None:
        self._alerts = stores.alerts
        self._stores = stores
        self._policy = policy
        self._recipients = recipients
        self._panic = panic
        self._clock = clock
        self._forget_at = float("-inf")
        self._at_once = MOST
        self._lease: Lease | None = None
        self._progress: AlertProgress | None = None

    async def run(self, noted: Sequence[Change], direct: Direct, free: Sequence[str]) -> Passed:
        """``free`` are the channels that something may be sent by. Raises StoreError."""
        noted = noted[: self._at_once]
        await self._take_in(noted, direct)
        holder = self._stores.holder
        lease = None if holder is None else await self._stores.leases.keep(LEASE, holder, self._lease)
        if lease is None or self._lease is None or lease.epoch != self._lease.epoch:
            self._progress = None  # another host may have gone on
        self._lease = lease
        more, due = False, list[Delivery]()
        if lease is not None:
            more = await self._read_on(lease)
            await self._alerts.pass_on(self._policy, self._recipients, lease)
            due = list(await self._alerts.due(free))
            await self._forget()
        self._at_once = min(2 * self._at_once, MOST)
        return Passed(applied=len(noted), due=due, counts=await self._alerts.counts(), more=more)

    async def resign(self) -> None:
        """Let another host go on at once. Raises StoreError."""
        if self._lease is not None:
            await self._stores.leases.release(self._lease)

    def forget(self) -> None:
        """What was stored last is not known; less at once may fit into the time that a slow database has."""
        self._lease = self._progress = None
        self._at_once = max(self._at_once // 2, LEAST)

    async def _take_in(self, noted: Sequence[Change], direct: Direct) -> None:
        changes = [*direct.raises, *noted]
        if direct.raises:
            changes.append(Resolve(key=DATABASE, at=self._clock.now()))
        if changes:
            await self._alerts.apply(changes, self._policy, self._recipients, told=direct.told)

    async def _read_on(self, lease: Lease) -> bool:
        """Read one page of the journal; whether there is more."""
        progress = self._progress or await self._alerts.progress()
        if progress is None:
            await self._begin(lease)
            return False
        page = await self._stores.events.read(
            since=progress.offset, epoch=progress.epoch, limit=self._at_once
        )
        if not page.recovered:
            _log.warning("the journal is another one; alerts begin anew with it", epoch=page.epoch)
            await self._begin(lease)
            return False
        if page.events:
            progress = AlertProgress(epoch=page.epoch, offset=page.events[-1].offset)
            changes = [change for each in page.events for change in changes_of(each.kind, each.data, each.at)]
            await self._alerts.apply(changes, self._policy, self._recipients, progress=progress, lease=lease)
        self._progress = progress
        return progress.offset < page.offset

    async def _begin(self, lease: Lease) -> None:
        """Leave what was before alone, but for the halts that still hold."""
        page = await self._stores.events.read(since=0, epoch=None, limit=1)
        progress = AlertProgress(epoch=page.epoch, offset=page.offset)
        halts = await self.halts()
        await self._alerts.apply(halts, self._policy, self._recipients, progress=progress, lease=lease)
        self._progress = progress

    async def halts(self) -> Sequence[Change]:
        """What the halts that hold now have to be heard of; nothing while the kill switch is away."""
        with suppress(ActorError):
            return changes_of_halts((await self._panic.ask(GetSafety(), timeout_s=ASK_WITHIN_S)).halts)
        return ()

    async def _forget(self) -> None:
        if self._clock.monotonic() >= self._forget_at:
            self._forget_at = self._clock.monotonic() + FORGET_EVERY_S
            await self._alerts.forget_old()
