"""What a rule is, and what becomes of each look at it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol
from uuid import UUID

from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Scope
from leadboost.domain.rules.facts import Facts


class Action(StrEnum):
    """What a firing does: pause what it covers, or let nothing raise its spend and lower its budgets."""

    HALT = "halt"
    REDUCE = "reduce"


class Mode(StrEnum):
    """Whether a rule acts; in the shadow it is judged and protected alike, and does nothing."""

    ON = "on"
    SHADOW = "shadow"
    OFF = "off"


class Origin(StrEnum):
    """Where a rule stands: in the product itself, in the file, or in the table that the API writes."""

    BUILT_IN = "built_in"
    FILE = "file"
    API = "api"


class Outcome(StrEnum):
    """What became of one look at one subject. ``clear``: nothing is wrong there."""

    FIRED = "fired"
    SKIPPED = "skipped"
    CLEAR = "clear"
    ERRORED = "errored"


class Skip(StrEnum):
    """Why a rule that matched did nothing."""

    MINIMUM_DATA = "minimum_data"
    BREAKER = "breaker"
    PENDING = "pending"
    COOLDOWN = "cooldown"
    DAILY_CAP = "daily_cap"
    DELTA_CAP = "delta_cap"
    NO_FACTS = "no_facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protections:
    """What keeps a rule from doing harm itself.

    After a firing a subject is left alone for ``cooldown_s``, and a rule fires ``daily_cap`` times in 24 h at
    most. ``minimum_data`` is how much of the kind's own data a judgement needs. A firing lowers a budget by
    ``delta`` (a share) and all of a rule's firings in 24 h by ``daily_delta`` at most. While more than
    ``breaker`` (a share) of at least four subjects match at once it is the facts that are doubted: nothing
    fires, and the gate stays closed as long. With ``pending_check`` a subject waits while it is halted
    already or a change of its campaigns is under way.
    """

    cooldown_s: float = 3600.0
    daily_cap: int = 20
    minimum_data: int = 1
    delta: float = 0.2
    daily_delta: float = 0.5
    breaker: float = 0.5
    pending_check: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One subject as a rule finds it; ``said`` tells a person, ``data`` is how much it was judged from."""

    subject: Scope
    breached: bool
    observed: float
    limit: float
    said: str
    campaigns: tuple[Campaign, ...] = ()
    data: int = 1


class Kind(Protocol):
    """A type of rule with its thresholds. ``history`` tells whether what it looks at is kept day by day, so
    that it can be replayed; ``protections`` are its own defaults."""

    name: ClassVar[str]
    history: ClassVar[bool]
    protections: ClassVar[Protections]

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        """Judge every subject within ``scope``. Raises NoFactsError where nothing can be seen."""
        ...


class NoFactsError(Exception):
    """The facts that a kind of rule needs are not there; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, by name."""

    name: str
    kind: Kind
    scope: Scope
    action: Action
    mode: Mode = Mode.ON
    protections: Protections = field(default_factory=Protections)
    origin: Origin = Origin.FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one look: ``finding`` is None where nothing could be seen at all."""

    rule: Rule
    outcome: Outcome
    finding: Finding | None = None
    skip: Skip | None = None
    detail: str = ""

    @property
    def subject(self) -> Scope:
        """What was looked at."""
        return self.finding.subject if self.finding else self.rule.scope

    @property
    def acts(self) -> bool:
        """Whether something is to be done."""
        return self.outcome is Outcome.FIRED and self.rule.mode is Mode.ON


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """A rule that fired, or would have in the ``shadow``. It lowered budgets by the share ``delta``."""

    id: UUID
    rule: str
    kind: str
    subject: Scope
    action: Action
    shadow: bool
    at: datetime
    said: str
    observed: float = 0.0
    limit: float = 0.0
    delta: float = 0.0
    campaigns: tuple[Campaign, ...] = ()
