"""Replies on signals and their sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from leadboost.domain.offer import Offer
from leadboost.domain.radar.spam import MIN_LABELS
from leadboost.domain.radar.topic import Topic
from leadboost.messages.scout import Echo, SignalRejection, SourceStatus, StoredSignal
from leadboost.ports import RadarReport, Rejections


@dataclass(frozen=True, slots=True)
class SignalsReply:
    """accepted + duplicates + rejected = what was sent."""

    accepted: int
    duplicates: int
    rejected: Sequence[SignalRejection]
    trace_id: str


@dataclass(frozen=True, slots=True)
class PushReply:
    """accepted + duplicates + rejected = what was sent; the same for each delivery of one message."""

    accepted: int
    duplicates: int
    rejected: Sequence[SignalRejection]


@dataclass(frozen=True, slots=True)
class SignalReply:
    """A signal as stored; ``author`` is a pseudonym, the same in every source.

    ``reason`` says why it is rejected: ``too_short``, ``language``, ``blocked_word``, ``blocked_author``,
    ``blocked_domain``, ``spam``, ``off_topic``, ``operator`` or ``unreadable``, then a colon and what was
    found. ``language`` is an ISO 639-1 code, ``spam`` a probability; null where it cannot be told.
    ``cluster`` are its copies, of which at most 1000 are counted, null without any.
    """

    id: UUID
    source: str
    external_id: str
    text: str
    title: str | None
    url: str | None
    author: str | None
    published_at: datetime | None
    engagement: Mapping[str, float]
    extra: Mapping[str, object]
    state: str
    reason: str | None
    heard_at: datetime
    language: str | None
    topics: Sequence[str]
    spam: float | None
    cluster: Echo | None
    decided_by: str | None

    @classmethod
    def of(cls, stored: StoredSignal, **more: str) -> Self:
        signal = stored.signal
        return cls(
            id=stored.id,
            source=signal.source,
            external_id=signal.external_id,
            text=signal.text,
            title=signal.title,
            url=signal.url,
            author=signal.author,
            published_at=signal.published_at,
            engagement=signal.engagement,
            extra=signal.extra,
            state=stored.state,
            reason=stored.reason,
            heard_at=stored.heard_at,
            language=stored.language,
            topics=stored.topics,
            spam=stored.spam,
            cluster=stored.cluster,
            decided_by=stored.decided_by,
            **more,
        )


@dataclass(frozen=True, slots=True)
class SignalDecided(SignalReply):
    """A signal as it is after a person's decision."""

    trace_id: str


@dataclass(frozen=True, slots=True)
class SignalsErased:
    """How many signals were erased, or in a dry run would be; ``deletion`` is the id of the proof in table
    ``deletions``, null after a dry run."""

    signals: int
    deletion: UUID | None
    trace_id: str
    dry_run: bool


@dataclass(frozen=True, slots=True)
class TopicsReply:
    """Every watched topic, by name."""

    items: Sequence[Topic]


@dataclass(frozen=True, slots=True)
class TopicsReplaced:
    """Every watched topic as it is now, by name."""

    items: Sequence[Topic]
    trace_id: str


@dataclass(frozen=True, slots=True)
class SignalsPage:
    """Signals, newest first; ``next`` is the ``before`` of the following page, null on the last.

    A ``text`` is looked for among 5000 signals for each page, so one may be short, or empty, before the last.
    """

    items: Sequence[SignalReply]
    next: int | None


@dataclass(frozen=True, slots=True)
class SpamScore:
    """How well the spam score does. ``spam_labels`` and ``wanted_labels`` are what people decided and it
    learned; it scores from ``labels_needed`` of each on. ``precision`` and ``recall`` are of its forecasts at
    0.5 for the ``judged`` decisions since, each made before the decision was learned; null before any.
    """

    is_scoring: bool
    spam_labels: int
    wanted_labels: int
    labels_needed: int
    judged: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class RadarReply:
    """What the radar refuses: ``rejections`` counts by source and the reason's word (see a signal's
    ``reason``), the most first, the newest ``looked_at`` rejections (at most 5000), heard since ``since``.
    Items that are no signals are not stored; ``/metrics`` counts them too."""

    rejections: Sequence[Rejections]
    looked_at: int
    since: datetime | None
    spam: SpamScore

    @classmethod
    def of(cls, report: RadarReport) -> Self:
        tally = report.tally
        spam = SpamScore(
            is_scoring=min(report.spam_labels, report.wanted_labels) >= MIN_LABELS,
            spam_labels=report.spam_labels,
            wanted_labels=report.wanted_labels,
            labels_needed=MIN_LABELS,
            judged=tally.hits + tally.false_alarms + tally.misses + tally.passes,
            precision=tally.precision,
            recall=tally.recall,
        )
        return cls(report.rejections, report.looked_at, report.since, spam)


@dataclass(frozen=True, slots=True)
class SourcesReply:
    """Every configured source, and every connector."""

    items: Sequence[SourceStatus]
    offers: Sequence[Offer]
