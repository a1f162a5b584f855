"""The live link to those who watch."""

from collections.abc import Callable

from leadboost.actors.stream_bridge import StreamBridge
from leadboost.composition.wiring import Wiring
from leadboost.domain.live.audience import Audience
from leadboost.domain.live.closing import TRY_AGAIN_LATER
from leadboost.messages.health import HealthReport
from leadboost.runtime import Bounds, Child, Stage
from leadboost.runtime.system import Failed
from leadboost.store.journal import PgJournalStore

_VIEWERS = Child(intensity=(5, 60.0), bounds=Bounds(command=4_096))
_INSTALLED_STEPS = ("radar",)


class Streaming:
    """StreamBridge and its audience, which outlives it."""

    def __init__(self, wiring: Wiring, report: Callable[[], HealthReport]) -> None:
        self._wiring = wiring
        self._report = report
        self._audience = Audience()

    def stage(self) -> Stage:
        """The stage of it."""
        return self._wiring.stage(name="streaming", start=self.start, stop=self._stop, stop_s=0.3)

    async def start(self) -> None:
        """Start StreamBridge and let it hear what viewers are shown."""
        await self._wiring.spawn("stream_bridge", self._make_stream_bridge, _VIEWERS)
        topics = self._wiring.topics
        for topic in (
            topics.numbered,
            topics.numbered_elsewhere,
            topics.state,
            topics.steps,
            topics.sold,
            topics.foreign,
        ):
            topic.subscribe(self._wiring.refs["stream_bridge"])

    async def _stop(self) -> None:
        await self._wiring.stop("stream_bridge", finish_s=0.25)

    def note_failure(self, failed: Failed) -> None:
        """Once StreamBridge is given up, nobody waits for it any longer."""
        if failed.name == "stream_bridge" and failed.outcome == "degraded":
            self._audience.part_all(TRY_AGAIN_LATER, "The live link is down.")

    def _make_stream_bridge(self) -> StreamBridge:
        return StreamBridge(
            events=PgJournalStore(self._wiring.store),
            audience=self._audience,
            report=self._report,
            installed=_INSTALLED_STEPS,
        )
