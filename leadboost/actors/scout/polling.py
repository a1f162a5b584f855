"""What a poll makes of its source: the next state, the next wait, and what is said about it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from leadboost.errors import SourceError, SourceGoneError
from leadboost.messages.events import StepReported
from leadboost.messages.scout import SignalsHeard, SourceStatus
from leadboost.ports import Fetched, SourceState

FIRST_BACKOFF_S = 300.0
LONGEST_BACKOFF_S = 6 * 3_600.0
LONGEST_WAIT_S = 86_400.0
REASON_CHARS = 500
STEP = "radar"

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Intake:
    """Whether sources may be polled; outlives the actor, so that a restarted Scout goes on."""

    is_open: bool = False


def answered(
    old: SourceState, fetched: Fetched, heard: SignalsHeard, *, now: datetime, wait_s: float
) -> SourceState:
    """Return the state after a poll whose items were taken in."""
    return replace(
        old,
        cursor=fetched.cursor,
        state="up",
        reason=fetched.note,
        errors=0,
        last_polled_at=now,
        last_item_at=now if heard.accepted else old.last_item_at,
        next_due_at=now + timedelta(seconds=wait_s),
        accepted=old.accepted + heard.accepted,
        duplicates=old.duplicates + heard.duplicates,
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


def report(fetching: Collection[str], states: Collection[SourceState], *, at: datetime) -> StepReported:
    """Tell the timeline what goes on now: polling, failing, or nothing beyond what is journalled."""
    failing = [state for state in states if state.state in ("failing", "gone")]
    state, detail = None, None
    if fetching:
        state, detail = "PROCESSING", ", ".join(sorted(fetching))
    elif failing:
        state, detail = "ERROR", "; ".join(f"{each.name}: {each.reason}" for each in failing)
    return StepReported(step=STEP, state=state, detail=detail and detail[:REASON_CHARS], at=at)


def status(state: SourceState) -> SourceStatus:
    """Return what others may know of a source."""
    return SourceStatus(
        name=state.name,
        kind=state.kind,
        state=state.state,
        reason=state.reason,
        last_polled_at=state.last_polled_at,
        last_item_at=state.last_item_at,
        next_due_at=state.next_due_at,
        accepted=state.accepted,
        duplicates=state.duplicates,
    )


def tell(name: str, fetched: Fetched, heard: SignalsHeard) -> None:
    """Log a poll that went well."""
    _log.info(
        "source polled",
        source=name,
        accepted=heard.accepted,
        duplicates=heard.duplicates,
        rejected=len(heard.rejected),
        first_rejection=heard.rejected[0].reason if heard.rejected else None,
        note=fetched.note,
    )


def complain(state: SourceState, error: Exception) -> None:
    """Log a poll that did not."""
    if isinstance(error, SourceError):
        _log.warning("source failed", source=state.name, state=state.state, reason=state.reason)
    else:
        _log.error("source failed unexpectedly", source=state.name, exc_info=error)


def _wait_after(error: Exception, errors: int) -> float:
    if isinstance(error, SourceError) and error.retry_after_s is not None:
        return min(error.retry_after_s, LONGEST_WAIT_S)
    return min(FIRST_BACKOFF_S * 2.0 ** min(errors, 16), LONGEST_BACKOFF_S)


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, SourceError) else f"internal error ({type(error).__name__})"
