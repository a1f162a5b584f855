"""Replies on signals and their sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from leadboost.domain.offer import Offer
from leadboost.messages.scout import SignalRejection, SourceStatus, StoredSignal


@dataclass(frozen=True, slots=True)
class SignalsReply:
    """accepted + duplicates + rejected = what was sent."""

    accepted: int
    duplicates: int
    rejected: Sequence[SignalRejection]
    trace_id: str


@dataclass(frozen=True, slots=True)
class SignalReply:
    """A signal as stored."""

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

    @classmethod
    def of(cls, stored: StoredSignal) -> Self:
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
        )


@dataclass(frozen=True, slots=True)
class SignalsPage:
    """Signals, newest first; ``next`` is the ``before`` of the following page, null on the last."""

    items: Sequence[SignalReply]
    next: int | None


@dataclass(frozen=True, slots=True)
class SourcesReply:
    """Every configured source, and every connector."""

    items: Sequence[SourceStatus]
    offers: Sequence[Offer]
