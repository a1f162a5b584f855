"""Where halts are remembered: the local log, and the database when it answers."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import structlog

from leadboost.actors.panic.book import RESUMED_KEPT
from leadboost.actors.panic.told import Synced
from leadboost.domain.gate import Gate
from leadboost.domain.halt import Halt
from leadboost.errors import HaltLogError, StoreError
from leadboost.ports import HaltLog, HaltStore, NewEvent

LOG_WITHIN_S = 1.0

Call = Callable[[], Sequence[Halt] | None]
RunAside = Callable[[Call], Awaitable[Sequence[Halt] | None]]
"""Runs blocking calls one after the other, where they hold up nothing."""

_Result = tuple[Sequence[Halt] | None]

_log = structlog.get_logger(__name__)


class HaltMemory:
    """Gives the gate the proofs ``halt_log`` and ``store``, or takes them away.

    A call of the log that takes longer than a second is left alone; until it comes back, no other is
    begun: a hanging disk costs one trip a second, and no pause anything.
    """

    def __init__(self, log: HaltLog, store: HaltStore, gate: Gate, run_aside: RunAside | None) -> None:
        self._halt_log = log
        self._store = store
        self._gate = gate
        self._run_aside = run_aside or _one_thread()
        self._under_way: asyncio.Future[_Result] | None = None
        self._ended: set[UUID] = set()
        self.recalled = False
        self.write_due = False

    async def recall(self) -> Sequence[Halt]:
        """The halts of the log; none while it does not answer, which keeps the gate closed.

        Raises HaltLogError when what is there cannot be trusted.
        """
        try:
            halts = await self._aside(self._halt_log.read)
        except (HaltLogError, TimeoutError) as error:
            self._fail(error)
            if isinstance(error, HaltLogError) and error.damaged:
                raise
            return ()
        self.recalled = True
        if not self.write_due:
            self._gate.prove("halt_log", None)
        return halts

    async def record(self, halts: Sequence[Halt], *, ended: Collection[UUID] = ()) -> None:
        """Write all open halts; what cannot be written now, and every end, is written later."""
        self._ended.update(ended)
        going = frozenset(self._ended)
        await self._write(lambda: self._halt_log.put(halts, ended=going), going)

    async def begin_anew(self, halts: Sequence[Halt]) -> None:
        """Replace a log that holds no halts any more."""
        await self._write(lambda: self._halt_log.replace(halts), frozenset(self._ended))

    async def _write(self, write: Callable[[], None], ended: frozenset[UUID]) -> None:
        try:
            await self._aside(write)
        except (HaltLogError, TimeoutError) as error:
            self.write_due = True
            self._fail(error)
            return
        self.write_due, self.recalled = False, True
        self._ended -= ended
        self._gate.prove("halt_log", None)

    def _fail(self, error: HaltLogError | TimeoutError) -> None:
        reason = str(error) or "the halt log did not answer in time"
        self._gate.prove("halt_log", reason)
        _log.error("halt log out of reach", error=reason)

    async def _aside(self, call: Call) -> Sequence[Halt]:
        if self._under_way is not None and not self._under_way.done():
            raise TimeoutError("the halt log does not answer")
        self._under_way = under_way = asyncio.gather(self._run_aside(call))
        under_way.add_done_callback(_forget)
        async with asyncio.timeout(LOG_WITHIN_S):
            (halts,) = await asyncio.shield(under_way)
        return halts or ()

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


def _forget(done: "asyncio.Future[_Result]") -> None:
    if not done.cancelled():
        done.exception()  # told when it was waited for, or too late to matter


def _one_thread() -> RunAside:
    """A thread of its own: what else blocks in this process must not hold up a halt."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="halt-log")

    async def run(call: Call) -> Sequence[Halt] | None:
        return await asyncio.get_running_loop().run_in_executor(thread, call)

    return run
