"""StreamBridge: brings events and state to every viewer, each frame encoded once."""

from collections.abc import Callable, Sequence
from typing import assert_never

import structlog

from leadboost.actors.stream_bridge.delivery import Delivery
from leadboost.actors.stream_bridge.greeting import Greeting
from leadboost.actors.stream_bridge.reading import Reading, frame_of
from leadboost.actors.stream_bridge.told import Deliver, ReadBack, ReadOn, Tick
from leadboost.domain.live.audience import Audience, Joining
from leadboost.domain.live.closing import RESTARTED, TOO_FAR_BEHIND, TRY_AGAIN_LATER
from leadboost.domain.live.page import PAGE, Page
from leadboost.domain.live.ring import FrameRing
from leadboost.domain.live.viewer import Viewer
from leadboost.domain.rate import Rates
from leadboost.domain.timeline import EXTERNAL_KIND, Timeline
from leadboost.domain.timeline import KIND as STEP_KIND
from leadboost.messages.events import (
    EventsNumbered,
    ForeignSaid,
    SalesCommitted,
    StateChanged,
    StepReported,
)
from leadboost.messages.health import HealthReport
from leadboost.messages.journal import EventsPage, JournalEvent
from leadboost.messages.stream import JoinViewer, ViewerReady
from leadboost.ports import EventLog
from leadboost.runtime import Actor

RING_EVENTS = 10_000
RING_BYTES = 16 * 2**20
RELOADED_EVENTS = 4 * PAGE
REPLAYED_EVENTS = 50_000
BEHIND_BYTES = 2**20
BEHIND_S = 3.5  # a second to notice and half a one to close: such a viewer is out in 5 s
READ_WITHIN_S = 5.0
TICK_S = 0.5
LOOK_S = 2.0
HEALTH_S = 1.0
RATES_S = 2.0

_log = structlog.get_logger(__name__)

_Told = (
    JoinViewer
    | ViewerReady
    | EventsNumbered
    | StateChanged
    | StepReported
    | SalesCommitted
    | ForeignSaid
    | Tick
    | Deliver
    | ReadOn
    | ReadBack
)


