"""What StreamBridge, the source of the live link, can be told."""

from collections.abc import Hashable
from dataclasses import dataclass

from leadboost.domain.live.closing import Cut
from leadboost.domain.live.viewer import ViewerSink
from leadboost.runtime.message import Event, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinViewer(Message[None]):
    """Greet a viewer, and send it everything from then on.

    With ``since`` every event after that offset of the journal ``epoch`` (None: the present one)
    follows the greeting, or the greeting says that they cannot. It also tells of a ``cut`` before.
    A closed sink is forgotten by itself.
    """

    sink: ViewerSink
    since: int | None = None
    epoch: str | None = None
    cut: Cut | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerReady(Event):
    """A sink that was blocked takes more."""

    sink: ViewerSink

    def conflation_key(self) -> Hashable:
        return (ViewerReady, id(self.sink))
