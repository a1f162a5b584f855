"""Ports of the journal, of leadership, and of messages given up on. Every call ends by its own deadline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from leadboost.messages.journal import EventsPage, JournalEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """A journal row that a business transaction writes; ``data`` holds JSON values."""

    id: UUID
    kind: str
    at: datetime
    data: Mapping[str, object]


LEASE_TTL_S = 9.0
"""How long a term runs unless it is renewed."""

LEASE_MARGIN_S = 3.0
"""By how much sooner its holder stops to trust it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A term of leadership: ``epoch`` guards writes, ``trusted_until`` is on the monotonic clock."""

    name: str
    holder: str
    epoch: int
    trusted_until: float


class TermStore(Protocol):
    """``leases``: terms as rows."""

    async def acquire(self, name: str, holder: str, *, elected: bool = False) -> Lease | None:
        """Begin a new term if the last one has expired, or at once for a holder who was ``elected``
        elsewhere; None while another holder's term runs."""
        ...

    async def renew(self, lease: Lease) -> Lease:
        """Prolong this very term. Raises LeaseLostError."""
        ...

    async def release(self, lease: Lease) -> None:
        """End this very term; a newer one is left alone."""
        ...


class Election(Protocol):
    """Locks by which hosts elect one another. Every method raises MirrorError."""

    async def win(self, name: str) -> bool:
        """Take the lock if nobody has it."""
        ...

    async def extend(self, name: str) -> bool:
        """Prolong the lock; False when it is somebody else's, or nobody's."""
        ...

    async def leave(self, name: str) -> None:
        """Give the lock up."""
        ...


class LeaseStore(Protocol):
    """Terms of leadership over all hosts."""

    async def acquire(self, name: str, holder: str) -> Lease | None:
        """Begin a new term if nobody leads; None while another host does."""
        ...

    async def renew(self, lease: Lease) -> Lease:
        """Prolong this very term. Raises LeaseLostError."""
        ...

    async def keep(self, name: str, holder: str, lease: Lease | None) -> Lease | None:
        """Prolong ``lease`` while it is trusted, else begin a new term; None while another's runs."""
        ...

    async def release(self, lease: Lease) -> None:
        """End this very term, so that another host need not wait; a newer term is left alone."""
        ...


class JournalStore(Protocol):
    """``events`` and ``journal``."""

    async def number(self, lease: Lease, limit: int) -> Sequence[JournalEvent]:
        """Give the next gapless offsets to committed rows. Raises LeaseLostError."""
        ...

    async def read(self, *, since: int, epoch: str | None, limit: int) -> EventsPage:
        """Read numbered events after ``since``."""
        ...


class EventLog(Protocol):
    """The numbered events, to read."""

    async def read(self, *, since: int, epoch: str | None, limit: int) -> EventsPage:
        """Read numbered events after ``since``."""
        ...

    async def latest_steps(self) -> Sequence[JournalEvent]:
        """The newest ``pipeline.step`` of each step, as far as the newest 100,000 events tell."""
        ...


class DeadLetterStore(Protocol):
    """``dead_letters``: messages given up on, for an operator to look at."""

    async def park(
        self, *, id: UUID, actor: str, lane: str, message_type: str, payload: str, error: str, tries: int
    ) -> None:
        """Store one parked message; ``payload`` is its redacted text form."""
        ...
