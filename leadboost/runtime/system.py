"""The runtime: owns every actor and every task of the process."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from leadboost.clock import Clock, Rng, SystemClock
from leadboost.errors import ActorError
from leadboost.runtime.actor import Actor
from leadboost.runtime.cell import Cell
from leadboost.runtime.dead_letters import DeadLetter, DeadLetters
from leadboost.runtime.deadlines import Deadlines
from leadboost.runtime.ref import HANDLING, ActorRef
from leadboost.runtime.stats import ActorStats, describe
from leadboost.runtime.supervision import Child

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An actor or task failed; ``outcome``: ``restarted``, ``degraded``, ``escalated``, ``stop failed``."""

    name: str
    error: BaseException
    outcome: str


class Runtime:
    """Hosts supervised actors on the running event loop.

    ``on_failure`` hears of every restart, every actor given up, and every escalation: a critical
    actor beyond its restart intensity, or one whose control lane is full.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        rng: Rng | None = None,
        on_failure: Callable[[Failed], None] = lambda _: None,
        on_dead_letter: Callable[[DeadLetter], None] | None = None,
        introspection: bool = True,
    ) -> None:
        self.clock = clock or SystemClock()
        self.rng = rng or Rng()
        self.introspection = introspection
        self.deadlines = Deadlines()
        self.dead_letters = DeadLetters(on_dead_letter)
        self._on_failure = on_failure
        self._cells: dict[str, Cell] = {}
        self._tasks: dict[asyncio.Task[Any], str] = {}

    async def spawn(
        self, name: str, factory: Callable[[], Actor[Any]], child: Child | None = None
    ) -> ActorRef[Any]:
        """Start an actor; ``factory`` makes its first and every later instance.

        Raises what the first ``on_start`` raised, and ActorError when the name is taken.
        """
        if name in self._cells:
            raise ActorError(f"an actor named {name} exists already")
        cell = Cell(self, name, factory, child or Child())
        self._cells[name] = cell
        task = self.run_task(name, cell.run())
        try:
            await asyncio.shield(cell.started)
        except BaseException:  # whatever it was, the actor must not outlive its failed start
            task.cancel()
            self._cells.pop(name, None)
            raise
        return ActorRef(cell)

    async def stop(self, *names: str, drain_s: float = 0.0, finish_s: float = 1.0) -> list[str]:
        """Stop the named actors together, all of them when none is named.

        Each serves its queue for up to ``drain_s`` seconds, then may end its handler within
        ``finish_s``; what still runs is cancelled. Waiting askers get ActorStoppedError. Returns
        the names of those that had to be cancelled.
        """
        cells = [cell for name, cell in self._cells.items() if not names or name in names]
        for cell in reversed(cells):
            cell.request_stop(drain_s)
        tasks = [task for task, name in self._tasks.items() if any(cell.name == name for cell in cells)]
        late = await self._finish(tasks, drain_s + finish_s)
        for cell in cells:
            self._cells.pop(cell.name, None)
        return late

    async def _finish(self, tasks: list[asyncio.Task[Any]], within_s: float) -> list[str]:
        if not tasks:
            return []
        _, running = await asyncio.wait(tasks, timeout=within_s)
        late = sorted(self._tasks.get(task, task.get_name()) for task in running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=1.0)
        return late

    def run_task(self, name: str, work: Coroutine[Any, Any, T], *, reported: bool = True) -> asyncio.Task[T]:
        """Run a task that the runtime owns until ``close``.

        Its failure is reported as an escalation, unless its owner takes care of that itself.
        """
        context = copy_context()
        context.run(HANDLING.set, None)
        task = asyncio.get_running_loop().create_task(work, name=name, context=context)
        self._tasks[task] = name
        task.add_done_callback(self._reported if reported else self._forgotten)
        return task

    def _forgotten(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)

    def _reported(self, task: asyncio.Task[Any]) -> None:
        name = self._tasks.pop(task, task.get_name())
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._on_failure(Failed(name=name, error=error, outcome="escalated"))

    async def close(self, *, within_s: float = 1.0) -> list[str]:
        """Stop what is left and cancel every remaining task; returns the names of cancelled tasks."""
        await self.stop(finish_s=within_s)
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        return await self._finish(tasks, within_s)

    def failed(self, cell: Cell, error: BaseException, outcome: str) -> None:
        """Hear from a cell that its instance failed, and what follows."""
        self._on_failure(Failed(name=cell.name, error=error, outcome=outcome))

    def stats(self) -> list[ActorStats]:
        """Describe every actor, in start order."""
        return [describe(cell) for cell in self._cells.values()]
