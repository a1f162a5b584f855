"""Retention: deletes each night what is too old to keep."""

from dataclasses import asdict, dataclass
from typing import assert_never

import structlog

from leadboost.messages.retention import Deleted
from leadboost.ports import RetentionStore
from leadboost.runtime import Actor, Event, Message

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


class Retention(Actor[_Due | _Ran | _Failed]):
    """Asks the store every hour; the store deletes once a day, on one host, and keeps proof of it.

    Names of authors that an older version stored become pseudonyms before that.
    """

    max_work = 1

    def __init__(self, *, store: RetentionStore, first_s: float = FIRST_S) -> None:
        """``first_s`` lies between the start and the first look, so that a start is not slowed by it."""
        self._store = store
        self._first_s = first_s

    async def on_start(self) -> None:
        self.after(self._first_s, _Due())

    async def receive(self, message: _Due | _Ran | _Failed) -> None:
        match message:
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
                    _log.info("old data deleted", **asdict(deleted))
            case _Failed(error=error):
                self.after(EVERY_S, _Due())
                _log.error("old data not deleted", error=str(error))
            case _:
                assert_never(message)

    async def _delete(self) -> Deleted | None:
        while await self._store.key_authors():
            pass
        return await self._store.delete_old()
