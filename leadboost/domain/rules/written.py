"""Rules as people write them, in ``config/rules.toml`` and in requests, and what these become.

A rule is a table of ``name``, ``kind`` and the kind's own thresholds, flat; ``scope``, ``action``, ``mode``
and ``protections`` may be left out. Money is in units of the base currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from leadboost.domain.halt import GLOBAL, MAX_SCOPE_CHARS, Scope
from leadboost.domain.money import MICROS_PER_UNIT, format_micros, to_micros
from leadboost.domain.rules.money import (
    CashFloor,
    DailySpendCap,
    LedgerGap,
    RoiFloor,
    SpendVelocity,
    TotalSpendCap,
)
from leadboost.domain.rules.rule import Action, Kind, Mode, Origin, Protections, Rule
from leadboost.domain.rules.stock import ReturnRate, Runway, StockFloor
from leadboost.domain.rules.trust import ModelDrift, SourceFreshness, UnverifiedChanges
from leadboost.errors import ConfigError, InputError, Problem

MAX_RULES = 200
NAME_PATTERN = r"^[a-z][a-z0-9_-]{0,63}$"
KINDS: tuple[type[Kind], ...] = (
    StockFloor,
    Runway,
    ReturnRate,
    DailySpendCap,
    TotalSpendCap,
    SpendVelocity,
    RoiFloor,
    CashFloor,
    LedgerGap,
    UnverifiedChanges,
    SourceFreshness,
    ModelDrift,
)
_KIND_NAMES = frozenset(kind.name for kind in KINDS)
_MICROS = "_micros"
_LARGEST = 1_000_000_000_000


def _amount(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("must be an amount of money such as 250 or 12.5")
    try:
        micros = to_micros(value)
    except InputError as error:
        raise ValueError(error.reason) from None
    if abs(micros) > _LARGEST * MICROS_PER_UNIT:
        raise ValueError(f"must lie between -{_LARGEST} and {_LARGEST}")
    return micros


def _positive_amount(micros: int) -> int:
    if micros < 0:
        raise ValueError("must not be below 0")
    return micros


def _scope(text: str) -> str:
    try:
        return str(Scope.parse(text))
    except InputError as error:
        raise ValueError(error.reason) from None


Amount = Annotated[int, BeforeValidator(_amount), WithJsonSchema({"type": ["number", "string"]})]
Limit = Annotated[Amount, AfterValidator(_positive_amount)]
Share = Annotated[float, Field(ge=0, le=1, strict=True)]
Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
Days = Annotated[int, Field(ge=1, le=366, strict=True)]
Place = Annotated[str, Field(min_length=1, max_length=MAX_SCOPE_CHARS), AfterValidator(_scope)]
Each = Literal["scope", "campaign"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ProtectionsBody(_Table):
    """What is set of a rule's protections; the rest is as the kind has it."""

    cooldown_s: Annotated[float, Field(ge=0, le=2_592_000, strict=True)] | None = None
    daily_cap: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = None
    minimum_data: Count | None = None
    delta: Annotated[float, Field(gt=0, le=1, strict=True)] | None = None
    daily_delta: Annotated[float, Field(gt=0, le=1, strict=True)] | None = None
    breaker: Annotated[float, Field(gt=0, le=1, strict=True)] | None = None
    pending_check: Annotated[bool, Field(strict=True)] | None = None


class _RuleBody(_Table):
    made: ClassVar[type[Any]]
    usual: ClassVar[Action] = Action.HALT

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    scope: Place = GLOBAL
    action: Literal["halt", "reduce"] | None = None
    mode: Literal["on", "shadow", "off"] = "on"
    protections: ProtectionsBody = ProtectionsBody()

    def rule(self, origin: Origin) -> Rule:
        """The rule that this describes."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        kind: Kind = self.made(**{each.name: given[_plain(each.name)] for each in fields(self.made)})
        set_ = self.protections.model_dump(exclude_none=True)
        return Rule(
            name=self.name,
            kind=kind,
            scope=Scope.parse(self.scope),
            action=Action(self.action) if self.action else self.usual,
            mode=Mode(self.mode),
            protections=replace(kind.protections, **set_),
            origin=origin,
        )


class StockFloorBody(_RuleBody):
    """See ``StockFloor``: each product's own floor counts. It can only halt."""

    made = StockFloor
    kind: Literal["stock_floor"]
    action: Literal["halt"] | None = None


class RunwayBody(_RuleBody):
    """See ``Runway``."""

    made = Runway
    usual = Action.REDUCE
    kind: Literal["runway"]
    days: Annotated[float, Field(gt=0, le=366, strict=True)]


class ReturnRateBody(_RuleBody):
    """See ``ReturnRate``."""

    made = ReturnRate
    kind: Literal["return_rate"]
    rate: Share


class DailySpendCapBody(_RuleBody):
    """See ``DailySpendCap``."""

    made = DailySpendCap
    kind: Literal["daily_spend_cap"]
    limit: Limit
    each: Each = "scope"


class TotalSpendCapBody(_RuleBody):
    """See ``TotalSpendCap``."""

    made = TotalSpendCap
    kind: Literal["total_spend_cap"]
    limit: Limit
    since: date
    each: Each = "scope"


