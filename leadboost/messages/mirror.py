"""What Mirror, which speaks with other hosts, can be told."""

from dataclasses import dataclass

from leadboost.domain.halt import Halt
from leadboost.messages.journal import JournalEvent
from leadboost.runtime.message import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Echoed(Event):
    """This host heard what it had sent to all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNews:
    """What one host tells the others, all in one go: ``trips``, ``events`` that it numbered, whether
    something was ``committed`` that may wait for a number, and a ``beat`` that it wants to hear itself."""

    trips: tuple[Halt, ...] = ()
    events: tuple[JournalEvent, ...] = ()
    committed: bool = False
    beat: bool = False
