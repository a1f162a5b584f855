"""Request bodies and queries: what may come in, and how a refusal names the field."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.config import JsonDict
from pydantic_core import ErrorDetails

from leadboost.console.fields import (
    MAX_INT64,
    PATTERN_REASONS,
    Attributes,
    Copy,
    Count,
    Currency,
    Day,
    Example,
    GivenPassword,
    Id,
    Label,
    Money,
    Name,
    NewPassword,
    PersonName,
    Quantity,
    Reason,
    Reference,
    Sku,
    Spend,
    Tally,
    Title,
    Url,
    Wording,
)
from leadboost.console.problems import Fault
from leadboost.domain.halt import GLOBAL, MAX_SCOPE_CHARS
from leadboost.domain.rules.written import plain_place
from leadboost.domain.signal_intake import AUTHOR_CHARS, EXTERNAL_ID_CHARS

MAX_FAULTS: Final = 20
MAX_TTL_S: Final = 7 * 24 * 3600
_MAX_READ: Final = 10_000
_MAX_FAULT_CHARS: Final = 200


def _never_null(schema: JsonDict) -> None:
    """Describe fields that may be left out, but for which null is not welcome."""
    fields = schema["properties"]
    assert isinstance(fields, dict)  # noqa: S101 - pydantic wrote it
    for field in fields.values():
        if isinstance(field, dict) and isinstance(options := field.get("anyOf"), list):
            del field["anyOf"], field["default"]
            field |= next(option for option in options if isinstance(option, dict))


class Body(BaseModel):
    """A JSON object whose every field is known; nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LineBody(Body):
    """Whole units of one SKU."""

    sku: Sku
    quantity: Quantity


class SaleBody(Body):
    """An order: either ``sku`` and ``quantity``, or ``lines`` that are sold all or none."""

    model_config = ConfigDict(json_schema_extra=_never_null)

    sku: Sku | None = None
    quantity: Quantity | None = None
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=100)] | None = None


class ReservationBody(Body):
    """Units to keep for ``ttl_s`` seconds, at most a week."""

    sku: Sku
    quantity: Quantity
    ttl_s: Annotated[int, Field(ge=1, le=MAX_TTL_S)]


class ReturnBody(Body):
    """What comes back of a sale, and why; without ``lines`` all that did not come back yet."""

    lines: Annotated[list[LineBody], Field(min_length=1, max_length=100)] | None = None
    reason: Reason | None = None


class SimulateBody(Body):
    """Spend by platform on top of today's, over the whole horizon, in the base currency."""

    horizon_days: Annotated[int, Field(ge=1, le=365)]
    budgets: Annotated[dict[Name, Money], Field(max_length=20)]


class RestockBody(Body):
    """Units that arrived, what one of them cost, and why they came."""

    quantity: Quantity
    unit_cost: Money | None = None
    reason: Reason | None = None


class CampaignBody(Body):
    """A campaign that advertises the SKU."""

    platform: Name
    campaign_id: Reference


class LinkBody(CampaignBody):
    """Whether a campaign advertises a product."""

    sku: Sku
    accepted: bool


class StockBody(Body):
    """What to set; a field left out stays as it is."""

    model_config = ConfigDict(json_schema_extra=_never_null)

    on_hand: Count | None = None
    floor: Count | None = None
    title: Title | None = None
    url: Url | None = None
    price: Money | None = None
    unit_cost: Money | None = None
    campaigns: Annotated[list[CampaignBody], Field(max_length=100)] | None = None
    reason: Reason | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _no_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null; leave the field out to keep what it is")
        return value


class PanicBody(Body):
    """What to halt: ``global``, ``account:PLATFORM:ID``, ``campaign:PLATFORM:ID`` or ``sku:SKU``."""

    reason: Reason
    scope: Annotated[str, Field(min_length=1, max_length=MAX_SCOPE_CHARS)] = GLOBAL


class ResumeBody(Body):
    """Which halt to end, and why."""

    halt_id: Id
    reason: Reason


class DecisionBody(Body):
    """Why a signal is accepted or rejected; the reason of a rejection is kept with it."""

    reason: Reason | None = None


class EraseBody(Body):
    """Who or what is erased: a person's ``handle`` or pseudonym, in one ``source`` or in all; or the one item
    ``external_id`` of ``source``."""

    model_config = ConfigDict(json_schema_extra=_never_null)

    handle: Annotated[str, Field(min_length=1, max_length=AUTHOR_CHARS)] | None = Field(None, repr=False)
    source: Name | None = None
    external_id: Annotated[str, Field(min_length=1, max_length=EXTERNAL_ID_CHARS)] | None = Field(
        None, repr=False
    )


class TopicBody(Body):
    """Something to watch for: words and phrases, and sentences that people say who mean it."""

    name: Wording
    terms: Annotated[list[Wording], Field(min_length=1, max_length=50)]
    examples: Annotated[list[Example], Field(max_length=50)] = Field(default_factory=list)


class TopicsBody(Body):
    """All topics. None at all lets every signal in."""

    items: Annotated[list[TopicBody], Field(max_length=50)]


class MuteBody(Body):
    """Whether a source is muted, and why."""

    muted: bool
    reason: Reason | None = None


class RollbackBody(Body):
    """Which version to go back to, the last good one if none is named, and why."""

    reason: Reason
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


SignalIds = Annotated[list[Id], Field(max_length=100)]


