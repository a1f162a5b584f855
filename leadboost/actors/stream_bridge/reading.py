"""The journal, read outside of the handler: on after the newest event, and back in shared pages."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import structlog

from leadboost.actors.stream_bridge.told import ReadBack, ReadOn
from leadboost.domain.live.frame import event_frame
from leadboost.domain.live.page import PAGE, Page, Pages, page_start
from leadboost.errors import StoreError
from leadboost.messages.journal import EventsPage, JournalEvent
from leadboost.ports import EventLog
from leadboost.runtime import Actor

PAGES_KEPT = 16
PAGES_READ_AT_ONCE = 4
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 2.0

_Tell: TypeAlias = Callable[[EventsPage | StoreError], ReadOn | ReadBack]

_log = structlog.get_logger(__name__)


class Reading:
    """Reads as work of ``actor``, to which the answers come as ReadOn and ReadBack.

    One read serves all who wait for it. After one that failed nothing is read for a pause, which grows
    as long as the journal is away: whoever asks in between has to ask again. What is no fault of the
    store fails the actor.
    """

    def __init__(self, actor: Actor[Any], events: EventLog) -> None:
        self._actor = actor
        self._events = events
        self._pages = Pages(most=PAGES_KEPT)
        self._back: set[int] = set()
        self._pause_s = self._paused_until = 0.0
        self.is_on = False
        self.again = False
        """Whether it was asked to read on while it did."""

    def read_on(self, since: int, epoch: str) -> None:
        """Ask for what follows the offset ``since``."""
        self.again = self.is_on
        if not self.is_on and not self._is_paused():
            self.is_on = True
            self._read("read on", since, epoch, lambda answer: ReadOn(answer=answer))

    def hear(self, read: ReadOn) -> EventsPage | None:
        """Take in what follows; None while the journal cannot be read."""
        self.is_on = False
        return self._hear(read.answer)

    def page(self, offset: int, epoch: str) -> Page | None:
        """Return the page after ``offset``, or have it read."""
        page, start = self._pages.find(offset), page_start(offset)
        if page is None and start not in self._back and self._may_read_back():
            self._back.add(start)
            self._read("read back", start, epoch, lambda answer: ReadBack(start=start, answer=answer))
        return page

    def keep(self, read: ReadBack, epoch: str) -> bool:
        """Take in a page; False where it cannot be read or is one of another journal."""
        self._back.discard(read.start)
        page = self._hear(read.answer)
        if page is None or page.epoch != epoch:
            return False
        frames = tuple(map(frame_of, page.events))
        self._pages.put(Page(read.start, frames, whole=page.recovered))
        return True

    def forget(self) -> None:
        """Let all pages go: it is another journal now."""
        self._pages.clear()

    def _may_read_back(self) -> bool:
        return len(self._back) < PAGES_READ_AT_ONCE and not self._is_paused()

    def _is_paused(self) -> bool:
        return self._actor.clock.monotonic() < self._paused_until

    def _hear(self, answer: EventsPage | StoreError) -> EventsPage | None:
        if isinstance(answer, StoreError):
            self._pause(answer)
            return None
        if self._pause_s:
            _log.info("journal read for viewers again")
        self._pause_s = self._paused_until = 0.0
        return answer

    def _pause(self, error: StoreError) -> None:
        if self._is_paused():  # of several reads at once one counts
            return
        if not self._pause_s:
            _log.warning("journal not read for viewers", error=str(error))
        self._pause_s = min(max(2 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        self._paused_until = self._actor.clock.monotonic() + self._pause_s

    def _read(self, name: str, since: int, epoch: str, told: _Tell) -> None:
        work = self._events.read(since=since, epoch=epoch, limit=PAGE)
        self._actor.spawn(name, work, then=told, otherwise=partial(_unread, told))


def frame_of(event: JournalEvent) -> bytes:
    """Encode an event."""
    return event_frame(event.offset, event.kind, event.at, event.data)


def _unread(told: _Tell, error: Exception) -> ReadOn | ReadBack:
    if not isinstance(error, StoreError):
        raise error
    return told(error)
