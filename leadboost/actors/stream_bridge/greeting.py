"""The first frame that a viewer gets."""

from leadboost.domain.live.audience import Audience
from leadboost.domain.live.closing import Cut
from leadboost.domain.live.frame import hello_frame
from leadboost.domain.live.ring import FrameRing
from leadboost.messages.health import HealthReport


class Greeting:
    """Makes the greeting; when many come back at once, they get the same bytes."""

    def __init__(self, audience: Audience, ring: FrameRing, about: HealthReport) -> None:
        self._board = audience.board
        self._ring = ring
        self._about = about
        self._made: tuple[object, bytes] | None = None

    def frame(self, epoch: str, *, recovered: bool, cut: Cut | None) -> bytes:
        """Tell of now: the newest offset and the state."""
        now = (epoch, self._ring.head, self._board.version, recovered, cut)
        if self._made is None or self._made[0] != now:
            frame = hello_frame(
                epoch=epoch,
                offset=self._ring.head,
                recovered=recovered,
                state=self._board.snapshot(),
                demo=self._about.demo,
                version=self._about.version,
                cut=cut,
            )
            self._made = (now, frame)
        return self._made[1]
