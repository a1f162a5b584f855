"""Replies on alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from leadboost.domain.alerting.alert import AlertState, Severity
from leadboost.messages.alerter import AlertShown, ChannelStatus, DeliveryShown


@dataclass(frozen=True, slots=True)
class AlertReply:
    """An alert; ``next_round_at`` is when it is passed on unless somebody acknowledges it before."""

    id: UUID
    key: str
    severity: Severity
    state: AlertState
    title: str
    detail: str
    subjects: Sequence[str]
    count: int
    rounds: int
    raised_at: datetime
    last_at: datetime
    next_round_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    resolved_at: datetime | None
    deliveries: Sequence[DeliveryShown]

    @staticmethod
    def of(shown: AlertShown) -> "AlertReply":
        """The reply of an alert."""
        alert = shown.alert
        return AlertReply(
            id=alert.id,
            key=alert.key,
            severity=alert.severity,
            state=alert.state,
            title=alert.title,
            detail=alert.detail,
            subjects=alert.subjects,
            count=alert.count,
            rounds=alert.rounds,
            raised_at=alert.raised_at,
            last_at=alert.last_at,
            next_round_at=alert.next_round_at,
            acknowledged_at=alert.acknowledged_at,
            acknowledged_by=alert.acknowledged_by,
            note=alert.note,
            resolved_at=alert.resolved_at,
            deliveries=shown.deliveries,
        )


@dataclass(frozen=True, slots=True)
class AlertsReply:
    """Alerts, newest first, and the channels that they go out by."""

    items: Sequence[AlertReply]
    channels: Sequence[ChannelStatus]


@dataclass(frozen=True, slots=True)
class AlertAcknowledged:
    """``state`` is what the alert is by now; who acknowledged it first stands."""

    id: UUID
    state: AlertState
    trace_id: str


@dataclass(frozen=True, slots=True)
class ChannelTried:
    """Whether the test got through; ``detail`` says what did not."""

    ok: bool
    detail: str | None
    trace_id: str
