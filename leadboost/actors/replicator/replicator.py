"""Replicator: copies accepted signals and what becomes of the model, on one host at a time."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import assert_never

import structlog

from leadboost.actors.replicator.batch import Batch, read_batch
from leadboost.errors import LeaseLostError, ReplicaError, StoreError
from leadboost.messages.health import ComponentHealth
from leadboost.messages.journal import EventsPage
from leadboost.ports import EventLog, Lease, LeaseStore, Replica, ReplicaProgress, ReplicaStore, SignalReader
from leadboost.runtime import Actor, Message

EVENTS = 100  # in a batch: small enough that nobody notices when it is read, encoded and sent
POLL_S = 2.0
SIGN_EVERY_S = 30.0
LONGEST_WAIT_S = 60.0
LOOK_AGAIN_S = 300.0
LONGEST_ASKED_S = 3_600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look(Message[None]):
    """Keep the lease, and carry on unless that is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept(Message[None]):
    """The lease, None while another host holds it."""

    lease: Lease | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _GoOn(Message[None]):
    """It is time for the next batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passed(Message[None]):
    """A pass under ``lease`` ended: ``progress`` stands, ``batch`` is left to be written, the journal ends
    at ``newest``."""

    lease: Lease
    progress: ReplicaProgress
    newest: int
    batch: Batch | None = None
    written: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed(Message[None]):
    """Work failed; what it did may or may not stand."""

    error: Exception
    keeping: bool = False


_Told = _Look | _Kept | _GoOn | _Passed | _Failed


class Replicator(Actor[_Told]):
    """Holds the lease named after the replica and writes batch after batch, each in a pass of its own.

    A pass that fails is tried again: soon and ever later where the service is busy, every five minutes
    where somebody has to do something first. In between only what is not settled is written again.

    ``health`` is told how the copy stands: RUNNING, WAITING for the service, or DEGRADED until somebody
    does what the detail says. ``follow_new_journal`` lets it begin anew where the journal is
    not the one copied so far. ``documents_per_s`` is the pace that is kept.
    """

    def __init__(
        self,
        *,
        replica: Replica,
        progress: ReplicaStore,
        events: EventLog,
        signals: SignalReader,
        leases: LeaseStore,
        holder: str,
        health: Callable[[ComponentHealth], None],
        follow_new_journal: bool = False,
        documents_per_s: float = 500.0,
        first_wait_s: float = 1.0,
    ) -> None:
        self._replica = replica
        self._store = progress
        self._events = events
        self._signals = signals
        self._leases = leases
        self._holder = holder
        self._health = health
        self._follows = follow_new_journal
        self._documents_per_s = documents_per_s
        self._first_wait_s = self._wait_s = first_wait_s
        self._lease: Lease | None = None
        self._keeping = self._passing = False
        self._not_before = float("-inf")
        self._progress: ReplicaProgress | None = None
        self._newest = 0
        self._batch: Batch | None = None
        self._signed: ReplicaProgress | None = None
        self._sign_at = float("-inf")
        self._trouble: str | None = None

    async def on_start(self) -> None:
        self._tell("STARTING", None)
        self.every(POLL_S, _Look())
        self._look()

    async def on_stop(self) -> None:
        if self._lease is not None:
            with suppress(StoreError):  # it runs out by itself
                await self._leases.release(self._lease)

    async def receive(self, message: _Told) -> None:
        match message:
            case _Look():
                self._look()
            case _Kept(lease=lease):
                self._kept(lease)
            case _GoOn():
                self._go_on()
            case _Passed():
                self._passed(message)
            case _Failed():
                self._failed(message)
            case _:
                assert_never(message)

    # -- on one host at a time --------------------------------------------------------------------

    def _look(self) -> None:
        if not self._keeping:
            self._keeping = True
            self.spawn(
                "keep lease",
                self._leases.keep(self._replica.name, self._holder, self._lease),
                then=lambda lease: _Kept(lease=lease),
                otherwise=lambda error: _Failed(error=error, keeping=True),
            )

    def _kept(self, lease: Lease | None) -> None:
        self._keeping = False
        if lease is None or self._lease is None or lease.epoch != self._lease.epoch:
            self._forget()
        self._lease = lease
        if lease is None:
            self._tell("RUNNING", "another host copies")
        self._go_on()

    def _forget(self) -> None:
        """Another host may have gone on in the meantime, or what was stored last is not known."""
        self._progress = self._batch = self._signed = None

    # -- copying ----------------------------------------------------------------------------------

    def _go_on(self) -> None:
        lease, now = self._lease, self.clock.monotonic()
        if self._passing or lease is None or now >= lease.trusted_until or now < self._not_before:
            return
        self._passing = True
        self.spawn(
            "copy", self._pass(lease), then=lambda passed: passed, otherwise=lambda e: _Failed(error=e)
        )

    async def _pass(self, lease: Lease) -> _Passed:
        """Write one batch, or what is left of it, and store that it is done."""
        batch, progress, newest = self._batch, self._progress, self._newest
        if batch is None or progress is None:
            progress, page = await self._read_on()
            newest = page.offset
            if progress != self._signed and self.clock.monotonic() >= self._sign_at:
                await self._sign(progress)
            if not page.events:
                return _Passed(lease=lease, progress=progress, newest=newest)
            batch = await read_batch(page, self._signals)
        written = len(batch.documents)
        if batch.documents:
            batch = batch.after(await self._replica.write(batch.documents))
        if batch.documents:
            return _Passed(lease=lease, progress=progress, newest=newest, batch=batch, written=written)
        progress = batch.added_to(progress)
        await self._store.save(progress, lease)
        return _Passed(lease=lease, progress=progress, newest=newest, written=written)

    async def _read_on(self) -> tuple[ReplicaProgress, EventsPage]:
        progress = self._progress or await self._store.load(self._replica.destination)
        if progress is None:
            return await self._begin(ReplicaProgress(destination=self._replica.destination, epoch=""))
        page = await self._events.read(since=progress.offset, epoch=progress.epoch, limit=EVENTS)
        if page.recovered:
            return progress, page
        if not self._follows:
            raise ReplicaError(self._replica.name, self._other_journal(progress, page), lasting=True)
        _log.warning("another journal is copied from its beginning", epoch=page.epoch, before=progress.epoch)
        return await self._begin(progress)

    async def _begin(self, progress: ReplicaProgress) -> tuple[ReplicaProgress, EventsPage]:
        """Go to the beginning of the present journal."""
        page = await self._events.read(since=0, epoch=None, limit=EVENTS)
        if not page.recovered:
            raise ReplicaError(self._replica.name, "the beginning of the journal is gone", lasting=True)
        return replace(progress, epoch=page.epoch, offset=0), page

    def _other_journal(self, progress: ReplicaProgress, page: EventsPage) -> str:
        told = "the journal is another one" if page.epoch != progress.epoch else "the journal was set back"
        return (
            f"{told} than was copied so far; if that is right, set connectors.{self._replica.name}"
            ".follow_new_journal = true to copy it from its beginning"
        )

    async def _sign(self, progress: ReplicaProgress) -> None:
        """The first one of a term also shows whether this place takes anything at all."""
        await self._replica.sign(progress)
        self._signed = progress
        self._sign_at = self.clock.monotonic() + SIGN_EVERY_S

    def _passed(self, passed: _Passed) -> None:
        self._passing = False
        if self._lease is None or self._lease.epoch != passed.lease.epoch:
            return  # another host may have gone on since
        self._progress, self._batch, self._newest = passed.progress, passed.batch, passed.newest
        if passed.batch is not None:
            self._wait(f"{len(passed.batch.documents)} documents have to be written again", None)
            return
        if self._trouble is not None:
            _log.info("copying again", replica=self._replica.name)
        self._trouble, self._wait_s = None, self._first_wait_s
        self._tell_progress(passed)
        if passed.progress.offset < passed.newest:
            pause_s = passed.written / self._documents_per_s
            self._not_before = self.clock.monotonic() + pause_s
            self.after(pause_s, _GoOn())

    def _failed(self, failed: _Failed) -> None:
        error = failed.error
        if failed.keeping:
            self._keeping = False
        else:
            self._passing = False
        if isinstance(error, ReplicaError):
            self._wait(error.reason, error.retry_after_s, lasting=error.lasting)
        elif isinstance(error, StoreError):
            self._forget()
            if isinstance(error, LeaseLostError):
                self._lease = None
            self._wait(str(error), None)
        else:
            raise error

    def _wait(self, reason: str, asked_s: float | None, *, lasting: bool = False) -> None:
        if lasting:
            wait_s = LOOK_AGAIN_S
        else:
            wait_s = self._wait_s * self.rng.uniform(0.5, 1.0)
            self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        wait_s = max(wait_s, min(asked_s or 0.0, LONGEST_ASKED_S))
        self._not_before = self.clock.monotonic() + wait_s
        self.after(wait_s, _GoOn())
        self._tell("DEGRADED" if lasting else "WAITING", reason)
        if self._trouble is None:
            _log.warning("copying failed", replica=self._replica.name, reason=reason, lasting=lasting)
        self._trouble = reason

    # -- what is shown ----------------------------------------------------------------------------

    def _tell_progress(self, passed: _Passed) -> None:
        progress = passed.progress
        doing = "up to date" if progress.offset >= passed.newest else "copying"
        detail = f"{doing}, {progress.documents:,} documents, offset {progress.offset:,} of {passed.newest:,}"
        if progress.left_out:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(progress.left_out.items()))
            detail += f"; left out: {kinds}"
        self._tell("RUNNING", detail)

    def _tell(self, state: str, detail: str | None) -> None:
        self._health(ComponentHealth(name=self._replica.name, state=state, detail=detail))
