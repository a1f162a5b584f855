from leadboost.clock import SystemClock
from leadboost.console.live_cuts import KEPT_S, MOST_KEPT, LiveCuts
from leadboost.domain.live.closing import Cut

CUT = Cut(4008, "More than 4 s behind.")


def test_a_cut_is_told_once_and_to_its_subject_alone() -> None:
    cuts = LiveCuts(SystemClock())
    cuts.note("ana", CUT)

    told = [cuts.take(subject) for subject in ("bea", "ana", "ana")]

    assert told == [None, CUT, None]


def test_a_cut_of_long_ago_is_not_told() -> None:
    clock = SystemClock()
    clock.monotonic = lambda: 100.0  # type: ignore[method-assign]
    cuts = LiveCuts(clock)
    cuts.note("ana", CUT)

    clock.monotonic = lambda: 100.0 + KEPT_S  # type: ignore[method-assign]

    assert cuts.take("ana") is None


def test_cuts_are_bounded_and_the_oldest_goes_first() -> None:
    cuts = LiveCuts(SystemClock())
    for number in range(MOST_KEPT + 1):
        cuts.note(str(number), CUT)

    assert (cuts.take("0"), cuts.take("1")) == (None, CUT)
