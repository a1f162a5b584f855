"""Ports of hearing: signals, their sources and what these may use up. Every call ends by its own deadline."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from leadboost.domain.hearing.passage import Memory, Unheard
from leadboost.domain.pace import Pace
from leadboost.domain.radar.cleaning import Finding, Knowledge
from leadboost.domain.radar.spam import Tally
from leadboost.domain.radar.topic import Topic
from leadboost.domain.signal import Signal
from leadboost.messages.retention import Deleted, Erased, EraseSignals
from leadboost.messages.scout import DecideSignal, SignalPage, SignalQuery, SignalsHeard, StoredSignal
from leadboost.ports.journal import Lease, NewEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignal:
    """A validated and cleaned signal with the id it gets if it is new; ``content_hash`` is 32 bytes.

    The author stands there by pseudonym. ``item`` is the digest of what the signal is called at its source:
    by these two what was erased on request is known when it comes again.
    """

    id: UUID
    content_hash: bytes
    signal: Signal
    finding: Finding = field(default_factory=Finding)
    item: str | None = None


class SignalStore(Protocol):
    """``raw_signals``."""

    async def save_raw_signal(self, *signals: NewSignal) -> Sequence[UUID]:
        """Store those whose content hash is new and that nobody asked to erase, with the journal events of
        those that were not rejected, and join copies into clusters; returns the ids stored."""
        ...


class SignalPages(Protocol):
    """``raw_signals``, as people look through them."""

    async def page(self, query: SignalQuery) -> SignalPage:
        """Read one page, newest first. Raises StoreError."""
        ...


class KnowledgeStore(Protocol):
    """What people taught the radar: topics and decisions; the same for every host."""

    async def knowledge(self, known: Knowledge | None) -> Knowledge:
        """Return what is taught by now: ``known`` itself while nothing changed since."""
        ...

    async def replace_topics(self, topics: Sequence[Topic], *, by: str) -> Sequence[Topic]:
        """Put these in the place of all others, in somebody's name; returns them as stored, by name."""
        ...

    async def decide(self, decision: DecideSignal) -> StoredSignal | None:
        """Accept or reject a signal and teach the spam score, one label for each signal; returns the
        signal as it is then, None when there is none of this id."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejections:
    """How many signals of one source stand rejected for the reason that begins with this word."""

    source: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RadarReport:
    """Rejections, the most first, among the newest ``looked_at``, heard since ``since``; and the spam score,
    whose weights are nobody's to see."""

    rejections: Sequence[Rejections]
    looked_at: int
    since: datetime | None
    spam_labels: int
    wanted_labels: int
    tally: Tally


class RadarReports(Protocol):
    """What the radar refuses, and how well its spam score does."""

    async def report(self) -> RadarReport:
        """Read it as it is now. Raises StoreError."""
        ...


class SignalClaim(Protocol):
    """Signals that are being counted, in one transaction: nobody else counts them meanwhile."""

    async def fetch_pending_signals(self, limit: int) -> Sequence[Unheard]:
        """Claim the oldest signals that were never counted, and that no other host has claimed."""
        ...

    async def remember(self, signals: Sequence[Unheard]) -> Memory:
        """Read what counting these signals needs; their subjects stay locked until the end."""
        ...

    async def mark_as_processed(
        self, heard: Mapping[UUID, Mapping[str, float] | None], memory: Memory
    ) -> None:
        """Store the features of at least one signal, None for a rejected one, and the memory as it is now."""
        ...

    async def park(self, unreadable: Mapping[UUID, str]) -> None:
        """Reject signals for these reasons, counted nowhere."""
        ...


class RetentionStore(Protocol):
    """The deletion of what is too old to keep, and of names."""

    async def key_authors(self) -> int:
        """Put pseudonyms in the place of some authors' names that were stored before there were any; returns
        how many, 0 once none is left. Raises StoreError."""
        ...

    async def delete_old(self) -> Deleted | None:
        """Delete what is too old, once a day and by one host, and keep proof; None when it is not time, or
        another host is at it. Raises StoreError."""
        ...


class ErasureStore(Protocol):
    """Erasure on request."""

    async def erase(self, asked: EraseSignals) -> Erased:
        """Erase signals with all that was made of them, remember that they must not be heard again, and keep
        proof. Raises StoreError."""
        ...


