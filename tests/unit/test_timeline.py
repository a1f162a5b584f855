from datetime import UTC, datetime

import pytest

from leadboost.domain.timeline import STEPS, StepState, Timeline

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
DONE: dict[str, object] = {"run_id": "r1", "step": "radar", "state": "COMPLETE", "detail": "2 new signals"}
COMPLETE = StepState(step="radar", state="COMPLETE", detail="2 new signals", at=AT, run_id="r1")


@pytest.fixture
def timeline() -> Timeline:
    return Timeline(["radar"])


def test_timeline_shows_six_steps_and_says_which_are_not_installed(timeline: Timeline) -> None:
    steps = timeline.steps()

    assert [step.step for step in steps] == list(STEPS)
    assert [step.state for step in steps] == ["IDLE", *["NOT_INSTALLED"] * 5]


def test_timeline_shows_the_last_journalled_state(timeline: Timeline) -> None:
    timeline.record({**DONE, "run_id": "r0", "detail": "1 new signal"}, AT)
    timeline.record(DONE, AT)

    assert timeline.steps()[0] == COMPLETE


def test_telemetry_covers_the_journalled_state_until_it_ends(timeline: Timeline) -> None:
    timeline.record(DONE, AT)

    timeline.tell("radar", "PROCESSING", detail="feed", at=AT)
    during = timeline.steps()[0]
    timeline.tell("radar", None, detail=None, at=AT)

    assert (during.state, during.detail) == ("PROCESSING", "feed")
    assert timeline.steps()[0] == COMPLETE


@pytest.mark.parametrize(
    "data", [{}, {**DONE, "step": "sales"}, {**DONE, "state": "LATE"}, {**DONE, "step": ["radar"]}]
)
def test_what_is_no_step_is_left_aside(timeline: Timeline, data: dict[str, object]) -> None:
    timeline.record(data, AT)

    assert timeline.steps()[0] == StepState(step="radar", state="IDLE")


def test_a_step_of_a_component_that_is_not_here_stays_not_installed(timeline: Timeline) -> None:
    timeline.record({**DONE, "step": "report"}, AT)

    assert timeline.steps()[-1] == StepState(step="report", state="NOT_INSTALLED")
