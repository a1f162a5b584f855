from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from leadboost.domain.halt import Scope
from leadboost.domain.rules.evaluate import doubts, evaluate, left_delta
from leadboost.domain.rules.facts import Facts, ModelFact, campaign_scope
from leadboost.domain.rules.money import (
    CashFloor,
    DailySpendCap,
    LedgerGap,
    RoiFloor,
    SpendVelocity,
    TotalSpendCap,
)
from leadboost.domain.rules.rule import (
    Action,
    Finding,
    Firing,
    Kind,
    Mode,
    Outcome,
    Protections,
    Rule,
    Skip,
    Verdict,
)
from leadboost.domain.rules.stock import ReturnRate, Runway, StockFloor
from leadboost.domain.rules.trust import ModelDrift, SourceFreshness, UnverifiedChanges
from tests.unit.rule_facts import (
    AT,
    EVERYTHING,
    TEN_A_DAY,
    TODAY,
    UNIT,
    campaign,
    day,
    facts,
    fired,
    listed,
    product,
    rule,
    source,
    told,
)

YESTERDAY = told(24 * 60, 0).day
STOCK_GONE = facts(stock=[product(available=0)])
SHORT_RUNWAY = facts(stock=[product(available=10, sold=70, pace=TEN_A_DAY)])
RETURNED = facts(stock=[product(sold=50, returned=20)])
OVERSPENT = facts(ledger=[day(0, 80), day(1, 90)])
RACING = facts(campaigns=[listed(budget=288)], readings=[told(5, 10), told(0, 20)])
LOSING = facts(ledger=[day(number, 100, 50) for number in range(1, 6)])
APART = facts(ledger=[day(1, 100)], readings=[told(24 * 60, 120)])
UNSURE = facts(unverified=[campaign(1), campaign(2), campaign(3)])
STALE = facts(sources=[source(30.0), source(1.0, "x")])
DRIFTED = facts(model=ModelFact(drift="drifted", rows=500))

FIRING: list[tuple[Kind, Facts, Facts]] = [
    (StockFloor(), STOCK_GONE, facts(stock=[product(available=1)])),
    (Runway(days=2), SHORT_RUNWAY, facts(stock=[product(available=21, sold=70, pace=TEN_A_DAY)])),
    (ReturnRate(rate=0.3), RETURNED, facts(stock=[product(sold=50, returned=15)])),
    (DailySpendCap(limit_micros=79 * UNIT), OVERSPENT, facts(ledger=[day(0, 79), day(1, 500)])),
    (
        TotalSpendCap(limit_micros=169 * UNIT, since=YESTERDAY),
        OVERSPENT,
        facts(ledger=[day(0, 169), day(2, 1)]),
    ),
    (SpendVelocity(), RACING, replace(RACING, readings=[told(5, 10), told(0, 13)])),
    (RoiFloor(roi=-0.3), LOSING, facts(ledger=[day(number, 100, 70) for number in range(1, 6)])),
    (
        CashFloor(balance_micros=500 * UNIT, as_of=YESTERDAY, floor_micros=331 * UNIT),
        OVERSPENT,
        facts(ledger=[day(0, 80), day(1, 90, 1)]),
    ),
    (LedgerGap(share=0.05), APART, replace(APART, ledger=[day(1, 115)])),
    (UnverifiedChanges(count=3), UNSURE, facts(unverified=[campaign(1), campaign(2)])),
    (SourceFreshness(hours=24), STALE, facts(sources=[source(30.0, muted=True), source(1.0, "x")])),
    (ModelDrift(), DRIFTED, facts(model=ModelFact(drift="suspected", rows=500))),
]
NAMES = [kind.name for kind, _, _ in FIRING]


def only(verdicts: list[Verdict]) -> Verdict:
    (verdict,) = verdicts
    return verdict


def judged(kind: Kind, known: Facts, *firings: Firing, **protections: object) -> Verdict:
    return only(evaluate([rule(kind, **protections)], known, firings))  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "breached", "calm"), FIRING, ids=NAMES)
def test_each_kind_fires_past_its_threshold_and_is_clear_at_it(
    kind: Kind, breached: Facts, calm: Facts
) -> None:
    assert judged(kind, breached).outcome is Outcome.FIRED
    assert judged(kind, calm).outcome is Outcome.CLEAR


@pytest.mark.parametrize(("kind", "breached", "_"), FIRING, ids=NAMES)
def test_each_kind_says_what_it_saw(kind: Kind, breached: Facts, _: Facts) -> None:
    assert (
        any(character.isdigit() for character in judged(kind, breached).detail) or kind.name == "model_drift"
    )


@pytest.mark.parametrize(("kind", "breached", "_"), FIRING, ids=NAMES)
def test_each_kind_is_skipped_while_its_subject_cools_down(kind: Kind, breached: Facts, _: Facts) -> None:
    subject = judged(kind, breached).subject

    assert judged(kind, breached, fired(0.9, subject), cooldown_s=3600.0).skip is Skip.COOLDOWN
    assert judged(kind, breached, fired(1.1, subject), cooldown_s=3600.0).outcome is Outcome.FIRED


