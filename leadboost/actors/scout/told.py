"""What Scout tells itself. Events, where a flood of told signals must not crowd them out."""

from collections.abc import Hashable
from dataclasses import dataclass

from leadboost.actors.scout.intake import Asked
from leadboost.actors.scout.tenure import Look
from leadboost.errors import StoreError
from leadboost.messages.scout import (
    BeginIntake,
    ListSources,
    MuteSource,
    SignalsHeard,
)
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
class PollHeard(Message[None]):
    """What a poll brought is taken in."""

    poll: PollAnswered
    heard: SignalsHeard


@dataclass(frozen=True, slots=True, kw_only=True)
class PollNotStored(Message[None]):
    """What a poll brought is not, or not all, taken in."""

    name: str
    error: StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettled(Message[None]):
    """What a poll brought is committed, and its source has settled that."""

    name: str
    wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFailed(Message[None]):
    """A poll that began in term ``epoch`` brought nothing."""

    name: str
    epoch: int
    error: Exception


Told = (
    Asked
    | ListSources
    | MuteSource
    | BeginIntake
    | LookDue
    | LookEnded
    | PollDue
    | PollAnswered
    | PollHeard
    | PollNotStored
    | PollSettled
    | PollFailed
)