class StreamBridge(Actor[_Told]):
    """Holds the newest events in one ring; a viewer is a cursor into it and gets shared bytes.

    Offsets have no gaps: where one is missing, because a COMMIT got no answer or another host
    numbered it, and every ``LOOK_S`` without news, the journal is read on. What is older than the
    ring is read from the journal in pages that viewers share.
    """

    batch_size = 256

    def __init__(
        self,
        *,
        events: EventLog,
        audience: Audience,
        report: Callable[[], HealthReport],
        installed: Sequence[str],
    ) -> None:
        """``installed`` names the steps of the timeline whose components exist."""
        self._events = events
        self._audience = audience
        self._viewers = audience.viewers
        self._joining = audience.joining
        self._board = audience.board
        self._report = report
        self._timeline = Timeline(installed)
        self._ring = FrameRing(most=RING_EVENTS, most_bytes=RING_BYTES)
        self._greeting = Greeting(audience, self._ring, report())
        self._reading = Reading(self, events)
        self._delivery = Delivery(self, audience, self._ring, self._page)
        self._epoch = ""
        self._looks = 0
        self._look_at = self._health_at = self._rates_at = 0.0
        self._rates = Rates()

    # -- life -------------------------------------------------------------------------------------

    async def on_start(self) -> None:
        # Those of an instance that failed: where they were is lost.
        self._audience.part_all(RESTARTED, "The live link was restarted.")
        await self._reload()
        for event in await self._events.latest_steps():
            self._record_step(event)
        self._put_timeline()
        self.every(TICK_S, Tick())

    async def _reload(self) -> None:
        """Fill the ring, so that viewers who come back after a restart need no reading."""
        page = await self._events.read(since=0, epoch=None, limit=1)
        self._epoch = page.epoch
        self._ring.begin(max(page.offset - RELOADED_EVENTS, 0))
        while self._ring.head < page.offset:
            page = await self._events.read(since=self._ring.head, epoch=self._epoch, limit=PAGE)
            if not page.recovered:
                self._ring.begin(page.offset)
            for event in page.events:
                self._ring.append(frame_of(event))

    async def on_gap(self, count: int) -> None:  # noqa: ARG002 - whatever was lost, the journal has it
        self._read_on()

    async def receive_batch(self, messages: Sequence[_Told]) -> Sequence[None]:
        for message in messages:
            self._take(message)
        await self._delivery.deliver_when_due()
        return [None] * len(messages)

    def _take(self, message: _Told) -> None:
        match message:
            case EventsNumbered(events=events):
                self._follow(events)
            case StateChanged(key=key, data=data):
                self._board.put(key, data)
            case StepReported(step=step, state=state, detail=detail, at=at):
                self._timeline.tell(step, state, detail=detail, at=at)
                self._put_timeline()
            case SalesCommitted(count=count):
                self._rates.sold(count, self.clock.monotonic())
            case ForeignSaid(message=said, at=at):
                if self._timeline.hear(said, at):
                    self._put_timeline()
                    self._delivery.urge()
            case JoinViewer():
                self._join(message)
            case ViewerReady():
                self._delivery.urge()
            case Tick():
                self._tick()
            case Deliver():
                self._delivery.wake()
            case ReadOn():
                self._read_further(message)
            case ReadBack():
                self._keep_page(message)
            case _:
                assert_never(message)

    # -- events -----------------------------------------------------------------------------------

    def _follow(self, events: Sequence[JournalEvent]) -> None:
        self._look_at = self.clock.monotonic() + LOOK_S
        for event in events:
            if event.epoch != self._epoch or event.offset > self._ring.head + 1:
                self._read_on()
                return
            if event.offset == self._ring.head + 1:
                self._append(event)

    def _append(self, event: JournalEvent) -> None:
        self._ring.append(frame_of(event))
        self._delivery.urge()
        if event.kind in (STEP_KIND, EXTERNAL_KIND):
            self._record_step(event)
            self._put_timeline()
        elif event.kind == "signal.accepted":
            self._rates.heard(str(event.data.get("source")), self.clock.monotonic())

    def _record_step(self, event: JournalEvent) -> None:
        if event.kind == STEP_KIND:
            self._timeline.record(event.data, event.at)
        else:
            self._timeline.hear(event.data.get("message"), event.at)

    def _read_on(self) -> None:
        self._reading.read_on(self._ring.head, self._epoch)

    def _read_further(self, read: ReadOn) -> None:
        page = self._reading.hear(read)
        self._look_at = self.clock.monotonic() + LOOK_S
        if page is None:
            return
        if page.recovered:
            self._follow(page.events)
        elif page.epoch != self._epoch or page.offset != self._ring.head:
            self._begin_anew(page)
        if page.events or self._reading.again:
            self._read_on()
        if not page.events:
            self._looks += 1
        self._decide_all()

    def _begin_anew(self, page: EventsPage) -> None:
        """Events that viewers need are gone, or it is another journal: they have to reload."""
        _log.warning("events lost to viewers", epoch=page.epoch, offset=page.offset, head=self._ring.head)
        self._epoch = page.epoch
        self._ring.begin(page.offset)
        self._reading.forget()
        for sink in list(self._viewers):
            self._audience.part(sink, TOO_FAR_BEHIND, "Events in between are gone; reload.")

    # -- viewers ----------------------------------------------------------------------------------

    def _join(self, join: JoinViewer) -> None:
        looks = self._looks + (2 if self._reading.is_on else 1)
        joining = Joining(
            sink=join.sink,
            since=join.since,
            epoch=join.epoch,
            cut=join.cut,
            asked_at=self.clock.monotonic(),
            looks=looks,
        )
        if not self._decide(joining):
            self._joining[join.sink] = joining

    def _decide_all(self) -> None:
        for sink, joining in list(self._joining.items()):
            if self._decide(joining):
                del self._joining[sink]

    def _decide(self, joining: Joining) -> bool:
        """Greet the viewer if it is known whether its events are there; False asks for more time."""
        recovered = self._is_there(joining)
        if recovered is None:
            return False
        viewer = Viewer(
            sink=joining.sink,
            offset=joining.since if recovered and joining.since is not None else self._ring.head,
            seen=self._board.version,
        )
        viewer.write(self._greeting.frame(self._epoch, recovered=recovered, cut=joining.cut))
        self._viewers[viewer.sink] = viewer
        self._delivery.urge()
        return True

    def _is_there(self, joining: Joining) -> bool | None:
        since, epoch = joining.since, joining.epoch
        if since is None or epoch not in (None, self._epoch):
            return False
        if since > self._ring.head:
            if self._looks < joining.looks:
                self._read_on()
                return None
            return False
        if self._ring.holds(since):
            return True
        if self._ring.head - since > REPLAYED_EVENTS:
            return False
        page = self._page(since)
        return None if page is None else page.whole

    def _page(self, offset: int) -> Page | None:
        return self._reading.page(offset, self._epoch)

    def _keep_page(self, read: ReadBack) -> None:
        if self._reading.keep(read, self._epoch):
            self._delivery.urge()
            self._decide_all()

    # -- time -------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = self.clock.monotonic()
        for viewer in list(self._viewers.values()):
            self._check(viewer, now)
        self._decide_all()
        for sink, joining in list(self._joining.items()):
            if sink.closed:
                del self._joining[sink]
            elif now - joining.asked_at > READ_WITHIN_S:
                self._audience.part(sink, TRY_AGAIN_LATER, "The journal cannot be read now.")
        if now >= self._look_at:
            self._read_on()
        if now >= self._health_at:
            self._health_at = now + HEALTH_S
            self._board.put("health", self._report())
        if now >= self._rates_at:
            self._rates_at = now + RATES_S
            self._board.put("rates", self._rates.shown(now))

    def _check(self, viewer: Viewer, now: float) -> None:
        if viewer.sink.closed:
            del self._viewers[viewer.sink]
            return
        pending = viewer.sink.pending_bytes()
        if viewer.stuck_s(now, pending) > BEHIND_S:
            self._audience.part(viewer.sink, TOO_FAR_BEHIND, f"More than {BEHIND_S:g} s behind.")
        elif viewer.waited_s(now) > READ_WITHIN_S:
            reason = f"The journal could not be read for {READ_WITHIN_S:g} s."
            self._audience.part(viewer.sink, TOO_FAR_BEHIND, reason)
        elif viewer.caught_up and self._is_far_behind(viewer, pending):
            self._audience.part(viewer.sink, TOO_FAR_BEHIND, f"More than {BEHIND_BYTES // 2**20} MiB behind.")

    def _is_far_behind(self, viewer: Viewer, pending: int) -> bool:
        ring = self._ring
        return not ring.holds(viewer.offset) or ring.bytes_after(viewer.offset) + pending > BEHIND_BYTES

    def _put_timeline(self) -> None:
        self._board.put("timeline", {"steps": self._timeline.steps()})
