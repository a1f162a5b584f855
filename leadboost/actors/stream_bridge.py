"""StreamBridge: brings events and state to every viewer, each frame encoded once."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import assert_never

import structlog

from leadboost.domain.live.audience import Audience, Joining
from leadboost.domain.live.closing import RESTARTED, TOO_FAR_BEHIND, TRY_AGAIN_LATER, Cut
from leadboost.domain.live.frame import event_frame, hello_frame
from leadboost.domain.live.page import PAGE, Page, Pages, page_start
from leadboost.domain.live.ring import FrameRing
from leadboost.domain.live.viewer import Viewer
from leadboost.domain.rate import Rates
from leadboost.domain.timeline import KIND as STEP_KIND
from leadboost.domain.timeline import Timeline
from leadboost.errors import StoreError
from leadboost.messages.events import EventsNumbered, SalesCommitted, StateChanged, StepReported
from leadboost.messages.health import HealthReport
from leadboost.messages.journal import EventsPage, JournalEvent
from leadboost.messages.stream import JoinViewer, ViewerReady
from leadboost.ports import EventLog
from leadboost.runtime import Actor, Event

RING_EVENTS = 10_000
RING_BYTES = 16 * 2**20
RELOADED_EVENTS = 4 * PAGE
REPLAYED_EVENTS = 50_000
PAGES_KEPT = 16
PAGES_READ_AT_ONCE = 4
BEHIND_BYTES = 2**20
BEHIND_S = 4.0  # with the time to notice and to close, such a viewer is out in 5 s
DECIDE_WITHIN_S = 5.0
CHUNK_BYTES = 2**18
SERVED_AT_ONCE = 128
LONGEST_REST_S = 0.02
STATE_EVERY_S = 0.1
TICK_S = 0.5
LOOK_S = 2.0
HEALTH_S = 1.0
RATES_S = 2.0

_NEVER = float("inf")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tick(Event):
    """Look at everything that time alone decides."""

    def conflation_key(self) -> Hashable:
        return _Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deliver(Event):
    """It is time for what had to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadOn(Event):
    """What the journal has after the newest event known here; None where it cannot be read."""

    page: EventsPage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadBack(Event):
    """One page of older events; None where it cannot be read."""

    start: int
    page: EventsPage | None


_Told = (
    JoinViewer
    | ViewerReady
    | EventsNumbered
    | StateChanged
    | StepReported
    | SalesCommitted
    | _Tick
    | _Deliver
    | _ReadOn
    | _ReadBack
)


