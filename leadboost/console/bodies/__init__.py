"""Request bodies and queries: what may come in. ``form`` says how a refusal names the field."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from leadboost.console.bodies.form import (
    MAX_FAULTS,
    Body,
    Limit,
    Query,
    WriteQuery,
    faults_of,
    field_path,
    never_null,
)
from leadboost.console.bodies.selling import (
    CampaignBody,
    LedgerQuery,
    LineBody,
    ReservationBody,
    RestockBody,
    ReturnBody,
    SaleBody,
    SimulateBody,
    StockBody,
    StockQuery,
)
from leadboost.console.fields import (
    MAX_INT64,
    Attributes,
    Copy,
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
    Reason,
    Reference,
    Sku,
    Spend,
    Tally,
    Wording,
)
from leadboost.domain.halt import GLOBAL, MAX_SCOPE_CHARS
from leadboost.domain.signal_intake import AUTHOR_CHARS, EXTERNAL_ID_CHARS, item_id, source_name

__all__ = [
    "MAX_FAULTS",
    "AccountBody",
    "AcknowledgeBody",
    "Body",
    "BooksQuery",
    "CampaignBody",
    "DecisionBody",
    "EraseBody",
    "EventsQuery",
    "FirstBody",
    "LedgerQuery",
    "Limit",
    "LineBody",
    "LinkBody",
    "LiveQuery",
    "MuteBody",
    "OutcomeBody",
    "OutcomeItems",
    "PanicBody",
    "PredictBody",
    "PredictItems",
    "Query",
    "ReservationBody",
    "RestockBody",
    "ResumeBody",
    "ReturnBody",
    "RoleText",
    "RollbackBody",
    "SaleBody",
    "SignInBody",
    "SignalBody",
    "SignalIds",
    "SignalItems",
    "SignalsQuery",
    "SimulateBody",
    "StockBody",
    "StockQuery",
    "TokenForm",
    "TopicBody",
    "TopicsBody",
    "WriteQuery",
    "faults_of",
    "field_path",
]


class LinkBody(CampaignBody):
    """Whether a campaign advertises a product."""

    sku: Sku
    accepted: bool


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

    model_config = ConfigDict(json_schema_extra=never_null)

    handle: Annotated[str, Field(min_length=1, max_length=AUTHOR_CHARS)] | None = Field(None, repr=False)
    source: Annotated[Name, BeforeValidator(source_name)] | None = None
    external_id: (
        Annotated[str, Field(min_length=1, max_length=EXTERNAL_ID_CHARS), BeforeValidator(item_id)] | None
    ) = Field(None, repr=False)


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


class AcknowledgeBody(Body):
    """What is done about an alert, if there is anything to say."""

    note: Reason | None = None


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

    model_config = ConfigDict(json_schema_extra=never_null)

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

    model_config = ConfigDict(json_schema_extra=never_null)

    token: Reference = Field(repr=False)
    name: PersonName | None = None
    password: NewPassword | None = Field(None, repr=False)


class AccountBody(Body):
    """A new account."""

    name: PersonName
    password: NewPassword = Field(repr=False)
    role: RoleText


class SignalsQuery(Query):
    """A page of signals, newest first; ``before`` is the ``next`` of the page before."""

    before: Annotated[int, Field(ge=1, le=MAX_INT64)] | None = None
    source: Name | None = None
    state: Literal["pending", "processed", "rejected"] | None = None
    text: Label | None = None
    topic: Name | None = None
    cluster: Id | None = None
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
