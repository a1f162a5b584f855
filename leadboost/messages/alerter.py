"""What the Alerter can be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from leadboost.domain.alerting.alert import Alert, AlertState, Change
from leadboost.runtime.message import Event, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryShown:
    """What a channel was told, and whether that arrived: ``pending``, ``delivered``, ``failed`` or
    ``dropped``."""

    channel: str
    notice: str
    state: str
    attempts: int
    created_at: datetime
    settled_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertShown:
    """An alert with its newest deliveries, oldest first."""

    alert: Alert
    deliveries: Sequence[DeliveryShown]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCounts:
    """Alerts that nobody sees to, the critical ones among them, those that somebody sees to, and those of
    which some channel could not be told."""

    open: int
    critical: int
    acknowledged: int
    undelivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStatus:
    """``state`` is RUNNING, WAITING while it is tried again, or DEGRADED until somebody does what ``detail``
    says."""

    name: str
    level: int
    least: str
    state: str
    detail: str | None
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsShown:
    """All there is to see."""

    items: Sequence[AlertShown]
    channels: Sequence[ChannelStatus]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteChanges(Event):
    """Something in this process has to be heard of, or is over."""

    changes: Sequence[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAlerts(Message[AlertsShown]):
    """Alerts that are not over and the last few that are, and the channels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """``state`` is what the alert is then."""

    id: UUID
    state: AlertState


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Message[Acknowledged | None]):
    """Somebody sees to an alert; None where there is none of this id."""

    id: UUID
    by: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TryChannel(Message[str | None]):
    """Send a test by one channel now; answers why that failed, None where it did not. Raises
    UnknownChannelError."""

    name: str
    by: str
