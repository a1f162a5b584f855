"""An alert, and what happens to it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

MOST_SUBJECTS = 50
TITLE_CHARS, DETAIL_CHARS, SUBJECT_CHARS = 200, 1_000, 200


class Severity(StrEnum):
    """How much it matters; declared from least to most."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least."""
        return list(Severity).index(self)


class AlertState(StrEnum):
    """``acknowledged``: somebody sees to it. ``resolved``: it is over."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Notice(StrEnum):
    """What a channel is told of an alert."""

    RAISED = "raised"
    REMINDED = "reminded"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """Something is wrong. ``key`` names it: the same thing raised again is the same alert.

    ``subject`` is one of several that are in the same trouble, for example one campaign of a halt.
    ``momentary`` happened and does not last: acknowledging ends it.
    """

    key: str
    severity: Severity
    title: str
    at: datetime
    detail: str = ""
    subject: str | None = None
    momentary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """One subject is in trouble no more; others of the alert may be."""

    key: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """What ``key`` names is over; with ``prefix`` every key that begins so."""

    key: str
    at: datetime
    prefix: bool = False


Change = Raise | Settle | Resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """``rounds`` is how often it was passed on because nobody acknowledged it; ``next_round_at`` when it
    is next, None for never. ``notified_at`` is when channels were told last."""

    id: UUID
    key: str
    severity: Severity
    title: str
    detail: str
    subjects: tuple[str, ...]
    momentary: bool
    state: AlertState
    count: int
    rounds: int
    raised_at: datetime
    last_at: datetime
    notified_at: datetime
    next_round_at: datetime | None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    note: str | None = None
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody sees to it yet."""
        return self.state is AlertState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """``escalate_after`` passes before an alert that nobody acknowledged is passed on, ``rounds`` times at
    most; one that is raised again is told again after ``quiet_for``, new subjects after ``gather_for``."""

    escalate_after: timedelta = timedelta(minutes=15)
    rounds: int = 6
    quiet_for: timedelta = timedelta(minutes=15)
    gather_for: timedelta = timedelta(minutes=1)


def _clipped(text: str, chars: int) -> str:
    """What can be stored and sent, whatever an error or a name from outside holds."""
    plain = text.encode(errors="replace").decode()
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in plain)[:chars]


def new_alert(raised: Raise, alert_id: UUID, policy: Policy, now: datetime) -> Alert:
    """The alert that the first raise makes; whoever is told hears of it ``now``, however old it is."""
    escalates = raised.severity is not Severity.INFO and policy.rounds > 0
    return Alert(
        id=alert_id,
        key=raised.key,
        severity=raised.severity,
        title=_clipped(raised.title, TITLE_CHARS),
        detail=_clipped(raised.detail, DETAIL_CHARS),
        subjects=() if raised.subject is None else (_clipped(raised.subject, SUBJECT_CHARS),),
        momentary=raised.momentary,
        state=AlertState.OPEN,
        count=1,
        rounds=0,
        raised_at=raised.at,
        last_at=raised.at,
        notified_at=now,
        next_round_at=now + policy.escalate_after if escalates else None,
    )


def raised_again(known: Alert, raised: Raise, policy: Policy, now: datetime) -> tuple[Alert, bool]:
    """The alert after it was raised again, and whether channels are told.

    A weightier raise takes over title and detail, and opens what was acknowledged.
    """
    worse = raised.severity.rank > known.severity.rank
    as_bad = raised.severity.rank >= known.severity.rank
    subject = None if raised.subject is None else _clipped(raised.subject, SUBJECT_CHARS)
    fresh = subject is not None and subject not in known.subjects and len(known.subjects) < MOST_SUBJECTS
    since = now - known.notified_at
    tells = worse or (known.is_open and since >= (policy.gather_for if fresh else policy.quiet_for))
    alert = replace(
        known,
        severity=raised.severity if worse else known.severity,
        title=_clipped(raised.title, TITLE_CHARS) if worse else known.title,
        detail=_clipped(raised.detail, DETAIL_CHARS) if as_bad and raised.detail else known.detail,
        subjects=(*known.subjects, subject) if fresh and subject is not None else known.subjects,
        state=AlertState.OPEN if worse else known.state,
        count=known.count + 1,
        last_at=max(known.last_at, raised.at),
        notified_at=now if tells else known.notified_at,
    )
    return alert, tells


def settled(known: Alert, subject: str) -> Alert:
    """The alert without a subject that is in trouble no more."""
    left = tuple(each for each in known.subjects if each != _clipped(subject, SUBJECT_CHARS))
    return replace(known, subjects=left)


def resolved(known: Alert, at: datetime) -> Alert:
    """The alert once it is over."""
    return replace(known, state=AlertState.RESOLVED, resolved_at=at, next_round_at=None)


def acknowledged(known: Alert, *, by: str, note: str | None, at: datetime) -> Alert:
    """The alert once somebody sees to it; what does not last is over with that."""
    seen = replace(known, acknowledged_at=at, acknowledged_by=by, note=note, next_round_at=None)
    return resolved(seen, at) if known.momentary else replace(seen, state=AlertState.ACKNOWLEDGED)


def passed_on(known: Alert, at: datetime, policy: Policy) -> Alert:
    """The alert after one more round in which nobody acknowledged it."""
    rounds = known.rounds + 1
    more = rounds < policy.rounds
    return replace(
        known,
        rounds=rounds,
        notified_at=at,
        next_round_at=at + policy.escalate_after if more else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A channel: it is told what weighs at least ``least``, at once at ``level`` 1, one round later at 2, and
    so on."""

    name: str
    level: int = 1
    least: Severity = Severity.INFO

    def is_told(self, alert: Alert) -> bool:
        """Whether the alert goes to it by now; never that this very channel fails."""
        weighs = alert.severity.rank >= self.least.rank and self.level <= alert.rounds + 1
        return weighs and alert.key != channel_key(self.name)


def channel_key(channel: str) -> str:
    """The key of the alert that a channel does not take alerts."""
    return f"channel/{channel}"


def recipients_of(alert: Alert, recipients: Sequence[Recipient]) -> list[str]:
    """The names of the channels that are told of an alert as it is now."""
    return [each.name for each in recipients if each.is_told(alert)]
