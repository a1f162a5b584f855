from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadboost.actors.scout.polling import answered, failed
from leadboost.actors.scout.showing import Board
from leadboost.clock import SystemClock
from leadboost.domain.pace import DAY_S, Pace
from leadboost.errors import SourceError
from leadboost.messages.scout import SignalRejection, SignalsHeard, SourceStatus
from leadboost.ports import Came, Fetched, SourceState
from leadboost.runtime import Topic

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
UP = SourceState(name="news", kind="rss", state="up", last_polled_at=NOW, next_due_at=NOW)


class At(SystemClock):
    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at


def shown(state: SourceState, *, later_s: float = 0.0, holder: str | None = None) -> SourceStatus:
    clock = At(NOW + timedelta(seconds=later_s))
    board = Board([state], {}, steps=Topic("steps"), state=Topic("state"), clock=clock)
    board.holders[state.name] = holder
    return board.status(state.name)


def after_poll(state: SourceState, *, accepted: int = 0, rejected: int = 0) -> SourceState:
    heard = SignalsHeard(
        accepted=accepted,
        duplicates=0,
        rejected=tuple(SignalRejection(index=number, reason="text: no") for number in range(rejected)),
    )
    fetched = Fetched(items=(), cursor={}, wait_s=60)
    return answered(
        state, fetched, heard, now=NOW + timedelta(hours=1), wait_s=60, expected_per_day=24 * 10.0
    )


@pytest.mark.parametrize(("later_s", "state"), [(59, "up"), (61, "stale")])
def test_a_source_that_nobody_polls_when_it_is_due_goes_stale(later_s: float, state: str) -> None:
    assert shown(UP, later_s=later_s).state == state


def test_a_failing_source_keeps_its_reason_however_long_it_waits() -> None:
    state = failed(UP, SourceError("news", "is away", 60), now=NOW)

    assert (shown(state, later_s=9_000).state, shown(state, later_s=9_000).reason) == ("failing", "is away")


def test_the_host_is_shown_without_what_tells_its_starts_apart() -> None:
    assert shown(UP, holder="shop-1:77:0190-uuid").host == "shop-1:77"


def test_what_gathered_while_polls_failed_says_nothing_of_the_pace() -> None:
    new = SourceState(name="news", kind="rss")
    down = failed(new, SourceError("news", "is away"), now=NOW - timedelta(minutes=5))

    state = after_poll(down, accepted=500)

    assert (state.pace.per_day(), state.pace.items, state.accepted, state.errors) == (None, 0.0, 500, 0)
    assert after_poll(state, accepted=1).pace.items == 1.0


def test_what_gathered_while_polls_failed_ends_the_quiet() -> None:
    watched = Pace(items=7.0, watched_s=7 * DAY_S, quiet_s=DAY_S)
    down = failed(replace(UP, pace=watched), SourceError("news", "is away"), now=NOW)

    still, heard = after_poll(down).pace, after_poll(down, accepted=3).pace

    assert still == watched
    assert (heard.quiet_s, heard.watched_s) == (0.0, 8 * DAY_S)
    assert heard.items < 7.0


def test_the_first_poll_says_nothing_of_the_pace() -> None:
    state = after_poll(SourceState(name="news", kind="rss"), accepted=500)

    assert (state.pace.items, state.accepted, state.state) == (0.0, 500, "up")


def test_a_source_that_sends_nothing_but_rubbish_is_not_silent() -> None:
    state = after_poll(UP, rejected=2)

    assert (state.state, state.rejected, state.last_item_at) == ("up", 2, NOW + timedelta(hours=1))


def test_the_silence_begins_with_the_last_item_and_keeps_its_beginning() -> None:
    last = NOW - timedelta(hours=3)
    silent = after_poll(replace(UP, last_item_at=last))

    assert (silent.state, silent.silent_since) == ("silent", last)
    assert after_poll(silent).silent_since == last
    assert after_poll(silent, accepted=1).silent_since is None


def test_what_came_without_a_poll_counts_as_what_a_poll_brings() -> None:
    fetched = Fetched(items=(), cursor={}, wait_s=30, came=Came(accepted=2, duplicates=1, rejected=3))
    nothing = SignalsHeard(accepted=0, duplicates=0, rejected=())

    state = answered(UP, fetched, nothing, now=NOW, wait_s=30, expected_per_day=None)

    assert (state.accepted, state.duplicates, state.rejected, state.last_item_at) == (2, 1, 3, NOW)
