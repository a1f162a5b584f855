"""SafetyWatch: looks several times a second whether another host has halted, or let go of a halt."""

from dataclasses import dataclass

import structlog

from leadboost.domain.heard import LastHeard
from leadboost.errors import MailboxFullError, StoreError
from leadboost.messages.panic import LookAgain
from leadboost.ports import SafetyVersions
from leadboost.runtime import Actor, ActorRef, Event

LOOK_S = 0.25

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look(Event):
    """Look at the version of the halts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked(Event):
    """The version, None where the database did not say."""

    version: int | None


class SafetyWatch(Actor[_Look | _Looked]):
    """Has PanicManager look again whenever the halts in the database changed; a look costs one row.

    Redis tells of a halt sooner. This is for when it does not, and the sign of life of the database.
    """

    def __init__(self, *, safety: SafetyVersions, panic: ActorRef[LookAgain], heard: LastHeard) -> None:
        self._safety = safety
        self._panic = panic
        self._heard = heard
        self._known: int | None = None
        self._looking = self._is_away = False

    async def on_start(self) -> None:
        self.every(LOOK_S, _Look())
        self._look()

    async def receive(self, message: _Look | _Looked) -> None:
        match message:
            case _Look():
                self._look()
            case _Looked(version=version):
                self._looking = False
                self._note(version)

    def _look(self) -> None:
        if not self._looking:
            self._looking = True
            self.spawn("look", self._safety.version(), then=lambda v: _Looked(version=v), otherwise=_unseen)

    def _note(self, version: int | None) -> None:
        if (version is None) != self._is_away:
            self._is_away = version is None
            _log.info("halts of other hosts looked up", answered=version is not None)
        if version is None:
            return
        self._heard.note()
        if version != self._known:
            try:
                self._panic.tell(LookAgain())
            except MailboxFullError:
                return  # seen again at the next look
            self._known = version


def _unseen(error: Exception) -> _Looked:
    if not isinstance(error, StoreError):
        raise error
    return _Looked(version=None)
