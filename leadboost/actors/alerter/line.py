"""One channel: whether it is busy, how it fares, and when it is tried next."""

from dataclasses import dataclass

from leadboost.clock import Rng
from leadboost.domain.alerting.alert import Recipient, Severity, channel_key
from leadboost.errors import AlertChannelError
from leadboost.messages.alerter import ChannelStatus
from leadboost.ports import AlertChannel

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
LONGEST_ASKED_S = 3_600.0
LOOK_AGAIN_S = 300.0
TELL_AFTER = 4  # failures in a row, which take half a minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a channel is used; ``gap_s`` is kept between two sends."""

    channel: AlertChannel
    recipient: Recipient
    gap_s: float


class Line:
    """Keeps the pace of one channel: one send at a time.

    ``is_told``: whether the alert stands that this channel fails; None where an earlier start may have left
    it.
    """

    def __init__(self, way: Way, rng: Rng) -> None:
        self.channel = way.channel
        self.recipient = way.recipient
        self._gap_s = way.gap_s
        self._rng = rng
        self._failures = 0
        self._not_before = float("-inf")
        self._trouble: str | None = None
        self._is_lasting = False
        self.busy = False
        self.is_told: bool | None = None

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.channel.name

    @property
    def key(self) -> str:
        """The key of the alert that this channel fails."""
        return channel_key(self.name)

    def is_free(self, now: float) -> bool:
        """Whether something may be sent at this monotonic time."""
        return not self.busy and now >= self._not_before

    def sent(self, now: float) -> None:
        """It went out."""
        self._failures, self._trouble, self._is_lasting = 0, None, False
        self._not_before = now + self._gap_s

    def failed(self, now: float, error: AlertChannelError) -> None:
        """It did not; what is wrong with one notice says nothing of the channel."""
        if error.kind == "refused":
            self._not_before = now + self._gap_s
            return
        self._failures += 1
        self._trouble, self._is_lasting = error.reason, error.kind == "lasting"
        asked_s = min(error.retry_after_s or 0.0, LONGEST_ASKED_S)
        self._not_before = now + max(asked_s, self._wait_s())

    def _wait_s(self) -> float:
        if self._is_lasting:
            return LOOK_AGAIN_S
        wait_s = min(FIRST_WAIT_S * 2.0 ** min(self._failures - 1, 16), LONGEST_WAIT_S)
        return wait_s * self._rng.uniform(0.5, 1.0)

    @property
    def fails(self) -> str | None:
        """Why somebody has to look at it; None while it works, or fails only for a moment."""
        return self._trouble if self._is_lasting or self._failures >= TELL_AFTER else None

    @property
    def works(self) -> bool:
        """Whether it took what came last."""
        return self._trouble is None

    def status(self, pending: int) -> ChannelStatus:
        """How it fares."""
        state = "RUNNING" if self._trouble is None else "DEGRADED" if self.fails else "WAITING"
        return ChannelStatus(
            name=self.name,
            level=self.recipient.level,
            least=str(Severity(self.recipient.least)),
            state=state,
            detail=self._trouble,
            pending=pending,
        )
