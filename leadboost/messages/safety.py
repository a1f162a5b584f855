"""What SafetyEngine, the keeper of rules, can be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from leadboost.domain.rules.replay import Replayed
from leadboost.domain.rules.rule import Firing, Rule, Verdict
from leadboost.runtime.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the last look brought: a verdict for each subject, all of the moment ``at``."""

    at: datetime
    verdicts: Sequence[Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesStatus:
    """Every rule, the last look (None before the first) and the last firings on record, newest first.

    ``file_problem`` says why the file's present content is not in use; ``doubted`` are rules whose breaker
    keeps the gate closed.
    """

    rules: Sequence[Rule]
    looked: Looked | None
    firings: Sequence[Firing]
    file_problem: str | None
    doubted: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRules(Message[RulesStatus]):
    """Tell the rules and what became of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceRules(Message[RulesStatus]):
    """Set the rules of the API anew; they count from the next look on."""

    rules: Sequence[Rule]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRules(Message[Looked]):
    """Judge these rules, those in force for None, over live facts, and do nothing."""

    rules: Sequence[Rule] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRules(Message[Sequence[Replayed]]):
    """Tell what these rules, those in force for None, would have done on the last ``days`` closed days.

    A firing is taken to hold for ``hold_days``. Raises InputError where that past is too long.
    """

    days: int
    hold_days: int
    rules: Sequence[Rule] | None = None
