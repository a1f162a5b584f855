"""Which events are alerts, and what happens to an alert."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from leadboost.domain.alerting.alert import (
    MOST_SUBJECTS,
    Alert,
    AlertState,
    Policy,
    Raise,
    Recipient,
    Resolve,
    Severity,
    acknowledged,
    new_alert,
    passed_on,
    raised_again,
    recipients_of,
)
from leadboost.domain.alerting.events import changes_of

AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
POLICY = Policy(rounds=2)
SILENT = Raise(key="source/news", severity=Severity.WARNING, title="news has fallen silent", at=AT)


def first(raised: Raise = SILENT) -> Alert:
    return new_alert(raised, UUID(int=1), POLICY, AT)


@pytest.mark.parametrize(
    ("kind", "data", "key", "severity"),
    [
        ("panic.tripped", {"scope": "global"}, "halt/global", "critical"),
        ("panic.tripped", {"scope": "account:meta_ads:9"}, "halt/account:meta_ads:9", "critical"),
        ("panic.tripped", {"scope": "sku:cup"}, "halt/sku:cup", "warning"),
        ("safety.breached", {"scope": "sku:cup", "campaigns": [["m", "1"]]}, "halt/sku:cup", "warning"),
        ("panic.item", {"id": "h", "status": "unconfirmed"}, "halt-unconfirmed/h", "critical"),
        ("panic.resolved", {"id": "h", "state": "unconfirmed"}, "halt-unconfirmed/h", "critical"),
        ("source.silent", {"source": "news"}, "source/news", "warning"),
        ("model.rolled_back", {"to": 3}, "model/rollback", "warning"),
        ("model.trained", {"drift": "drifted"}, "model/drift", "warning"),
        ("stock.oversold_externally", {"sku": "cup", "shortfall": 2}, "oversold/cup", "critical"),
    ],
)
def test_what_somebody_has_to_hear_of_is_raised(
    kind: str, data: dict[str, object], key: str, severity: str
) -> None:
    (change,) = changes_of(kind, data, AT)

    assert isinstance(change, Raise)
    assert (change.key, str(change.severity)) == (key, severity)


@pytest.mark.parametrize(
    ("kind", "data", "key"),
    [
        ("panic.resumed", {"id": "h", "scope": "global"}, "halt/global"),
        ("panic.resolved", {"id": "h", "state": "confirmed"}, "halt-unconfirmed/h"),
        ("source.heard", {"source": "news"}, "source/news"),
        ("model.trained", {"drift": "none"}, "model/drift"),
    ],
)
def test_what_is_over_is_resolved(kind: str, data: dict[str, object], key: str) -> None:
    assert Resolve(key=key, at=AT) in changes_of(kind, data, AT)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("signal.accepted", {}),
        ("stock.out", {"sku": "cup"}),
        ("safety.breached", {"scope": "sku:cup", "campaigns": []}),
        ("safety.breached", {"scope": "sku:cup", "campaigns": 7}),
        ("model.trained", {"version": 3}),
        ("model.trained", {"drift": "suspected"}),
        ("external", {"step": "radar"}),
    ],
)
def test_all_else_is_no_alert(kind: str, data: dict[str, object]) -> None:
    assert changes_of(kind, data, AT) == ()


def test_the_same_thing_is_told_again_only_after_a_quiet_time() -> None:
    soon, tells_soon = raised_again(first(), SILENT, POLICY, AT + timedelta(minutes=5))
    later, tells_later = raised_again(soon, SILENT, POLICY, AT + timedelta(minutes=16))

    assert (tells_soon, tells_later, later.count) == (False, True, 3)


def test_a_weightier_raise_opens_what_somebody_had_taken() -> None:
    taken = acknowledged(first(), by="ana", note=None, at=AT)
    worse, tells = raised_again(
        taken, replace(SILENT, severity=Severity.CRITICAL, title="all are silent"), POLICY, AT
    )

    assert (worse.state, worse.title, tells) == (AlertState.OPEN, "all are silent", True)


def test_subjects_are_each_kept_once_and_bounded() -> None:
    alert = first(replace(SILENT, subject="one"))
    for number in range(2 * MOST_SUBJECTS):
        alert, _ = raised_again(alert, replace(SILENT, subject=f"{number // 2}"), POLICY, AT)

    assert alert.subjects[:3] == ("one", "0", "1")
    assert len(alert.subjects) == MOST_SUBJECTS


def test_nobody_is_reminded_for_ever() -> None:
    once = passed_on(first(), AT, POLICY)
    twice = passed_on(once, AT, POLICY)

    assert once.next_round_at == AT + POLICY.escalate_after
    assert (twice.rounds, twice.next_round_at) == (2, None)


def test_channels_are_told_by_weight_and_level_and_never_that_they_fail_themselves() -> None:
    slack, pager = Recipient(name="slack"), Recipient(name="pagerduty", level=2, least=Severity.WARNING)
    own = first(replace(SILENT, key="channel/slack"))

    assert recipients_of(first(), [slack, pager]) == ["slack"]
    assert recipients_of(passed_on(first(), AT, POLICY), [slack, pager]) == ["slack", "pagerduty"]
    assert recipients_of(own, [slack]) == []


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "a\x1bb"])
def test_text_that_no_database_or_channel_takes_is_made_plain(text: str) -> None:
    alert = first(replace(SILENT, title=text, detail=text, subject=text))

    for plain in (alert.title, alert.detail, *alert.subjects):
        plain.encode()
        assert plain.isprintable()
