"""Retention: deletes each night what is too old to keep, and on request what a person said."""

from dataclasses import asdict, dataclass
from typing import assert_never

import structlog

from leadboost.messages.events import EventsCommitted
from leadboost.messages.retention import Deleted, Erased, EraseSignals
from leadboost.ports import ErasureStore, RetentionStore
from leadboost.runtime import Actor, Event, Message, Topic

FIRST_S = 60.0
EVERY_S = 3_600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due(Event):
    """Look whether it is time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran(Message[None]):
    deleted: Deleted | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed(Message[None]):
    error: Exception


class Retention(Actor[EraseSignals | _Due | _Ran | _Failed]):
    """Erases on request, and asks the store every hour to delete; the store does once a day, on one host, and
    keeps proof of both.

    Names of authors that an older version stored become pseudonyms before that.
    """

    max_work = 1

    def __init__(
        self,
        *,
        store: RetentionStore,
        erasure: ErasureStore,
        committed: Topic[EventsCommitted],
        first_s: float | None = FIRST_S,
    ) -> None:
        """``first_s`` lies between the start and the first look, so that a start is not slowed by it; None:
        erases alone."""
        self._store = store
        self._erasure = erasure
        self._committed = committed
        self._first_s = first_s

    async def on_start(self) -> None:
        if self._first_s is not None:
            self.after(self._first_s, _Due())

    async def receive(self, message: EraseSignals | _Due | _Ran | _Failed) -> Erased | None:
        match message:
            case EraseSignals():
                return await self._erase(message)
            case _Due():
                self.spawn(
                    "deletion",
                    self._delete(),
                    then=lambda deleted: _Ran(deleted=deleted),
                    otherwise=lambda error: _Failed(error=error),
                )
            case _Ran(deleted=deleted):
                self.after(EVERY_S, _Due())
                if deleted is not None:
                    self._committed.publish(EventsCommitted())
                    _log.info("old data deleted", **asdict(deleted))
            case _Failed(error=error):
                self.after(EVERY_S, _Due())
                _log.error("old data not deleted", error=str(error))
            case _:
                assert_never(message)
        return None

    async def _erase(self, asked: EraseSignals) -> Erased:
        erased = await self._erasure.erase(asked)
        if erased.id is not None:
            self._committed.publish(EventsCommitted())
            _log.info("erased on request", deletion=str(erased.id), signals=erased.signals)
        return erased

    async def _delete(self) -> Deleted | None:
        while await self._store.key_authors():
            pass
        return await self._store.delete_old()
