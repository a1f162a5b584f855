"""Replies on the safety rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from leadboost.console.replies.form import Amount
from leadboost.domain.money import MICROS_PER_UNIT
from leadboost.domain.rules.replay import Replayed
from leadboost.domain.rules.rule import (
    Action,
    Firing,
    Mode,
    Origin,
    Outcome,
    Protections,
    Rule,
    Skip,
    Verdict,
)
from leadboost.domain.rules.written import write_rule
from leadboost.messages.safety import Looked, ReplayRules, RulesStatus


@dataclass(frozen=True, slots=True)
class LookReply:
    """What became of one look of a rule at one subject, and why nothing was done."""

    rule: str
    subject: str
    outcome: Outcome
    skip: Skip | None
    detail: str
    shadow: bool

    @classmethod
    def of(cls, verdict: Verdict) -> "LookReply":
        """Show a verdict."""
        return cls(
            rule=verdict.rule.name,
            subject=str(verdict.subject),
            outcome=verdict.outcome,
            skip=verdict.skip,
            detail=verdict.detail,
            shadow=verdict.rule.mode is Mode.SHADOW,
        )


@dataclass(frozen=True, slots=True)
class FiringReply:
    """A rule that fired, or in the ``shadow`` would have."""

    rule: str
    kind: str
    subject: str
    action: Action
    shadow: bool
    at: datetime
    detail: str

    @classmethod
    def of(cls, firing: Firing) -> "FiringReply":
        """Show a firing."""
        return cls(
            rule=firing.rule,
            kind=firing.kind,
            subject=str(firing.subject),
            action=firing.action,
            shadow=firing.shadow,
            at=firing.at,
            detail=firing.said,
        )


@dataclass(frozen=True, slots=True)
class RuleReply:
    """A rule. ``written`` is what to send to keep it as it is. At the last look nothing was wrong with
    ``clear`` subjects; ``looks`` are all the others."""

    name: str
    kind: str
    scope: str
    action: Action
    mode: Mode
    origin: Origin
    written: Mapping[str, object]
    protections: Protections
    clear: int
    looks: Sequence[LookReply]
    last_fired: FiringReply | None

    @classmethod
    def of(cls, rule: Rule, status: RulesStatus) -> "RuleReply":
        """Show a rule with what became of it last."""
        verdicts = [x for x in status.looked.verdicts if x.rule.name == rule.name] if status.looked else []
        fired = (FiringReply.of(each) for each in status.firings if each.rule == rule.name)
        return cls(
            name=rule.name,
            kind=rule.kind.name,
            scope=str(rule.scope),
            action=rule.action,
            mode=rule.mode,
            origin=rule.origin,
            written=write_rule(rule),
            protections=rule.protections,
            clear=sum(each.outcome is Outcome.CLEAR for each in verdicts),
            looks=[LookReply.of(each) for each in verdicts if each.outcome is not Outcome.CLEAR],
            last_fired=next(fired, None),
        )


@dataclass(frozen=True, slots=True)
class RulesReply:
    """Every rule, and the last firings, newest first. ``looked_at`` is null before the first look.

    ``file_problem`` says why what the file says now is not in force; ``doubted`` are rules that match most of
    what they look at, which keeps the gate closed.
    """

    items: Sequence[RuleReply]
    looked_at: datetime | None
    firings: Sequence[FiringReply]
    file_problem: str | None
    doubted: Sequence[str]

    @classmethod
    def of(cls, status: RulesStatus) -> "RulesReply":
        """Show how the rules stand."""
        return cls(
            items=[RuleReply.of(rule, status) for rule in status.rules],
            looked_at=status.looked.at if status.looked else None,
            firings=[FiringReply.of(each) for each in status.firings],
            file_problem=status.file_problem,
            doubted=status.doubted,
        )


@dataclass(frozen=True, slots=True)
class RulesReplaced:
    """``rules`` of the API are in force now."""

    rules: int
    trace_id: str


@dataclass(frozen=True, slots=True)
class PreviewReply:
    """What rules would do now: ``evaluated`` looks, of which ``matched`` would fire."""

    at: datetime
    evaluated: int
    matched: Sequence[LookReply]
    skipped: Sequence[LookReply]
    errored: Sequence[LookReply]

    @classmethod
    def of(cls, looked: Looked) -> "PreviewReply":
        """Sort verdicts."""

        def those(outcome: Outcome) -> list[LookReply]:
            return [LookReply.of(each) for each in looked.verdicts if each.outcome is outcome]

        return cls(
            at=looked.at,
            evaluated=len(looked.verdicts),
            matched=those(Outcome.FIRED),
            skipped=those(Outcome.SKIPPED),
            errored=those(Outcome.ERRORED),
        )


@dataclass(frozen=True, slots=True)
class ReplayedFiringReply:
    """One firing that would have been; ``false`` where what is known today would have cleared it."""

    day: date
    subject: str
    detail: str
    spend_avoided: Amount
    revenue_forgone: Amount
    saved: Amount
    false: bool


@dataclass(frozen=True, slots=True)
class ReplayedRuleReply:
    """What one rule would have done: ``fired`` times, ``false_pauses`` of them false. ``saved`` is what would
    not have been spent less what would not have been earned, by the ledger as it is today. ``not_kept`` says
    why nothing can be said."""

    rule: str
    kind: str
    days: int
    evaluated: int
    fired: int
    false_pauses: int
    spend_avoided: Amount
    revenue_forgone: Amount
    saved: Amount
    skipped: Mapping[str, int]
    errored: int
    not_kept: str | None
    firings: Sequence[ReplayedFiringReply]

    @classmethod
    def of(cls, done: Replayed) -> "ReplayedRuleReply":
        """Show a rule's replay."""
        firings = [
            ReplayedFiringReply(
                day=each.day,
                subject=str(each.subject),
                detail=each.said,
                spend_avoided=_units(each.spend_micros),
                revenue_forgone=_units(each.revenue_micros),
                saved=_units(each.saved_micros),
                false=each.false,
            )
            for each in done.firings
        ]
        return cls(
            rule=done.rule.name,
            kind=done.rule.kind.name,
            days=done.days,
            evaluated=done.evaluated,
            fired=len(firings),
            false_pauses=done.false_pauses,
            spend_avoided=_units(sum(each.spend_micros for each in done.firings)),
            revenue_forgone=_units(sum(each.revenue_micros for each in done.firings)),
            saved=_units(done.saved_micros),
            skipped={str(skip): count for skip, count in (done.skipped or {}).items()},
            errored=done.errored,
            not_kept=done.not_kept,
            firings=firings,
        )


@dataclass(frozen=True, slots=True)
class ReplayReply:
    """What rules would have done on the last ``days`` closed days (UTC); money in ``currency``."""

    days: int
    hold_days: int
    currency: str
    items: Sequence[ReplayedRuleReply]

    @classmethod
    def of(cls, asked: ReplayRules, done: Sequence[Replayed], currency: str) -> "ReplayReply":
        """Show a replay."""
        items = [ReplayedRuleReply.of(each) for each in done]
        return cls(days=asked.days, hold_days=asked.hold_days, currency=currency, items=items)


def _units(micros: int) -> Decimal:
    return Decimal(micros) / MICROS_PER_UNIT
