"""In-process publish and subscribe."""

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from leadboost.errors import ActorStoppedError
from leadboost.runtime.message import Event

if TYPE_CHECKING:
    from leadboost.runtime.ref import ActorRef

E = TypeVar("E", bound=Event)


class Topic(Generic[E]):
    """Passes each event to the event lane of every subscriber, in the order published.

    A slow subscriber loses its oldest events and is told of the gap; it never slows the others.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._subscribers: tuple[ActorRef[Any], ...] = ()

    def subscribe(self, ref: "ActorRef[Any]") -> None:
        """Add a subscriber; twice is once. It stays subscribed across its restarts."""
        if ref not in self._subscribers:
            self._subscribers = (*self._subscribers, ref)

    def unsubscribe(self, ref: "ActorRef[Any]") -> None:
        """Remove a subscriber; harmless when it is none."""
        self._subscribers = tuple(each for each in self._subscribers if each is not ref)

    def publish(self, event: E) -> None:
        """Tell every subscriber; one that has stopped is removed."""
        for ref in self._subscribers:
            try:
                ref.tell(event)
            except ActorStoppedError:
                self.unsubscribe(ref)
