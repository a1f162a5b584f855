"""What is shown of sources: their status, the timeline's step, what is logged and journalled."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from leadboost.actors.scout.polling import REASON_CHARS
from leadboost.clock import Clock, Rng, uuid7
from leadboost.errors import SourceError
from leadboost.messages.events import StateChanged, StepReported
from leadboost.messages.scout import SignalsHeard, SourceStatus
from leadboost.ports import Fetched, NewEvent, SourceState
from leadboost.runtime import Topic

STEP = "radar"
STALE_AFTER = timedelta(seconds=60)  # another host takes a source over within a quarter of that

_log = structlog.get_logger(__name__)


class Board:
    """Every source's state and holder as this host knows them, and what viewers were told of them last."""

    def __init__(
        self,
        states: Collection[SourceState],
        expected_per_day: Mapping[str, float],
        *,
        steps: Topic[StepReported],
        state: Topic[StateChanged],
        clock: Clock,
    ) -> None:
        self.states = {each.name: each for each in states}
        self.holders: dict[str, str | None] = {}
        self.expected = dict(expected_per_day)
        self._steps = steps
        self._state = state
        self._clock = clock
        self._told: tuple[str | None, str | None] | None = None
        self._viewed: list[dict[str, object]] | None = None

    def status(self, name: str) -> SourceStatus:
        """Return what others may know of a source."""
        state, holder = self.states[name], self.holders.get(name)
        shown, reason = _shown(state, self._clock.now())
        return SourceStatus(
            name=state.name,
            kind=state.kind,
            state=shown,
            reason=reason,
            muted=state.muted,
            last_polled_at=state.last_polled_at,
            last_item_at=state.last_item_at,
            next_due_at=None if state.muted else state.next_due_at,
            expected_per_day=self.expected.get(name, state.pace.per_day()),
            accepted=state.accepted,
            duplicates=state.duplicates,
            rejected=state.rejected,
            host=holder and holder.rpartition(":")[0],
        )

    def statuses(self) -> list[SourceStatus]:
        """Return the status of every source."""
        return [self.status(name) for name in self.states]

    def tell(self, fetching: Collection[str]) -> None:
        """Tell the timeline's step and the live link's ``sources``, each where it has changed."""
        statuses = self.statuses()
        step = _step(fetching, statuses)
        if step != self._told:
            self._told = step
            state, detail = step
            self._steps.publish(StepReported(step=STEP, state=state, detail=detail, at=self._clock.now()))
        items: list[dict[str, object]] = [
            {"name": each.name, "state": each.state, "reason": each.reason} for each in statuses
        ]
        if items != self._viewed:
            self._viewed = items
            self._state.publish(StateChanged(key="sources", data={"items": items}))

    def turn(self, old: SourceState, new: SourceState, rng: Rng) -> Sequence[NewEvent]:
        """Return the event of a source that fell silent or is heard again; none for any other."""
        if (old.silent_since is None) == (new.silent_since is None):
            return ()
        kind, data = "source.heard", dict[str, object](source=new.name)
        if new.silent_since is not None:
            kind, since = "source.silent", new.silent_since.isoformat()
            data |= {"since": since, "expected_per_day": self.expected.get(new.name, new.pace.per_day())}
        return [NewEvent(id=uuid7(self._clock, rng), kind=kind, at=self._clock.now(), data=data)]


def _shown(state: SourceState, now: datetime) -> tuple[str, str | None]:
    if state.muted:
        return "muted", state.mute_reason
    due_at = state.next_due_at
    if state.state in ("up", "silent") and due_at is not None and now > due_at + STALE_AFTER:
        return "stale", f"due since {due_at:%Y-%m-%d %H:%M} UTC, and polled by no host"
    return state.state, state.reason


def _step(fetching: Collection[str], statuses: Sequence[SourceStatus]) -> tuple[str | None, str | None]:
    """What goes on now: polling, failing, or nothing beyond what is journalled."""
    failing = [each for each in statuses if each.state in ("failing", "gone")]
    if fetching:
        return "PROCESSING", ", ".join(sorted(fetching))[:REASON_CHARS]
    if failing:
        return "ERROR", "; ".join(f"{each.name}: {each.reason}" for each in failing)[:REASON_CHARS]
    return None, None


def log_answer(name: str, fetched: Fetched, heard: SignalsHeard) -> None:
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


def log_failure(state: SourceState, error: Exception) -> None:
    """Log a poll that did not."""
    if isinstance(error, SourceError):
        _log.warning("source failed", source=state.name, state=state.state, reason=state.reason)
    else:
        _log.error("source failed unexpectedly", source=state.name, exc_info=error)
