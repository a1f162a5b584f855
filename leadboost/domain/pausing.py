"""The pausing protocol for one campaign: absolute state, read back twice, watched afterwards.

Reliability guide, section 6. Times are seconds on the monotonic clock, except ``confirmed_at``.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.halt import ItemStatus

RETRY_S = 1.0
HOPELESS_RETRY_S = 10.0
LONGEST_WAIT_S = 60.0
STALE_S = 30.0
"""A read-back may lag this long behind an accepted pause before it is sent again."""
OVERDUE_S = 120.0
"""After so long without two equal reads a person must look."""


class Step(StrEnum):
    """What to do next."""

    PAUSE = "pause"
    READ = "read"


@dataclass(slots=True, kw_only=True)
class Pausing:
    """How far one campaign's pause is, and what is to be done at ``due_at``.

    ``looked`` tells that it was read, or tried to, before its first pause. Two reads at least ``gap_s``
    apart must say the same before it is confirmed; it is then looked at every ``watch_s``, and paused
    again when it runs.
    """

    campaign: Campaign
    gap_s: float
    watch_s: float
    began_at: float
    due_at: float
    step: Step = Step.PAUSE
    status: ItemStatus = ItemStatus.REQUESTED
    looked: bool = False
    attempts: int = 0
    error: str | None = None
    accepted_at: float | None = None
    first_read_at: float | None = None
    confirmed_at: datetime | None = None

    def accept(self, now: float, attempts: int) -> None:
        """The platform took the pause; that proves nothing yet."""
        self.attempts += attempts
        self.status, self.error = ItemStatus.ACCEPTED, None
        self.step, self.due_at = Step.READ, now
        self.accepted_at, self.first_read_at = now, None

    def fail(self, now: float, attempts: int, error: str, *, hopeless: bool = False) -> None:
        """The pause was not taken, or nobody knows: it is sent again."""
        self.attempts += attempts
        self.error = error
        self.step, self.due_at = Step.PAUSE, now + (HOPELESS_RETRY_S if hopeless else RETRY_S)
        self._judge(now, hopeless=hopeless)

    def read(self, now: float, found: AdCampaign, at: datetime) -> None:
        """A read of its own answered; ``at`` is the wall clock."""
        if not found.is_paused:
            self._read_running(now)
        elif self.first_read_at is None:
            self.first_read_at = now
            self.due_at = now + self.gap_s
        elif now - self.first_read_at < self.gap_s:
            self.due_at = self.first_read_at + self.gap_s
        else:
            self.due_at = now + self.watch_s
            if self.status is not ItemStatus.CONFIRMED:
                self.status, self.error, self.confirmed_at = ItemStatus.CONFIRMED, None, at

    def fail_read(self, now: float, error: str, *, wait_s: float | None = None) -> None:
        """The read-back did not answer; what was confirmed stays so until a read says otherwise.

        ``wait_s`` is how long the platform asks to be left alone.
        """
        self.due_at = now + max(RETRY_S, min(wait_s or 0.0, LONGEST_WAIT_S))
        if self.status is not ItemStatus.CONFIRMED:
            self.error = error
            self._judge(now)

    def again(self, now: float) -> None:
        """Verify anew, from the pause on."""
        self.step, self.due_at, self.began_at = Step.PAUSE, now, now
        self.status, self.error, self.confirmed_at = ItemStatus.REQUESTED, None, None
        self.accepted_at = self.first_read_at = None

    def seen_at_rest(self, now: float) -> None:
        """A list of the whole account shows it paused: no read of its own is needed for a while."""
        if self.status is ItemStatus.CONFIRMED:
            self.due_at = now + 2 * self.watch_s

    def _read_running(self, now: float) -> None:
        seen_paused, self.first_read_at = self.first_read_at is not None, None
        if seen_paused:  # no lag: somebody let it run
            self.again(now)
            self.error = "it ran again though it was paused"
        elif self.accepted_at is None or now - self.accepted_at > STALE_S:
            self.step, self.due_at = Step.PAUSE, now
            self._judge(now)
        else:
            self.due_at = now + max(self.gap_s / 5, 0.5)
            self._judge(now)

    def _judge(self, now: float, *, hopeless: bool = False) -> None:
        if hopeless or now - self.began_at > OVERDUE_S:
            self.status = ItemStatus.UNCONFIRMED
