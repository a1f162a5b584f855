"""Work that an actor owns: it runs beside the handler and comes back as a private message."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from leadboost.errors import ActorError, WorkLimitError
from leadboost.runtime.message import Message

if TYPE_CHECKING:
    from leadboost.runtime.cell import Cell

T = TypeVar("T")

Then = Callable[[Any], Message[Any]]
Otherwise = Callable[[Exception], Message[Any] | None]


class Later:
    """Stands for the answer to an ask, while the work that makes it is under way."""

    __slots__ = ("answer", "task")

    def __init__(self, task: asyncio.Task[Any], answer: Callable[[Any], object]) -> None:
        self.task = task
        self.answer = answer


class Work:
    """The pieces of work under way for the current instance of one actor."""

    __slots__ = ("_cell", "_tasks", "limit")

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self.limit = 0

    def spawn(
        self, name: str, work: Coroutine[Any, Any, T], then: Then | None, otherwise: Otherwise | None
    ) -> asyncio.Task[T]:
        """Start a piece; see Actor.spawn."""
        if len(self._tasks) >= self.limit:
            work.close()
            raise WorkLimitError(self._cell.name, self.limit)
        task = self._cell.runtime.run_task(f"{self._cell.name}/{name}", work, reported=False)
        self._tasks[task] = name
        task.add_done_callback(lambda task: self._ended(task, then, otherwise))
        return task

    def _ended(self, task: asyncio.Task[Any], then: Then | None, otherwise: Otherwise | None) -> None:
        error = _error_of(task)
        if self._tasks.pop(task, None) is None:
            return  # of an instance that has ended
        try:
            if error is None:
                message = then(task.result()) if then is not None else None
            elif otherwise is not None and isinstance(error, Exception):
                message = otherwise(error)
            else:
                raise error
        except BaseException as failure:  # whatever it is, the supervisor decides
            self._cell.fail(failure)
        else:
            if message is not None:
                self._cell.deliver(message)

    def names(self) -> list[str]:
        """What is under way."""
        return sorted(self._tasks.values())

    def cancel(self) -> None:
        """End all of it; its results will reach nobody."""
        tasks = list(self._tasks)
        self._tasks.clear()
        for task in tasks:
            task.cancel()


def _error_of(task: asyncio.Task[Any]) -> BaseException | None:
    if task.cancelled():
        return ActorError("something that the work awaited was cancelled")
    return task.exception()
