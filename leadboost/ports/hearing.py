"""Ports of hearing: signals, their sources and what these may use up. Every call ends by its own deadline."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from leadboost.domain.signal import Signal
from leadboost.messages.scout import ListSignals, StoredSignal


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignal:
    """A validated signal with the id it gets if it is new; ``content_hash`` is 32 bytes."""

    id: UUID
    content_hash: bytes
    signal: Signal


class SignalStore(Protocol):
    """``raw_signals``."""

    async def insert(self, signals: Sequence[NewSignal]) -> Sequence[UUID]:
        """Store those whose content hash is new, with their journal events; returns the ids stored."""
        ...

    async def page(self, query: ListSignals) -> Sequence[StoredSignal]:
        """Read one page, newest first."""
        ...


class HearingStore(Protocol):
    """What signals say, as numbers."""

    async def features(self, ids: Iterable[UUID]) -> Mapping[UUID, Mapping[str, float]]:
        """Return the stored features of the signals that exist; none for one not processed yet."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What a source remembers between polls; ``cursor`` holds JSON values of the connector's own."""

    name: str
    kind: str
    cursor: Mapping[str, object] = field(default_factory=dict)
    state: str = "waiting"
    reason: str | None = None
    errors: int = 0
    last_polled_at: datetime | None = None
    last_item_at: datetime | None = None
    next_due_at: datetime | None = None
    accepted: int = 0
    duplicates: int = 0


class SourceStore(Protocol):
    """``sources``: the resume state of each polled source."""

    async def load(self, name: str) -> SourceState | None:
        """Return what was saved last, or None."""
        ...

    async def save(self, state: SourceState) -> None:
        """Upsert on the name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One poll's result: raw items for Scout, the new cursor, and when to come again at the earliest."""

    items: Sequence[Mapping[str, object]]
    cursor: Mapping[str, object]
    wait_s: float
    note: str | None = None


class Source(Protocol):
    """One polled outside source."""

    @property
    def name(self) -> str:
        """Unique among the configured sources."""
        ...

    @property
    def kind(self) -> str:
        """The connector's name, for example ``rss``."""
        ...

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        """Poll once, from where ``cursor`` left off. Raises SourceError, SourceGoneError."""
        ...


class QuotaStore(Protocol):
    """``quotas``: what was used of each limited thing, by period."""

    async def take(self, name: str, *, period: datetime, units: int, limit: int) -> bool:
        """Count units before they are used, for the period that begins then; False, with nothing
        counted, when it would hold more than ``limit``. Raises StoreError."""
        ...

    async def give_back(self, name: str, *, period: datetime, units: int) -> None:
        """Take units off that were counted and not used. Raises StoreError."""
        ...
