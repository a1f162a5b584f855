"""Everyone who watches, and what there is to see beside events."""

from dataclasses import dataclass, field

from leadboost.domain.live.board import StateBoard
from leadboost.domain.live.closing import Cut
from leadboost.domain.live.viewer import Viewer, ViewerSink

MOST_MEMBERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """A viewer that waits for the journal to tell whether its events are there.

    ``looks`` is the count of looks at the journal after which nothing newer can be expected;
    ``cut`` why this viewer was cut off before.
    """

    sink: ViewerSink
    since: int | None
    epoch: str | None
    asked_at: float
    looks: int
    cut: Cut | None


@dataclass(slots=True)
class Audience:
    """Viewers and the latest state; outlives the actor, so that a restarted one loses neither."""

    viewers: dict[ViewerSink, Viewer] = field(default_factory=dict)
    joining: dict[ViewerSink, Joining] = field(default_factory=dict)
    board: StateBoard = field(default_factory=lambda: StateBoard(most_members=MOST_MEMBERS))

    def part(self, sink: ViewerSink, code: int, reason: str) -> None:
        """Let one go."""
        self.viewers.pop(sink, None)
        self.joining.pop(sink, None)
        sink.close(code, reason)

    def part_all(self, code: int, reason: str) -> None:
        """Let everyone go."""
        for sink in [*self.viewers, *self.joining]:
            self.part(sink, code, reason)
