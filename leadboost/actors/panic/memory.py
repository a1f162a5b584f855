"""Where halts are remembered: the local log, and the database when it answers."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

import structlog

from leadboost.actors.panic.book import RESUMED_KEPT
from leadboost.actors.panic.told import Synced
from leadboost.domain.gate import Gate
from leadboost.domain.halt import Halt
from leadboost.errors import HaltLogError, StoreError
from leadboost.ports import HaltLog, HaltStore, NewEvent

LOG_WITHIN_S = 1.0

RunAside = Callable[[Callable[[], Sequence[Halt] | None]], Awaitable[Sequence[Halt] | None]]
"""Runs a blocking call where it holds up nothing."""

_log = structlog.get_logger(__name__)


class HaltMemory:
    """Gives the gate the proofs ``halt_log`` and ``store``, or takes them away."""

    def __init__(self, log: HaltLog, store: HaltStore, gate: Gate, run_aside: RunAside) -> None:
        self._halt_log = log
        self._store = store
        self._gate = gate
        self._run_aside = run_aside
        self.log_due = False

    async def recall(self) -> Sequence[Halt]:
        """The halts of the log. Raises HaltLogError, or TimeoutError, when it cannot be trusted."""
        halts = await self._aside(self._halt_log.read)
        self._gate.prove("halt_log", None)
        return halts

    async def look(self) -> Sequence[Halt]:
        """As ``recall``; a log that cannot be read closes the gate, and is written again."""
        try:
            return await self.recall()
        except (HaltLogError, TimeoutError) as error:
            self._fail(error)
            return ()

    async def record(self, halts: Sequence[Halt], *, ended: Collection[UUID] = ()) -> None:
        """Write to the log. Where that fails the gate stays closed, and ``log_due`` asks for another try."""
        await self._write(lambda: self._halt_log.put(halts, ended=ended))

    async def begin_anew(self, halts: Sequence[Halt]) -> None:
        """Replace a log that could not be read."""
        await self._write(lambda: self._halt_log.replace(halts))

    async def _write(self, write: Callable[[], None]) -> None:
        self.log_due = False
        try:
            await self._aside(write)
        except (HaltLogError, TimeoutError) as error:
            self._fail(error)
        else:
            self._gate.prove("halt_log", None)

    def _fail(self, error: HaltLogError | TimeoutError) -> None:
        reason = str(error) or "the halt log did not answer in time"
        self.log_due = True
        self._gate.prove("halt_log", reason)
        _log.error("halt log out of reach", error=reason)

    async def sync(self, halts: Sequence[Halt], events: Sequence[NewEvent], skus: Collection[str]) -> Synced:
        """Write to the database, then read what it holds, other hosts' halts and linked campaigns too."""
        try:
            if halts or events:
                await self._store.save(halts, events)
            stored = await self._store.load(resumed=RESUMED_KEPT)
            links = await self._store.links(skus) if skus else {}
        except StoreError as error:
            return Synced(halts=halts, events=events, error=error)
        return Synced(halts=halts, events=events, stored=stored, links=links)

    async def _aside(self, call: Callable[[], Sequence[Halt] | None]) -> Sequence[Halt]:
        async with asyncio.timeout(LOG_WITHIN_S):
            return await self._run_aside(call) or ()