class HearingStore(Protocol):
    """Signals with what their sources and topics have been saying."""

    async def waiting_texts(self, limit: int) -> Sequence[str]:
        """Return what the oldest signals say that wait for their features, as they are counted, locking
        nothing. Raises StoreError."""
        ...

    def claim(self) -> AbstractAsyncContextManager[SignalClaim]:
        """Begin a transaction that commits at the end of the block, and does nothing if that fails.

        Raises StoreError.
        """
        ...


class FeatureStore(Protocol):
    """What signals say, as numbers."""

    async def features(self, ids: Iterable[UUID]) -> Mapping[UUID, Mapping[str, float]]:
        """Return the stored features of the signals that exist; none for one not processed yet."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What a source remembers between polls; ``cursor`` holds JSON values of the connector's own.

    ``silent_since`` is when the quiet began that was told as ``source.silent`` and has not ended.
    ``muted`` and ``mute_reason`` are written by ``mute`` alone.
    """

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
    rejected: int = 0
    pace: Pace = field(default_factory=Pace)
    silent_since: datetime | None = None
    muted: bool = False
    mute_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A source as the database has it: its state, None before the first, and who holds its lease now."""

    state: SourceState | None = None
    holder: str | None = None


LEASE_PREFIX = "source:"
"""A source is polled by the holder of the lease of this prefix and its name."""


class SourceStore(Protocol):
    """``sources``: the resume state of each polled source."""

    async def load(self, names: Sequence[str]) -> Mapping[str, SourceRow]:
        """Return a row for each of these names."""
        ...

    async def save(self, state: SourceState, lease: Lease, events: Sequence[NewEvent] = ()) -> None:
        """Upsert all but the muting, and journal ``events`` with it. Raises LeaseLostError."""
        ...

    async def mute(self, name: str, kind: str, *, muted: bool, reason: str | None, by: str) -> SourceState:
        """Mute or unmute; one that was gone waits for its next poll again once it is unmuted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """How many signals came, by what became of them."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One poll's result: raw items for Scout, the new cursor, and when to come again at the earliest.

    ``came`` counts what came and was taken in without a poll. ``settle`` is awaited once items and cursor are
    committed, before the next poll. Raises SourceError.
    """

    items: Sequence[Mapping[str, object]]
    cursor: Mapping[str, object]
    wait_s: float
    note: str | None = None
    came: Came = Came()
    settle: Callable[[SignalsHeard], Coroutine[Any, Any, None]] | None = None


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

    async def check(self) -> str:
        """Try by one cheap request whether a poll would be answered; returns what was found, in a few words.
        Raises SourceError."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A refresh token. ``origin`` is the SHA-256 (hex) of the one in the settings that it descends from."""

    refresh_token: str = field(repr=False)
    origin: str


class GrantStore(Protocol):
    """``grants``: refresh tokens that their services replace at each use."""

    async def load(self, name: str) -> Grant | None:
        """Return what was saved last, or None. Raises StoreError."""
        ...

    async def save(self, name: str, grant: Grant, *, replaces: str | None) -> None:
        """Put it in the place of the refresh token ``replaces``, None: of nothing; does nothing when
        another one was saved since. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was answered (JSON) to message ``id`` of a sender, whose body has that SHA-256 (32 bytes); None
    while it is being taken in."""

    sender: str
    id: str
    body_sha256: bytes
    answer: str | None = None


class ReceiptStore(Protocol):
    """``push_receipts``: answers to pushed messages, kept for two days. Each call raises StoreError."""

    async def claim(self, sender: str, id: str, body_sha256: bytes) -> Receipt | None:
        """Claim a message before it is taken in. None: it is the caller's, to be kept or released; otherwise
        the receipt that stands. A claim that was neither kept nor released within a minute, as after a
        crash, passes to the next who claims the same message."""
        ...

    async def keep(self, receipt: Receipt) -> Receipt:
        """Put the answer to a claimed message, unless there is one already; returns the one that stands."""
        ...

    async def release(self, sender: str, id: str) -> None:
        """Give a claim up, so that the message may come again at once."""
        ...


class PushTallies(Protocol):
    """``push_tallies``: what became of pushed signals; each message is counted with its answer."""

    async def tally(self, sender: str) -> Came:
        """Return the counts of all that this sender has pushed. Raises StoreError."""
        ...
