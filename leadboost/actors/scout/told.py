"""What Scout tells itself. Events, where a flood of told signals must not crowd them out."""

from collections.abc import Hashable
from dataclasses import dataclass

from leadboost.actors.scout.tenure import Look
from leadboost.ports import Fetched
from leadboost.runtime import Event, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class LookDue(Event):
    """Renew the leases, and see which are free."""

    def conflation_key(self) -> Hashable:
        return LookDue


@dataclass(frozen=True, slots=True, kw_only=True)
class LookEnded(Event):
    """What a look found; None: the database is away."""

    look: Look | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollDue(Event):
    """Poll this source."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PollAnswered(Message[None]):
    """A poll that began in term ``epoch`` brought this."""

    name: str
    epoch: int
    fetched: Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFailed(Message[None]):
    """A poll that began in term ``epoch`` brought nothing."""

    name: str
    epoch: int
    error: Exception
