"""The base class of actors."""

import types
from collections.abc import Callable, Coroutine, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, Union, get_args, get_origin

from leadboost.clock import Clock, Rng
from leadboost.runtime.message import Message
from leadboost.runtime.work import Later

if TYPE_CHECKING:
    from leadboost.runtime.cell import Cell

M = TypeVar("M", bound=Message[Any])
T = TypeVar("T")
R = TypeVar("R")


class Timer(Protocol):
    """A running timer."""

    def cancel(self) -> None:
        """Stop it; harmless when it already ended."""
        ...


class Actor(Generic[M]):
    """One component: a mailbox, and state that only its own handler touches.

    A subclass names all it accepts, ``class Scout(Actor[Sweep | Mute])``, and implements
    ``receive``; or it sets ``batch_size`` above 1 and implements ``receive_batch``. The runtime
    makes a new instance for every restart, so nothing may be held that cannot be lost.
    """

    batch_size: ClassVar[int] = 1
    max_work: ClassVar[int] = 64

    name: str
    clock: Clock
    rng: Rng
    _cell: "Cell"

    async def on_start(self) -> None:
        """Load durable state. An error here fails the start, or counts as a restart."""

    async def on_stop(self) -> None:
        """Release what was acquired. Called once on an orderly stop, not after a failure."""

    async def on_gap(self, count: int) -> None:
        """Learn that ``count`` events were dropped from the full event lane; reload what they told."""

    async def receive(self, message: M) -> object:
        """Handle one message; the result answers an ask, an error goes to the asker."""
        raise TypeError(f"{type(self).__name__} has no receive for {type(message).__name__}")

    async def receive_batch(self, messages: Sequence[M]) -> Sequence[object]:
        """Handle messages of one lane in arrival order; one result or exception for each."""
        raise TypeError(f"{type(self).__name__} has no receive_batch for {len(messages)} messages")

    def spawn(
        self,
        name: str,
        work: Coroutine[Any, Any, T],
        *,
        then: Callable[[T], M] | None = None,
        otherwise: Callable[[Exception], M] | None = None,
    ) -> None:
        """Run work outside the handler, so that control never waits behind it.

        Its result arrives as the private message ``then(result)``, its error as
        ``otherwise(error)``; without ``otherwise`` an error fails the actor. The work ends with
        the actor's instance. Raises WorkLimitError when ``max_work`` items are under way.
        """
        self._cell.work.spawn(name, work, then, otherwise)

    def answer_later(
        self,
        name: str,
        work: Coroutine[Any, Any, T],
        *,
        answer: Callable[[T], R],
        then: Callable[[T], M] | None = None,
    ) -> Later:
        """Run work as ``spawn`` does; the handler returns this, and its asker gets the answer once made.

        An error goes to the asker alone. An ask that has expired does not end the work: what must not
        happen after ``asked_until`` is for the work to leave. Raises WorkLimitError.
        """
        task = self._cell.work.spawn(name, work, then, lambda _: None)
        return Later(task, answer)

    @property
    def asked_until(self) -> float:
        """When the asker of what is handled now stops waiting, on ``clock.monotonic()``; inf without one."""
        return self._cell.deadline

    def after(self, delay_s: float, message: M) -> Timer:
        """Tell this actor ``message`` once, ``delay_s`` seconds from now."""
        return self._cell.start_timer(delay_s, None, 0.0, message)

    def every(self, period_s: float, message: M, *, jitter: float = 0.0) -> Timer:
        """Tell this actor ``message`` every ``period_s`` seconds, plus up to ``jitter`` of that each time."""
        return self._cell.start_timer(period_s, period_s, jitter, message)


class _Anything(frozenset[type]):
    """The types accepted by an actor that names none."""

    def __contains__(self, _: object) -> bool:
        return True


@cache
def accepted_types(actor: type[Actor[Any]]) -> frozenset[type]:
    """Read the union in ``Actor[...]`` of a subclass; everything, when it names no concrete types."""
    for base in getattr(actor, "__orig_bases__", ()):
        origin = get_origin(base)
        if isinstance(origin, type) and issubclass(origin, Actor):
            return _concrete(get_args(base)[0])
    return _Anything()


def _concrete(annotation: Any) -> frozenset[type]:
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [_concrete(part) for part in get_args(annotation)]
        loose = [part for part in parts if isinstance(part, _Anything)]
        return loose[0] if loose else frozenset().union(*parts)
    annotation = get_origin(annotation) or annotation
    if isinstance(annotation, type) and annotation not in (Message, Any):
        return frozenset({annotation})
    return _Anything()
