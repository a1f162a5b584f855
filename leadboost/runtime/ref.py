"""The handle through which an actor is reached."""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from leadboost.errors import ActorStoppedError, AskTimeoutError, MailboxFullError, UnexpectedMessageError
from leadboost.runtime.actor import M
from leadboost.runtime.envelope import Envelope
from leadboost.runtime.message import Lane, Message
from leadboost.runtime.waits import refuse_cycle

if TYPE_CHECKING:
    from leadboost.runtime.cell import Cell

R = TypeVar("R")

HANDLING: "ContextVar[Cell | None]" = ContextVar("handling", default=None)
"""The actor whose handler is running; None in spawned work and outside actors."""

_COMMAND = Lane.COMMAND


class ActorRef(Generic[M]):
    """Tells and asks one actor. It stays valid across the actor's restarts."""

    __slots__ = ("_cell", "_command", "_items", "_mailbox")

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell
        self._mailbox = cell.mailbox
        self._command = cell.mailbox.command
        self._items = cell.mailbox.command.items

    @property
    def name(self) -> str:
        """The actor's name, unique in its runtime."""
        return self._cell.name

    def tell(self, message: M) -> None:
        """Queue a message and return at once.

        A message that cannot be queued becomes a dead letter, and MailboxFullError or
        ActorStoppedError is raised; escaping from a handler, neither restarts its actor.
        """
        if message.lane is _COMMAND and len(items := self._items) < self._command.bound:
            items.append(message)
            if self._mailbox.waiter is not None:
                self._mailbox.wake()
        else:
            self._tell_slowly(message)

    def _tell_slowly(self, message: M) -> None:
        cell = self._cell
        if cell.closed:
            cell.settlement.lose(message, "stopped")
            raise ActorStoppedError(cell.name)
        if not cell.mailbox.put(message, message.lane):
            cell.settlement.lose(message, "mailbox_full")
            cell.overflowed(message.lane)
            raise MailboxFullError(cell.name)

    async def ask(self, message: Message[R], *, timeout_s: float = 2.0) -> R:
        """Send a message and wait for its reply.

        Inside a handler that answers an ask itself, the wait ends no later than that ask's own
        deadline. Raises AskTimeoutError at the deadline, MailboxFullError, ActorStoppedError,
        UnexpectedMessageError, AskCycleError when the actors would wait for each other in a
        circle, or whatever the handler raised.
        """
        cell = self._cell
        now = cell.loop_time()
        deadline = now + timeout_s
        if (caller := HANDLING.get()) is not None:
            deadline = min(deadline, caller.deadline)
            refuse_cycle(caller, cell)
        if cell.closed or deadline <= now or type(message) not in cell.accepts:
            raise self._refusal(message)
        envelope = Envelope(message, cell.new_future(), deadline)
        deadlines = cell.runtime.deadlines
        tick = deadlines.add(envelope, cell.name)
        if message.lane is _COMMAND and len(self._items) < self._command.bound:
            self._items.append(envelope)
            if self._mailbox.waiter is not None:
                self._mailbox.wake()
        elif not self._mailbox.put(envelope, message.lane):
            deadlines.remove(envelope, tick)
            cell.overflowed(message.lane)
            raise MailboxFullError(cell.name)
        if caller is not None:
            caller.waits_for.append(cell)
        try:
            result: R = await envelope.reply  # type: ignore[misc]  # just made: not None
            return result
        finally:
            deadlines.remove(envelope, tick)
            if caller is not None:
                caller.waits_for.remove(cell)

    def _refusal(self, message: Message[Any]) -> Exception:
        cell = self._cell
        if cell.closed:
            return ActorStoppedError(cell.name)
        if type(message) not in cell.accepts:
            return UnexpectedMessageError(cell.name, type(message).__name__)
        return AskTimeoutError(cell.name, type(message).__name__)
