"""Requests about what is sold."""

from typing import Annotated, Final

from pydantic import ConfigDict, Field, field_validator

from leadboost.console.bodies.form import Body, Limit, Query, never_null
from leadboost.console.fields import Count, Money, Name, Quantity, Reason, Reference, Sku, Title, Url

MAX_TTL_S: Final = 7 * 24 * 3600


class LineBody(Body):
    """Whole units of one SKU."""

    sku: Sku
    quantity: Quantity


class SaleBody(Body):
    """An order: either ``sku`` and ``quantity``, or ``lines`` that are sold all or none."""

    model_config = ConfigDict(json_schema_extra=never_null)

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


class StockBody(Body):
    """What to set; a field left out stays as it is."""

    model_config = ConfigDict(json_schema_extra=never_null)

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


class StockQuery(Query):
    """A page of stock in SKU order; ``after`` is the ``next`` of the page before."""

    after: Sku | None = None
    limit: Limit = 1000


class LedgerQuery(Query):
    """The newest rows of a SKU's ledger."""

    limit: Limit = 100