class PredictBody(Body):
    """A planned spend. ``currency`` must be the base currency; ``signal_ids`` are those it answers to."""

    spend: Spend
    text: Copy = ""
    source: Name | None = None
    platform: Name | None = None
    currency: Currency | None = None
    attributes: Attributes = Field(default_factory=dict)
    signal_ids: SignalIds = Field(default_factory=list)


class PredictItems(Body):
    """Many planned spends, of at most 2,000 different ``signal_ids`` together."""

    items: Annotated[list[PredictBody], Field(min_length=1, max_length=1000)]


class OutcomeBody(Body):
    """What one campaign spent and earned on one day; ``currency`` must be the base currency."""

    external_id: Reference
    platform: Name
    date: Day
    spend: Money
    revenue: Money
    currency: Currency | None = None
    clicks: Tally | None = None
    impressions: Tally | None = None
    conversions: Tally | None = None
    attributes: Attributes = Field(default_factory=dict)
    signal_ids: SignalIds = Field(default_factory=list)


class SignalBody(BaseModel):
    """A signal as it comes; Scout validates it, further fields are kept."""

    model_config = ConfigDict(extra="allow")

    source: str
    external_id: str
    text: str
    url: str | None = None
    published_at: str | None = None
    engagement: dict[str, float] | None = None


class OutcomeItems(Body):
    """Many outcomes."""

    items: Annotated[list[OutcomeBody], Field(min_length=1, max_length=5000)]


class SignalItems(Body):
    """Many signals."""

    items: Annotated[list[SignalBody], Field(min_length=1, max_length=1000)]


RoleText = Literal["viewer", "operator", "approver", "admin"]


class TokenForm(Body):
    """RFC 6749 section 4.4.2; id and secret may come by HTTP Basic instead."""

    model_config = ConfigDict(json_schema_extra=_never_null)

    grant_type: Literal["client_credentials"]
    client_id: str | None = None
    client_secret: str | None = None
    scope: RoleText | None = None


class SignInBody(Body):
    """Who signs in."""

    name: Name
    password: GivenPassword = Field(repr=False)


class FirstBody(Body):
    """The token of the printed link; outside the demo profile also the first account's name and password."""

    model_config = ConfigDict(json_schema_extra=_never_null)

    token: Reference = Field(repr=False)
    name: PersonName | None = None
    password: NewPassword | None = Field(None, repr=False)


class AccountBody(Body):
    """A new account."""

    name: PersonName
    password: NewPassword = Field(repr=False)
    role: RoleText


class Query(BaseModel):
    """Query parameters; every one is known."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_never_null)


class WriteQuery(Query):
    """How to write. A dry run checks the request alone, and neither stock nor what is known already."""

    dry_run: bool = False


Limit = Annotated[int, Field(ge=1, le=1000)]


class SignalsQuery(Query):
    """A page of signals, newest first; ``before`` is the ``next`` of the page before."""

    before: Annotated[int, Field(ge=1, le=MAX_INT64)] | None = None
    source: Name | None = None
    state: Literal["pending", "processed", "rejected"] | None = None
    text: Label | None = None
    topic: Name | None = None
    cluster: Id | None = None
    limit: Limit = 100


class StockQuery(Query):
    """A page of stock in SKU order; ``after`` is the ``next`` of the page before."""

    after: Sku | None = None
    limit: Limit = 1000


class LedgerQuery(Query):
    """The newest rows of a SKU's ledger."""

    limit: Limit = 100


class BooksQuery(Query):
    """What campaigns did in the last ``days`` days of which outcomes are known."""

    days: Annotated[int, Field(ge=1, le=365)] = 30


class EventsQuery(Query):
    """Events after ``since`` of the journal ``epoch``."""

    since: Annotated[int, Field(ge=0, le=MAX_INT64)] = 0
    epoch: Name | None = None
    limit: Limit = 500


class LiveQuery(Query):
    """Where to go on: after the event ``since`` of the journal ``epoch``; without, from now on."""

    since: Annotated[int, Field(ge=0, le=MAX_INT64)] | None = None
    epoch: Name | None = None


# -- refusals -------------------------------------------------------------------------------------

_REASONS: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large",
    "string_type": "must be a text",
    "string_unicode": "must be valid Unicode text",
    "bool_parsing": "must be true or false",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "union_tag_not_found": "needs a kind",
    "union_tag_invalid": "is of no known kind",
}
_SHOULD: Final = re.compile(r"^\w+ should")


def faults_of(error: ValidationError) -> list[Fault]:
    """Say what pydantic found, one fault per field, at most MAX_FAULTS; values are not repeated."""
    if (count := error.error_count()) > _MAX_READ:
        return [Fault("", f"has {count} faults, too many to name; send fewer fields or items at once")]
    details = error.errors(include_url=False, include_input=False)[:MAX_FAULTS]
    return [Fault(field_path(plain_place(item["loc"])), _reason(item)) for item in details]


def field_path(place: Sequence[int | str]) -> str:
    """Write a place in a body: ``("lines", 0, "sku")`` is ``lines[0].sku``."""
    path = ""
    for part in place:
        if part == "[key]":
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path[:_MAX_FAULT_CHARS]


def _reason(item: ErrorDetails) -> str:
    context = item.get("ctx", {})
    match item["type"]:
        case "string_pattern_mismatch":
            return PATTERN_REASONS[context["pattern"]]
        case "value_error":
            return str(context["error"])
        case "too_long":
            return f"must have at most {context['max_length']} entries"
        case kind:
            return _REASONS.get(kind) or _SHOULD.sub("must", item["msg"])