class StreamBridge(Actor[_Told]):
    """Holds the newest events in one ring; a viewer is a cursor into it and gets shared bytes.

    All that is queued goes out in one write per viewer. After a delivery the actor rests for as long
    as it took, so that many viewers get larger writes and never the whole process; changed state
    alone waits a moment for events to go with.

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
        self._about = report()
        self._greeting: tuple[object, bytes] | None = None
        self._timeline = Timeline(installed)
        self._ring = FrameRing(most=RING_EVENTS, most_bytes=RING_BYTES)
        self._pages = Pages(most=PAGES_KEPT)
        self._epoch = ""
        self._reading_back: set[int] = set()
        self._reading_on = self._again = False
        self._looks = 0
        self._is_urgent = False
        self._wakes_at = _NEVER
        self._rest_until = self._state_at = self._look_at = self._health_at = self._rates_at = 0.0
        self._rates = Rates()

    # -- life -------------------------------------------------------------------------------------

    async def on_start(self) -> None:
        # Those of an instance that failed: where they were is lost.
        self._audience.part_all(RESTARTED, "The live link was restarted.")
        await self._reload()
        for event in await self._events.latest_steps():
            self._timeline.record(event.data, event.at)
        self._put_timeline()
        self.every(TICK_S, _Tick())

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
                self._ring.append(_frame(event))

    async def on_gap(self, count: int) -> None:  # noqa: ARG002 - whatever was lost, the journal has it
        self._read_on()

    async def receive_batch(self, messages: Sequence[_Told]) -> Sequence[None]:
        for message in messages:
            self._take(message)
        await self._deliver_when_due()
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
            case JoinViewer():
                self._join(message)
            case ViewerReady():
                self._is_urgent = True
            case _Tick():
                self._tick()
            case _Deliver():
                self._wakes_at = _NEVER
            case _ReadOn(page=page):
                self._read_further(page)
            case _ReadBack():
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
        self._ring.append(_frame(event))
        self._is_urgent = True
        if event.kind == STEP_KIND:
            self._timeline.record(event.data, event.at)
            self._put_timeline()
        elif event.kind == "signal.accepted":
            self._rates.heard(str(event.data.get("source")), self.clock.monotonic())

    def _read_on(self) -> None:
        self._again = self._reading_on
        if not self._reading_on:
            self._reading_on = True
            work = self._events.read(since=self._ring.head, epoch=self._epoch, limit=PAGE)
            self.spawn(
                "read on", work, then=lambda page: _ReadOn(page=page), otherwise=_unread(_ReadOn(page=None))
            )

    def _read_further(self, page: EventsPage | None) -> None:
        self._reading_on = False
        self._look_at = self.clock.monotonic() + LOOK_S
        if page is None:
            return
        if page.recovered:
            self._follow(page.events)
        elif page.epoch != self._epoch or page.offset != self._ring.head:
            self._begin_anew(page)
        if page.events or self._again:
            self._read_on()
        if not page.events:
            self._looks += 1
        self._decide_all()

    def _begin_anew(self, page: EventsPage) -> None:
        """Events that viewers need are gone, or it is another journal: they have to reload."""
        _log.warning("events lost to viewers", epoch=page.epoch, offset=page.offset, head=self._ring.head)
        self._epoch = page.epoch
        self._ring.begin(page.offset)
        self._pages.clear()
        for sink in list(self._viewers):
            self._audience.part(sink, TOO_FAR_BEHIND, "Events in between are gone; reload.")

    # -- viewers ----------------------------------------------------------------------------------

    def _join(self, join: JoinViewer) -> None:
        looks = self._looks + (2 if self._reading_on else 1)
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
        viewer.write(self._hello(recovered, joining.cut))
        self._viewers[viewer.sink] = viewer
        self._is_urgent = True
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

    def _hello(self, recovered: bool, cut: Cut | None) -> bytes:
        """Make the greeting; when many come back at once, they get the same bytes."""
        now = (self._epoch, self._ring.head, self._board.version, recovered, cut)
        if self._greeting is None or self._greeting[0] != now:
            frame = hello_frame(
                epoch=self._epoch,
                offset=self._ring.head,
                recovered=recovered,
                state=self._board.snapshot(),
                demo=self._about.demo,
                version=self._about.version,
                cut=cut,
            )
            self._greeting = (now, frame)
        return self._greeting[1]

    def _page(self, offset: int) -> Page | None:
        """Return the page after ``offset``, or have it read; one read serves all who wait for it."""
        page, start = self._pages.find(offset), page_start(offset)
        if page is None and start not in self._reading_back and len(self._reading_back) < PAGES_READ_AT_ONCE:
            self._reading_back.add(start)
            self.spawn(
                "read back",
                self._events.read(since=start, epoch=self._epoch, limit=PAGE),
                then=lambda page: _ReadBack(start=start, page=page),
                otherwise=_unread(_ReadBack(start=start, page=None)),
            )
        return page

    def _keep_page(self, read: _ReadBack) -> None:
        self._reading_back.discard(read.start)
        self._is_urgent = True
        if read.page is not None and read.page.epoch == self._epoch:
            frames = tuple(map(_frame, read.page.events))
            self._pages.put(Page(read.start, frames, whole=read.page.recovered))
        self._decide_all()

    # -- delivery ---------------------------------------------------------------------------------

    async def _deliver_when_due(self) -> None:
        began_at = self.clock.monotonic()
        due_at = self._rest_until if self._is_urgent else max(self._rest_until, self._state_at)
        if began_at >= due_at:
            self._is_urgent = False
            await self._deliver()
            now = self.clock.monotonic()
            self._rest_until = now + min(now - began_at, LONGEST_REST_S)
            self._state_at = now + STATE_EVERY_S
        elif due_at < self._wakes_at:
            self._wakes_at = due_at
            self.after(due_at - began_at, _Deliver())

    async def _deliver(self) -> None:
        chunks: dict[tuple[int, int], tuple[bytes, int]] = {}
        for count, viewer in enumerate(list(self._viewers.values()), 1):
            self._serve(viewer, chunks)
            if count % SERVED_AT_ONCE == 0:
                await asyncio.sleep(0)  # sales must not wait behind a thousand viewers

    def _serve(self, viewer: Viewer, chunks: dict[tuple[int, int], tuple[bytes, int]]) -> None:
        """Write all that this viewer takes; viewers at one place share ``chunks``."""
        head, version, sink = self._ring.head, self._board.version, viewer.sink
        while not sink.blocked:
            place = (viewer.offset, viewer.seen)
            if place == (head, version):
                viewer.caught_up = True
                return
            chunk = chunks.get(place)
            if chunk is None:
                chunk = self._chunk(viewer)
                if chunk is None:
                    return
                chunks[place] = chunk
            data, viewer.offset = chunk
            viewer.seen = version
            viewer.write(data)

    def _chunk(self, viewer: Viewer) -> tuple[bytes, int] | None:
        """Join the next events and the changed state; None while events have to be read first."""
        state = self._board.read(viewer.seen)
        if self._ring.holds(viewer.offset):
            data, offset = self._ring.read(viewer.offset, CHUNK_BYTES)
            return data + state, offset
        page = self._page(viewer.offset)
        if page is not None and not page.whole:
            self._audience.part(viewer.sink, TOO_FAR_BEHIND, "Events in between are gone; reload.")
        if page is None or not page.whole:
            return None
        data, offset = page.read(viewer.offset, CHUNK_BYTES)
        return data + state, offset

    # -- time -------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = self.clock.monotonic()
        for viewer in list(self._viewers.values()):
            self._check(viewer, now)
        self._decide_all()
        for sink, joining in list(self._joining.items()):
            if sink.closed:
                del self._joining[sink]
            elif now - joining.asked_at > DECIDE_WITHIN_S:
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
        elif viewer.caught_up and self._is_far_behind(viewer, pending):
            self._audience.part(viewer.sink, TOO_FAR_BEHIND, f"More than {BEHIND_BYTES // 2**20} MiB behind.")

    def _is_far_behind(self, viewer: Viewer, pending: int) -> bool:
        ring = self._ring
        return not ring.holds(viewer.offset) or ring.bytes_after(viewer.offset) + pending > BEHIND_BYTES

    def _put_timeline(self) -> None:
        self._board.put("timeline", {"steps": self._timeline.steps()})


def _frame(event: JournalEvent) -> bytes:
    return event_frame(event.offset, event.kind, event.at, event.data)


def _unread(message: _Told) -> Callable[[Exception], _Told]:
    """Tell that the store is away; what is no fault of the store fails the actor."""
    return partial(_told_unread, message)


def _told_unread(message: _Told, error: Exception) -> _Told:
    if not isinstance(error, StoreError):
        raise error
    _log.warning("journal not read for viewers", error=str(error))
    return message
