from datetime import UTC, datetime, timedelta

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


def test_a_step_that_other_software_does_is_shown_though_it_is_not_installed(timeline: Timeline) -> None:
    assert timeline.hear({"step": "Analyst", "state": "processing", "detail": "lead 7"}, AT)

    assert timeline.steps()[1] == StepState(step="analyst", state="PROCESSING", detail="lead 7", at=AT)


def test_of_what_we_say_and_what_other_software_says_the_later_is_shown(timeline: Timeline) -> None:
    later = AT + timedelta(seconds=1)
    timeline.record(DONE, AT)
    timeline.hear({"step": "radar", "state": "ERROR"}, later)
    shown = timeline.steps()[0]
    timeline.tell("radar", "PROCESSING", detail="feed", at=later + timedelta(seconds=1))

    assert shown.state == "ERROR"
    assert timeline.steps()[0].state == "PROCESSING"


def test_what_is_told_late_does_not_turn_a_step_back(timeline: Timeline) -> None:
    timeline.hear({"step": "analyst", "state": "COMPLETE"}, AT)

    assert not timeline.hear({"step": "analyst", "state": "PROCESSING"}, AT - timedelta(seconds=1))
    assert timeline.steps()[1].state == "COMPLETE"


@pytest.mark.parametrize("said", ["words", None, [1], {"step": "sales", "state": "IDLE"}, {"step": "radar"}])
def test_other_words_of_other_software_move_no_step(timeline: Timeline, said: object) -> None:
    assert not timeline.hear(said, AT)
