"""Messages that could not be dealt with are kept."""

import structlog

from leadboost.clock import uuid7
from leadboost.composition.wiring import Wiring
from leadboost.errors import StoreError
from leadboost.log import redact
from leadboost.runtime.dead_letters import DeadLetter
from leadboost.store.dead_letters import PgDeadLetterStore

_PARKED_AT_ONCE = 100

_log = structlog.get_logger()


class Parking:
    """Writes dead letters to the database, a bounded number at once."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._under_way = 0

    def take(self, letter: DeadLetter) -> None:
        """Log a letter, and keep it where its message was given up."""
        message = type(letter.message).__name__
        _log.warning(
            "message lost",
            actor=letter.actor,
            message=message,
            reason=letter.reason,
            error=repr(letter.error),
        )
        has_database = self._wiring.database is not None
        if letter.reason == "parked" and has_database and self._under_way < _PARKED_AT_ONCE:
            self._under_way += 1
            self._wiring.runtime.run_task("park dead letter", self._park(letter))

    async def _park(self, letter: DeadLetter) -> None:
        try:
            await PgDeadLetterStore(self._wiring.store).park(
                id=uuid7(self._wiring.clock, self._wiring.rng),
                actor=letter.actor,
                lane=letter.message.lane.name.lower(),
                message_type=type(letter.message).__name__,
                payload=redact(repr(letter.message))[:10_000],
                error=repr(letter.error),
                tries=letter.tries,
            )
        except StoreError as error:
            _log.error("dead letter not parked", actor=letter.actor, error=str(error))
        finally:
            self._under_way -= 1
