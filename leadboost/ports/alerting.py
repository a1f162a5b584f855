"""Ports of alerts: the channels they go out by and where they stand. Calls end by their own deadline."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from leadboost.domain.alerting.alert import Alert, Change, Notice, Policy, Recipient
from leadboost.messages.alerter import AlertCounts, AlertShown
from leadboost.ports.journal import Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notice of one alert for one channel; ``attempts`` were made before this one."""

    id: UUID
    channel: str
    notice: Notice
    alert: Alert
    created_at: datetime
    attempts: int = 0


class AlertChannel(Protocol):
    """Where alerts go out."""

    @property
    def name(self) -> str:
        """The connector's name, for example ``slack``."""
        ...

    async def send(self, delivery: Delivery) -> str | None:
        """Try once; returns what of it was left out, None for nothing. Sending the same delivery again is
        recognisable by its id where the service allows it. Raises AlertChannelError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertProgress:
    """The journal was looked through up to ``offset`` of ``epoch``."""

    epoch: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a try: ``delivered`` or ``failed`` for good, or ``pending`` until ``next_try_at``.

    ``pass_on``: others must be told now, since this channel cannot.
    """

    state: str
    error: str | None = None
    next_try_at: datetime | None = None
    pass_on: bool = False


class AlertStore(Protocol):
    """``alerts``, ``alert_deliveries`` and ``alert_progress``."""

    async def progress(self) -> AlertProgress | None:
        """How far the journal was looked through; None before the first time."""
        ...

    async def apply(
        self,
        changes: Sequence[Change],
        policy: Policy,
        recipients: Sequence[Recipient],
        *,
        progress: AlertProgress | None = None,
        lease: Lease | None = None,
        told: Collection[tuple[str, str]] = (),
    ) -> int:
        """Raise and end alerts and have channels told, together with ``progress``; returns how many changed.

        ``told`` are keys and channels that were told of the raise already. Raises LeaseLostError where there
        is a ``lease``.
        """
        ...

    async def pass_on(self, policy: Policy, recipients: Sequence[Recipient], lease: Lease) -> int:
        """Tell more channels of what nobody acknowledged in time; returns of how many alerts."""
        ...

    async def due(self, channels: Sequence[str]) -> Sequence[Delivery]:
        """The first delivery that is due for each of these channels."""
        ...

    async def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Note what became of a try."""
        ...

    async def acknowledge(self, alert_id: UUID, *, by: str, note: str | None) -> Alert | None:
        """Somebody sees to it; channels that were told hear of that. None where there is no such alert."""
        ...

    async def shown(self, *, resolved: int, limit: int) -> Sequence[AlertShown]:
        """Alerts that are not over and the last few that are, newest first."""
        ...

    async def counts(self) -> AlertCounts:
        """How many alerts there are."""
        ...

    async def pending(self) -> Mapping[str, int]:
        """How much waits for each channel."""
        ...

    async def forget_old(self) -> int:
        """Delete what was over 90 days ago, a bounded number at once; returns how many."""
        ...
