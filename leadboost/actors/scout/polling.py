"""What a poll makes of its source: the next state and the next wait."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leadboost.domain.pace import Pace
from leadboost.errors import SourceError, SourceGoneError
from leadboost.messages.scout import SignalsHeard
from leadboost.ports import Fetched, SourceState

FIRST_BACKOFF_S = 300.0
LONGEST_BACKOFF_S = 6 * 3_600.0
LONGEST_WAIT_S = 86_400.0
REASON_CHARS = 500


@dataclass(slots=True)
class Intake:
    """Whether sources may be polled; outlives the actor, so that a restarted Scout goes on."""

    is_open: bool = False


def answered(
    old: SourceState,
    fetched: Fetched,
    heard: SignalsHeard,
    *,
    now: datetime,
    wait_s: float,
    expected_per_day: float | None,
) -> SourceState:
    """Return the state after a poll whose items were taken in.

    Rejected items count as new ones: what sends nothing but rubbish is not silent.
    """
    came = fetched.came
    accepted, rejected = came.accepted + heard.accepted, came.rejected + len(heard.rejected)
    items = accepted + rejected
    pace = _pace(old, items, now)
    is_silent = not items and pace.is_silent(expected_per_day)
    quiet_since = old.silent_since or old.last_item_at or now - timedelta(seconds=pace.quiet_s)
    return replace(
        old,
        cursor=fetched.cursor,
        state="silent" if is_silent else "up",
        reason=_quiet(quiet_since, expected_per_day or pace.per_day()) if is_silent else fetched.note,
        errors=0,
        last_polled_at=now,
        last_item_at=now if items else old.last_item_at,
        next_due_at=now + timedelta(seconds=wait_s),
        accepted=old.accepted + accepted,
        duplicates=old.duplicates + came.duplicates + heard.duplicates,
        rejected=old.rejected + rejected,
        pace=pace,
        silent_since=quiet_since if is_silent else None,
    )


def heeded(known: SourceState, saved: SourceState) -> SourceState:
    """Return what is known with what muting writes; the rest is said by the host that holds the lease."""
    unmuted = known.muted and not saved.muted
    return replace(
        known,
        muted=saved.muted,
        mute_reason=saved.mute_reason,
        state="waiting" if unmuted and known.state == "gone" else known.state,
        next_due_at=None if unmuted else known.next_due_at,
    )


def not_stored(old: SourceState, error: Exception) -> SourceState:
    """Return the state after a poll whose items come again, for its cursor was not saved."""
    reason = f"its items could not be stored: {error}"[:REASON_CHARS]
    return replace(old, state="failing", reason=reason)


def failed(old: SourceState, error: Exception, *, now: datetime) -> SourceState:
    """Return the state after a poll that brought nothing; one that is gone is due no more."""
    is_gone = isinstance(error, SourceGoneError)
    return replace(
        old,
        state="gone" if is_gone else "failing",
        reason=_reason(error)[:REASON_CHARS],
        errors=old.errors + 1,
        last_polled_at=now,
        next_due_at=None if is_gone else now + timedelta(seconds=_wait_after(error, old.errors)),
    )


def first_wait_s(state: SourceState, *, now: datetime) -> float:
    """Seconds until a source is due that was polled before; none for one that is new or was gone."""
    if state.state == "gone" or state.next_due_at is None:
        return 0.0
    return min(max((state.next_due_at - now).total_seconds(), 0.0), LONGEST_WAIT_S)


def _pace(old: SourceState, items: int, now: datetime) -> Pace:
    """Count what came since the poll before, if that was a success: the first one, and the first after a
    failure, bring what had gathered, and say nothing of the pace."""
    if old.last_polled_at is None or old.errors:
        return old.pace.interrupted() if items else old.pace
    return old.pace.after(items, (now - old.last_polled_at).total_seconds())


def _quiet(since: datetime, per_day: float | None) -> str:
    rate = f"{per_day or 0.0:.0f}" if (per_day or 0.0) >= 100 else f"{per_day or 0.0:.3g}"  # never 1e+03
    return f"nothing new since {since:%Y-%m-%d %H:%M} UTC, where {rate} a day are expected"


def _wait_after(error: Exception, errors: int) -> float:
    if isinstance(error, SourceError) and error.retry_after_s is not None:
        return min(error.retry_after_s, LONGEST_WAIT_S)
    return min(FIRST_BACKOFF_S * 2.0 ** min(errors, 16), LONGEST_BACKOFF_S)


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, SourceError) else f"internal error ({type(error).__name__})"
