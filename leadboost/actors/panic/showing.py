"""What viewers are told of halts and campaigns."""

from typing import Any

from leadboost.actors.panic.accounts import Accounts
from leadboost.actors.panic.book import HaltBook
from leadboost.actors.panic.told import Pump
from leadboost.messages.events import StateChanged
from leadboost.runtime import Actor, Topic

SHOW_EVERY_S = 0.2


class Showing:
    """Tells of halts a few times a second at most: with many campaigns each telling is long."""

    def __init__(
        self, actor: Actor[Any], book: HaltBook, accounts: Accounts, state: Topic[StateChanged]
    ) -> None:
        self._actor = actor
        self._book = book
        self._accounts = accounts
        self._state = state
        self._shown_at = float("-inf")
        self._is_due = False

    def show_halts(self, needed: int) -> None:
        """Show how things stand, now or with a message of ``actor`` to itself."""
        now = self._actor.clock.monotonic()
        left_s = self._shown_at + SHOW_EVERY_S - now
        if left_s > 0:
            if not self._is_due:
                self._is_due = True
                self._actor.after(left_s, Pump())
            return
        self._is_due, self._shown_at = False, now
        self._state.publish(StateChanged(key="safety", data=self._book.status(needed).view()))

    def show_campaigns(self) -> None:
        """Show what the accounts said last."""
        read = self._accounts.read(self._actor.clock.monotonic())
        self._state.publish(StateChanged(key="campaigns", data=read.view()))
