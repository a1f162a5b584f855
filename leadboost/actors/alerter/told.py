"""What the Alerter tells itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from leadboost.domain.alerting.alert import Change
from leadboost.errors import AlertChannelError
from leadboost.messages.alerter import AlertCounts
from leadboost.ports import Delivery
from leadboost.runtime import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(Message[None]):
    """It is time to look again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed(Message[None]):
    """A pass ended well: the first ``applied`` of what was noted stand, ``due`` is to be sent, and there may
    be ``more`` to read."""

    applied: int
    due: Sequence[Delivery]
    counts: AlertCounts
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PassFailed(Message[None]):
    """A pass failed; what it did may or may not stand."""

    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Message[None]):
    """A channel has taken a delivery, or failed with ``error``; ``direct``: it stands nowhere."""

    delivery: Delivery
    error: AlertChannelError | None = None
    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Message[None]):
    """What the kill switch holds, while the database is away for ``reason``."""

    reason: str
    changes: Sequence[Change]