@pytest.mark.parametrize(("kind", "breached", "_"), FIRING, ids=NAMES)
def test_each_kind_is_skipped_on_less_than_its_minimum_of_data(kind: Kind, breached: Facts, _: Facts) -> None:
    verdict = judged(kind, breached)
    assert verdict.finding is not None
    data = verdict.finding.data

    assert judged(kind, breached, minimum_data=data).outcome is Outcome.FIRED
    assert judged(kind, breached, minimum_data=data + 1).skip is Skip.MINIMUM_DATA


@pytest.mark.parametrize(("kind", "breached", "_"), FIRING, ids=NAMES)
def test_each_kind_is_skipped_once_it_has_fired_as_often_as_it_may_in_a_day(
    kind: Kind, breached: Facts, _: Facts
) -> None:
    before = [fired(23, Scope("sku", ("other",))), fired(25, Scope("sku", ("other",)))]

    assert judged(kind, breached, *before, daily_cap=1).skip is Skip.DAILY_CAP
    assert judged(kind, breached, *before, daily_cap=2).outcome is Outcome.FIRED


@pytest.mark.parametrize(("kind", "breached", "_"), FIRING, ids=NAMES)
def test_each_kind_is_skipped_while_its_subject_is_halted_already(
    kind: Kind, breached: Facts, _: Facts
) -> None:
    held = replace(breached, held=frozenset({judged(kind, breached).subject}))

    assert judged(kind, held, pending_check=True).skip is Skip.PENDING
    assert judged(kind, held, pending_check=False).outcome is Outcome.FIRED


@pytest.mark.parametrize(("kind", "breached", "_"), FIRING, ids=NAMES)
def test_each_kind_lowers_budgets_no_further_than_it_may_in_a_day(
    kind: Kind, breached: Facts, _: Facts
) -> None:
    subject = judged(kind, breached).subject
    lowering = rule(kind, action=Action.REDUCE, cooldown_s=0.0, delta=0.2, daily_delta=0.5)
    firings = [fired(hours, subject, delta=0.2) for hours in (3, 2)]

    assert only(evaluate([lowering], breached, firings)).outcome is Outcome.FIRED
    assert left_delta(lowering, subject, breached, firings) == pytest.approx(0.1)
    firings.append(fired(1, subject, delta=0.1))
    assert only(evaluate([lowering], breached, firings)).skip is Skip.DELTA_CAP


@dataclass(frozen=True)
class Many:
    """Matches the first ``matching`` of ``of`` subjects."""

    name: ClassVar[str] = "many"
    history: ClassVar[bool] = False
    protections: ClassVar[Protections] = Protections()

    matching: int
    of: int

    def look(self, facts: Facts, scope: Scope) -> list[Finding]:
        return [
            Finding(
                subject=Scope("sku", (str(n),)), breached=n < self.matching, observed=n, limit=0, said="1"
            )
            for n in range(self.of)
        ]


def test_while_most_subjects_match_at_once_the_breaker_holds_all_of_them_back() -> None:
    verdicts = evaluate([rule(Many(matching=3, of=5))], facts(), [])

    assert [each.skip for each in verdicts] == [Skip.BREAKER] * 3 + [None] * 2
    assert doubts(verdicts) == ["rule"]


def test_half_of_the_subjects_and_all_of_a_few_leave_the_breaker_closed() -> None:
    for kind in (Many(matching=2, of=4), Many(matching=3, of=3)):
        verdicts = evaluate([rule(kind)], facts(), [])
        assert {each.outcome for each in verdicts} <= {Outcome.FIRED, Outcome.CLEAR}
        assert doubts(verdicts) == []


def test_the_daily_cap_counts_what_fires_in_the_same_look() -> None:
    verdicts = evaluate([rule(Many(matching=3, of=9), daily_cap=2)], facts(), [])

    assert [each.skip for each in verdicts[:3]] == [None, None, Skip.DAILY_CAP]


@dataclass(frozen=True)
class Broken:
    """Cannot cope with anything."""

    name: ClassVar[str] = "broken"
    history: ClassVar[bool] = False
    protections: ClassVar[Protections] = Protections()

    def look(self, facts: Facts, scope: Scope) -> list[Finding]:
        raise ZeroDivisionError("no days")


def test_a_rule_that_cannot_cope_is_told_and_keeps_no_other_from_being_judged() -> None:
    broken, floor = evaluate([rule(Broken(), name="a"), rule(StockFloor(), name="b")], STOCK_GONE, [])

    assert (broken.outcome, broken.detail) == (Outcome.ERRORED, "ZeroDivisionError: no days")
    assert floor.outcome is Outcome.FIRED


@pytest.mark.parametrize("kind", [SpendVelocity(), LedgerGap(), SourceFreshness(hours=1), ModelDrift()])
def test_a_kind_without_its_facts_says_so(kind: Kind) -> None:
    verdict = judged(kind, facts())

    assert (verdict.outcome, verdict.skip) == (Outcome.SKIPPED, Skip.NO_FACTS)
    assert verdict.detail


