"""All open live sockets: how many one viewer may have, and how they end together."""

from collections.abc import Callable
from typing import Final

from leadboost.console.auth import Principal
from leadboost.console.live_socket import LiveSocket
from leadboost.console.problems import ProblemError
from leadboost.domain.live.closing import GOING_AWAY, SIGN_IN_AGAIN

MOST_PER_USER: Final = 5
_RETRY: Final = {"Retry-After": "5"}


class LiveSockets:
    """The sockets that are open."""

    def __init__(self) -> None:
        self._sockets: dict[str, set[LiveSocket]] = {}

    def check_room(self, subject: str) -> None:
        """Raises ProblemError 429 when a viewer has as many sockets as allowed."""
        if len(self._sockets.get(subject, ())) >= MOST_PER_USER:
            detail = f"You have {MOST_PER_USER} live links open; close one."
            raise ProblemError(429, "too_many_sockets", detail, headers=_RETRY)

    def add(self, socket: LiveSocket) -> None:
        """Take a socket in. Raises as ``check_room``."""
        self.check_room(socket.principal.subject)
        self._sockets.setdefault(socket.principal.subject, set()).add(socket)

    def discard(self, socket: LiveSocket) -> None:
        """Let a socket go that has ended."""
        subject = socket.principal.subject
        own = self._sockets.get(subject, set())
        own.discard(socket)
        if not own:
            self._sockets.pop(subject, None)

    def close_all(self) -> None:
        """Send every viewer away, because the process stops or is not at work."""
        self._close(lambda _: True, GOING_AWAY, "LeadBoost is stopping.")

    def close_viewer(self, is_theirs: Callable[[Principal], bool]) -> None:
        """Close the sockets of those whose login has ended."""
        self._close(is_theirs, SIGN_IN_AGAIN, "You are signed out.")

    def _close(self, chosen: Callable[[Principal], bool], code: int, reason: str) -> None:
        for socket in [each for own in self._sockets.values() for each in own]:
            if chosen(socket.principal):
                socket.close(code, reason)
