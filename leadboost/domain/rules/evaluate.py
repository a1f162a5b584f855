"""Judging rules over facts, and holding back those that their protections hold back."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from leadboost.domain.halt import Scope
from leadboost.domain.rules.facts import Facts
from leadboost.domain.rules.rule import (
    Action,
    Finding,
    Firing,
    Mode,
    NoFactsError,
    Outcome,
    Rule,
    Skip,
    Verdict,
)

DAY = timedelta(days=1)
BREAKER_SUBJECTS = 4
"""Of fewer subjects any share may match by chance."""


def evaluate(rules: Sequence[Rule], facts: Facts, firings: Sequence[Firing]) -> list[Verdict]:
    """One verdict for each subject of each rule that is not off; ``firings`` are those of the last days."""
    return [
        verdict
        for rule in rules
        if rule.mode is not Mode.OFF
        for verdict in _judge(rule, facts, [each for each in firings if _counts(rule, each)])
    ]


def doubts(verdicts: Sequence[Verdict]) -> list[str]:
    """The rules that act and whose breaker is open: what they saw cannot be so."""
    return sorted({x.rule.name for x in verdicts if x.skip is Skip.BREAKER and x.rule.mode is Mode.ON})


def _judge(rule: Rule, facts: Facts, firings: Sequence[Firing]) -> Iterator[Verdict]:
    try:
        findings = rule.kind.look(facts, rule.scope)
    except NoFactsError as error:
        yield Verdict(rule=rule, outcome=Outcome.SKIPPED, skip=Skip.NO_FACTS, detail=str(error))
        return
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # One rule that cannot cope with what it sees must not keep the others from being judged.
        yield Verdict(rule=rule, outcome=Outcome.ERRORED, detail=f"{type(error).__name__}: {error}")
        return
    is_open = _is_breaker_open(rule, findings)
    fired = 0
    for finding in findings:
        if not finding.breached:
            yield Verdict(rule=rule, outcome=Outcome.CLEAR, finding=finding)
            continue
        skip = Skip.BREAKER if is_open else _held_back(rule, finding, facts, firings, fired)
        fired += skip is None
        outcome = Outcome.FIRED if skip is None else Outcome.SKIPPED
        yield Verdict(rule=rule, outcome=outcome, finding=finding, skip=skip, detail=finding.said)


def _is_breaker_open(rule: Rule, findings: Sequence[Finding]) -> bool:
    matched = sum(finding.breached and finding.data >= rule.protections.minimum_data for finding in findings)
    return len(findings) >= BREAKER_SUBJECTS and matched > rule.protections.breaker * len(findings)


def _held_back(
    rule: Rule, finding: Finding, facts: Facts, firings: Sequence[Firing], fired: int
) -> Skip | None:
    guard = rule.protections
    if finding.data < guard.minimum_data:
        return Skip.MINIMUM_DATA
    if guard.pending_check and _is_pending(rule, finding, facts):
        return Skip.PENDING
    of_subject = [each for each in firings if each.subject == finding.subject]
    if any((facts.at - each.at).total_seconds() < guard.cooldown_s for each in of_subject):
        return Skip.COOLDOWN
    lately = [each for each in firings if facts.at - each.at < DAY]
    if len(lately) + fired >= guard.daily_cap:
        return Skip.DAILY_CAP
    if rule.action is Action.REDUCE and left_delta(rule, finding.subject, facts, firings) <= 0:
        return Skip.DELTA_CAP
    return None


def left_delta(rule: Rule, subject: Scope, facts: Facts, firings: Sequence[Firing]) -> float:
    """The share by which the rule may lower the subject's budgets now; 0 where a day's share is used up."""
    lately = (
        each.delta
        for each in firings
        if _counts(rule, each) and each.subject == subject and facts.at - each.at < DAY
    )
    left = round(rule.protections.daily_delta - sum(lately), 6)
    return max(min(rule.protections.delta, left), 0.0)


def _counts(rule: Rule, firing: Firing) -> bool:
    """What a rule would have done in the shadow holds it back there alone."""
    return firing.rule == rule.name and firing.shadow == (rule.mode is Mode.SHADOW)


def _is_pending(rule: Rule, finding: Finding, facts: Facts) -> bool:
    """A wider halt is no reason to wait: once it is resumed, this subject must stay halted."""
    under_way = rule.action is Action.REDUCE and not facts.pending.isdisjoint(finding.campaigns)
    return under_way or finding.subject in facts.held