def test_a_rule_that_is_off_is_not_judged_and_one_in_the_shadow_does_nothing() -> None:
    off, shadow = rule(StockFloor(), mode=Mode.OFF), rule(StockFloor(), mode=Mode.SHADOW)

    verdict = only(evaluate([off, shadow], STOCK_GONE, []))

    assert verdict.outcome is Outcome.FIRED
    assert not verdict.acts


def test_firings_in_the_shadow_hold_back_the_rule_in_the_shadow_alone() -> None:
    before = replace(fired(0.1, judged(Runway(days=2), SHORT_RUNWAY).subject), shadow=True)
    on, shadow = (rule(Runway(days=2), mode=mode) for mode in (Mode.ON, Mode.SHADOW))

    assert only(evaluate([on], SHORT_RUNWAY, [before])).outcome is Outcome.FIRED
    assert only(evaluate([shadow], SHORT_RUNWAY, [before])).skip is Skip.COOLDOWN


SPENT_BY_TWO = facts(
    campaigns=[listed(1), listed(2)],
    ledger=[day(0, 60, number=1), day(0, 50, number=2), day(0, 7, number=None)],
    stock=[product("cup", campaigns=(campaign(2),))],
)


@pytest.mark.parametrize(
    ("scope", "spent"),
    [
        (EVERYTHING, 117),
        (Scope("account", ("meta_ads", "act_900")), 110),
        (Scope("account", ("meta_ads", "901")), 0),
        (Scope("campaign", ("meta_ads", "1")), 60),
        (Scope("sku", ("cup",)), 50),
    ],
    ids=str,
)
def test_a_scope_counts_what_lies_within_it_and_covers_it(scope: Scope, spent: int) -> None:
    cap = rule(DailySpendCap(limit_micros=0), scope=scope)

    verdict = only(evaluate([cap], SPENT_BY_TWO, []))

    assert verdict.finding is not None
    assert verdict.finding.observed == spent * UNIT
    assert verdict.subject == scope


def test_each_campaign_can_be_judged_alone() -> None:
    cap = rule(DailySpendCap(limit_micros=55 * UNIT, each="campaign"))

    one, two = evaluate([cap], SPENT_BY_TWO, [])

    assert (one.outcome, one.subject) == (Outcome.FIRED, campaign_scope(campaign(1)))
    assert two.outcome is Outcome.CLEAR


def test_a_platform_that_is_ahead_of_the_ledger_counts() -> None:
    known = facts(ledger=[day(0, 60)], readings=[told(60, 90), told(5, 100)])

    verdict = judged(DailySpendCap(limit_micros=99 * UNIT), known)

    assert verdict.finding is not None
    assert verdict.finding.observed == 100 * UNIT


def test_the_newest_closed_days_may_wait_for_their_conversions() -> None:
    late = facts(ledger=[day(1, 1000, 0), *(day(number, 100, 100) for number in range(2, 6))])

    assert judged(RoiFloor(roi=-0.3, lag_days=1), late).outcome is Outcome.CLEAR
    assert judged(RoiFloor(roi=-0.3, lag_days=0), late).outcome is Outcome.FIRED


def test_a_campaign_that_spent_little_is_not_judged_by_its_return() -> None:
    assert evaluate([rule(RoiFloor(roi=0.0, min_spend_micros=401 * UNIT))], LOSING, []) == []


def test_a_product_at_its_floor_has_no_runway_any_more() -> None:
    at_floor = facts(stock=[product(available=5, floor=5, sold=70, pace=TEN_A_DAY)])

    assert evaluate([rule(Runway(days=2))], at_floor, []) == []
    assert judged(StockFloor(), at_floor).outcome is Outcome.FIRED


def test_a_budget_change_under_way_holds_back_a_reduction_and_no_halt() -> None:
    known = replace(SHORT_RUNWAY, pending=frozenset({campaign()}))

    lowering = rule(Runway(days=2), action=Action.REDUCE)

    assert only(evaluate([lowering], known, [])).skip is Skip.PENDING
    assert judged(Runway(days=2), known).outcome is Outcome.FIRED


def test_the_stock_floor_holds_also_within_a_wider_halt() -> None:
    known = replace(STOCK_GONE, held=frozenset({EVERYTHING}))

    assert judged(StockFloor(), known).outcome is Outcome.FIRED


def test_spend_of_a_new_day_is_not_compared_with_that_of_the_day_before() -> None:
    midnight = replace(RACING, readings=[told(4, 200, on=YESTERDAY), told(2, 1), told(0, 2)])

    verdict = judged(SpendVelocity(), midnight)

    assert verdict.finding is not None
    assert verdict.finding.data == 2
    assert (AT.date(), verdict.outcome) == (TODAY, Outcome.CLEAR)


def test_rules_keep_the_firings_of_their_name_alone() -> None:
    subject = judged(StockFloor(), STOCK_GONE).subject
    known = rule(StockFloor(), name="one", cooldown_s=3600.0)

    assert only(evaluate([known], STOCK_GONE, [fired(0.1, subject, name="two")])).outcome is Outcome.FIRED
    assert isinstance(known, Rule)
