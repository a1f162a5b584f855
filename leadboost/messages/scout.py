"""What Scout, the collector of signals, can be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from leadboost.domain.radar.topic import Topic
from leadboost.domain.signal import Signal
from leadboost.runtime.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRejection:
    """Why the signal at ``index`` of the request was not taken."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsHeard:
    """Counts of one intake: accepted + duplicates + rejected = what was sent."""

    accepted: int
    duplicates: int
    rejected: tuple[SignalRejection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HearSignals(Message[SignalsHeard]):
    """Validate, de-duplicate and store raw items.

    ``items`` are decoded JSON objects as they came; each is validated here, and one bad item
    never spoils the others.
    """

    items: Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """The copies of a signal: how many there are with itself, from how many sources; ``lead`` marks the
    richest of them. At most 1000 are counted."""

    id: UUID
    size: int
    sources: int
    lead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSignal:
    """A signal as stored, with its place in the listing.

    ``reason`` says why it is rejected: a machine word of ``domain/radar/cleaning.py``, then what was found.
    ``spam`` is a probability, None when the score had not learned enough. ``decided_by`` is the person who
    accepted or rejected it, if one did.
    """

    id: UUID
    seq: int
    signal: Signal
    state: str
    reason: str | None
    heard_at: datetime
    language: str | None = None
    topics: tuple[str, ...] = ()
    spam: float | None = None
    cluster: Echo | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalPage:
    """Newest first; ``next`` is the ``before`` of the following page, None after the last."""

    items: Sequence[StoredSignal]
    next: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalQuery:
    """Which signals to read: newest first, below ``before`` (exclusive ``seq``), filtered by what is given.

    ``text`` is looked for among 5000 signals that the rest lets through, within a ``cluster`` everything is
    among its newest 5000: a page may hold few signals, or none, and yet have a ``next``.
    """

    before: int | None = None
    source: str | None = None
    state: str | None = None
    text: str | None = None
    topic: str | None = None
    cluster: UUID | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideSignal(Message[StoredSignal | None]):
    """Accept or reject one signal, whatever the radar made of it; None when there is none of this id.

    ``reason`` is kept with a rejection.
    """

    id: UUID
    accept: bool
    reason: str | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTopics(Message[Sequence[Topic]]):
    """Every watched topic, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceTopics(Message[Sequence[Topic]]):
    """Watch for these topics and for no others; the reply is these, as stored."""

    topics: Sequence[Topic]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """What is known of a polled source.

    ``state``: ``waiting`` for its first poll, ``up``, ``stale`` (overdue: nobody polls it), ``silent``
    (polled well, and quiet for longer than chance explains), ``failing``, ``gone`` or ``muted``.
    ``expected_per_day`` is what the settings say, else what was learned, else None. ``host`` polls it.
    """

    name: str
    kind: str
    state: str
    reason: str | None
    muted: bool
    last_polled_at: datetime | None
    last_item_at: datetime | None
    next_due_at: datetime | None
    expected_per_day: float | None
    accepted: int
    duplicates: int
    rejected: int
    host: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSources(Message[Sequence[SourceStatus]]):
    """Every configured source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteSource(Message[SourceStatus | None]):
    """Stop to poll a source, or go on; the reply is None where no source has that name.

    To unmute a source that was gone counts as someone having looked: it is polled again.
    """

    name: str
    muted: bool
    by: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginIntake(Message[None]):
    """Begin to poll the sources. Told once, when everything that signals lead to is up."""
