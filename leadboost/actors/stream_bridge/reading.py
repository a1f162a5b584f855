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

_Tell: TypeAlias = Callable[[EventsPage | None], ReadOn | ReadBack]

_log = structlog.get_logger(__name__)


class Reading:
    """Reads as work of ``actor``, to which the answers come as ReadOn and ReadBack.

    One read serves all who wait for it. What is no fault of the store fails the actor.
    """

    def __init__(self, actor: Actor[Any], events: EventLog) -> None:
        self._actor = actor
        self._events = events
        self._pages = Pages(most=PAGES_KEPT)
        self._back: set[int] = set()
        self.is_on = False
        self.again = False
        """Whether it was asked to read on while it did."""

    def read_on(self, since: int, epoch: str) -> None:
        """Ask for what follows the offset ``since``."""
        self.again = self.is_on
        if not self.is_on:
            self.is_on = True
            self._read("read on", since, epoch, lambda page: ReadOn(page=page))

    def page(self, offset: int, epoch: str) -> Page | None:
        """Return the page after ``offset``, or have it read."""
        page, start = self._pages.find(offset), page_start(offset)
        if page is None and start not in self._back and len(self._back) < PAGES_READ_AT_ONCE:
            self._back.add(start)
            self._read("read back", start, epoch, lambda page: ReadBack(start=start, page=page))
        return page

    def keep(self, read: ReadBack, epoch: str) -> None:
        """Take in a page, if it is still one of this journal."""
        self._back.discard(read.start)
        if read.page is not None and read.page.epoch == epoch:
            frames = tuple(map(frame_of, read.page.events))
            self._pages.put(Page(read.start, frames, whole=read.page.recovered))

    def forget(self) -> None:
        """Let all pages go: it is another journal now."""
        self._pages.clear()

    def _read(self, name: str, since: int, epoch: str, told: _Tell) -> None:
        work = self._events.read(since=since, epoch=epoch, limit=PAGE)
        self._actor.spawn(name, work, then=told, otherwise=partial(_unread, told))


def frame_of(event: JournalEvent) -> bytes:
    """Encode an event."""
    return event_frame(event.offset, event.kind, event.at, event.data)


def _unread(told: _Tell, error: Exception) -> ReadOn | ReadBack:
    if not isinstance(error, StoreError):
        raise error
    _log.warning("journal not read for viewers", error=str(error))
    return told(None)
