"""Which state a halt has: that of its campaigns, and of the accounts that it covers as a whole."""

from dataclasses import replace
from uuid import UUID

import structlog

from leadboost.actors.panic.accounts import Accounts
from leadboost.actors.panic.book import HaltBook
from leadboost.clock import Clock
from leadboost.domain.halt import Halt, HaltState, state_of
from leadboost.domain.pausing import OVERDUE_S

_log = structlog.get_logger(__name__)


class Verdicts:
    """Knows which halts of a SKU have heard of the campaigns that are linked to it."""

    def __init__(self, book: HaltBook, accounts: Accounts, clock: Clock) -> None:
        self._book = book
        self._accounts = accounts
        self._clock = clock
        self._linked: set[UUID] = set()

    def note_links(self, halt_id: UUID) -> None:
        """The campaigns linked to the halted SKU are known."""
        self._linked.add(halt_id)

    def forget(self, halt_id: UUID) -> None:
        """It has ended."""
        self._linked.discard(halt_id)

    def settle(self, halt_id: UUID) -> None:
        """Give the halt the state that its campaigns and accounts have by now."""
        halt = self._book.get(halt_id)
        if halt is None or not halt.is_open:
            return
        state = self._judge(halt)
        if state is halt.state:
            return
        self._book.keep(replace(halt, state=state))
        if state is not HaltState.PAUSING:
            self._book.journal("panic.resolved", {"id": str(halt.id), "state": str(state)})
            _log.warning("halt resolved", scope=str(halt.scope), state=str(state))

    def _judge(self, halt: Halt) -> HaltState:
        if halt.scope.kind == "account" and not self._accounts.covered(halt):
            return HaltState.UNCONFIRMED  # nobody here can look into it
        state = state_of(halt.items)
        known = halt.scope.kind != "sku" or halt.items or halt.id in self._linked
        if state is not HaltState.CONFIRMED or (known and self._accounts.is_swept(halt)):
            return state
        overdue = (self._clock.now() - halt.tripped_at).total_seconds() > OVERDUE_S
        return HaltState.UNCONFIRMED if overdue else HaltState.PAUSING