class SpendVelocityBody(_RuleBody):
    """See ``SpendVelocity``."""

    made = SpendVelocity
    kind: Literal["spend_velocity"]
    times: Annotated[float, Field(gt=1, le=1000, strict=True)] = 3.0
    minutes: Annotated[float, Field(ge=1, le=1440, strict=True)] = 5.0
    each: Each = "scope"


class RoiFloorBody(_RuleBody):
    """See ``RoiFloor``."""

    made = RoiFloor
    kind: Literal["roi_floor"]
    roi: Annotated[float, Field(ge=-1, le=1000, strict=True)]
    days: Days = 7
    lag_days: Annotated[int, Field(ge=0, le=90, strict=True)] = 1
    min_spend: Limit = 0
    each: Each = "campaign"


class CashFloorBody(_RuleBody):
    """See ``CashFloor``: ``balance`` is what there was at the start of ``as_of``."""

    made = CashFloor
    kind: Literal["cash_floor"]
    balance: Amount
    as_of: date
    floor: Amount


class LedgerGapBody(_RuleBody):
    """See ``LedgerGap``."""

    made = LedgerGap
    kind: Literal["ledger_gap"]
    share: Share = 0.05
    days: Days = 3
    each: Each = "scope"


class UnverifiedChangesBody(_RuleBody):
    """See ``UnverifiedChanges``."""

    made = UnverifiedChanges
    kind: Literal["unverified_changes"]
    count: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 3


class SourceFreshnessBody(_RuleBody):
    """See ``SourceFreshness``."""

    made = SourceFreshness
    usual = Action.REDUCE
    kind: Literal["source_freshness"]
    hours: Annotated[float, Field(gt=0, le=8784, strict=True)]
    sources: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = ()


class ModelDriftBody(_RuleBody):
    """See ``ModelDrift``."""

    made = ModelDrift
    usual = Action.REDUCE
    kind: Literal["model_drift"]
    state: Literal["suspected", "drifted"] = "drifted"


RuleBody = Annotated[
    StockFloorBody
    | RunwayBody
    | ReturnRateBody
    | DailySpendCapBody
    | TotalSpendCapBody
    | SpendVelocityBody
    | RoiFloorBody
    | CashFloorBody
    | LedgerGapBody
    | UnverifiedChangesBody
    | SourceFreshnessBody
    | ModelDriftBody,
    Field(discriminator="kind"),
]


class _File(_Table):
    rules: Annotated[list[RuleBody], Field(max_length=MAX_RULES)] = []


_FILE = TypeAdapter(_File)
_BODY: TypeAdapter[RuleBody] = TypeAdapter(RuleBody)
BUILT_IN = StockFloorBody(name="stock_floor", kind="stock_floor").rule(Origin.BUILT_IN)
"""Stands unless a rule of the same name replaces it."""


def read_rules(table: Mapping[str, object]) -> Sequence[Rule]:
    """Read a whole file's ``[[rules]]``. Raises ConfigError with every fault, by field."""
    try:
        bodies = _FILE.validate_python(table).rules
        return made_of(bodies, Origin.FILE)
    except ValidationError as error:
        raise ConfigError([_problem(each) for each in error.errors()]) from None
    except InputError as error:
        raise ConfigError([Problem(key=error.field, value="", allowed=error.reason)]) from None


def read_rule(written: Mapping[str, object]) -> Rule:
    """Read one rule of the table ``rules``, as ``write_rule`` wrote it. Raises ValueError."""
    return _BODY.validate_python(written).rule(Origin.API)


def made_of(bodies: Sequence[RuleBody], origin: Origin) -> Sequence[Rule]:
    """The rules of these. Raises InputError where two have one name."""
    names = [body.name for body in bodies]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise InputError(f"rules[{index}].name", f"{name} is the name of another rule already")
    return [body.rule(origin) for body in bodies]


def write_rule(rule: Rule) -> dict[str, object]:
    """The rule in its written form, with every default filled in: JSON values, money as exact text."""
    kind: Any = rule.kind  # that each kind is a dataclass cannot be said of a Protocol
    thresholds = {_plain(each.name): _written(each.name, kind) for each in fields(kind)}
    return {
        "name": rule.name,
        "kind": rule.kind.name,
        **thresholds,
        "scope": str(rule.scope),
        "action": str(rule.action),
        "mode": str(rule.mode),
        "protections": {each.name: getattr(rule.protections, each.name) for each in fields(Protections)},
    }


def joined(*layers: Sequence[Rule]) -> list[Rule]:
    """All rules; one of a later layer takes the place of an earlier one of its name."""
    return list({rule.name: rule for layer in ([BUILT_IN], *layers) for rule in layer}.values())


def _plain(field: str) -> str:
    return field.removesuffix(_MICROS)


def _written(name: str, kind: Kind) -> object:
    value = getattr(kind, name)
    if name.endswith(_MICROS):
        return format_micros(value)
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def plain_place(place: Sequence[int | str]) -> list[int | str]:
    """Where a fault is, without the kind that pydantic names after a rule's place in the list."""
    before = ["", *place]
    return [
        part
        for last, part in zip(before, place, strict=False)
        if not (isinstance(last, int) and part in _KIND_NAMES)
    ]


def _problem(error: Any) -> Problem:
    place = ""
    for part in plain_place(error["loc"]):
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    return Problem(
        key=place, value=repr(error["input"])[:100], allowed=error["msg"].removeprefix("Value error, ")
    )
