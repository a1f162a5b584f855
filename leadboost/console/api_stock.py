"""Stock: what is set of products, what arrives, and the ledger."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from leadboost.console.api_sell import SALE_DEADLINE_S, answer_once, hash_of, idempotency_key
from leadboost.console.bodies import LedgerQuery, RestockBody, StockBody, StockQuery, faults_of
from leadboost.console.call import Call, answer, validate
from leadboost.console.fields import Sku
from leadboost.console.items import page_of
from leadboost.console.problems import Fault, ProblemError, invalid
from leadboost.console.replies import DryRun, LedgerReply, ProductChanged, ProductReply, StockPage
from leadboost.domain.campaign import Campaign
from leadboost.domain.stock import Line
from leadboost.messages.enterprise import GetAccount, ListStock, PutStock, RestockStock

_SKU: Final[TypeAdapter[str]] = TypeAdapter(Sku)


async def put_stock(call: Call) -> web.Response:
    """Set what is given of a product and its stock."""
    sku = _sku(call.place[0])
    body = validate(StockBody, await call.exact_json())
    if not body.model_fields_set - {"reason"}:
        raise invalid([Fault("", "give at least one field to set")])
    command = PutStock(
        sku=sku,
        by=call.principal.subject,
        trace=UUID(call.trace_id),
        reason=body.reason,
        on_hand=body.on_hand,
        floor=body.floor,
        title=body.title,
        url=body.url,
        price_micros=body.price,
        unit_cost_micros=body.unit_cost,
        campaigns=_links(body),
    )
    if call.is_dry_run:
        return answer(DryRun(1, (), (), call.trace_id))
    product = await call.handles.enterprise.ask(command, timeout_s=SALE_DEADLINE_S)
    return answer(replace(ProductChanged.of(product), trace_id=call.trace_id))


async def restock(call: Call) -> web.Response:
    """Add units that arrived."""
    sku = _sku(call.place[0])
    body = validate(RestockBody, await call.exact_json())
    command = RestockStock(
        principal=call.principal.subject,
        key=idempotency_key(call),
        request_hash=hash_of("restock", sku, body.quantity, body.reason, body.unit_cost),
        trace=UUID(call.trace_id),
        line=Line(sku=sku, quantity=body.quantity),
        reason=body.reason,
        unit_cost_micros=body.unit_cost,
    )
    return await answer_once(call, command)


async def get_ledger(call: Call) -> web.Response:
    """Tell every change of what is on hand of a product, newest first: how many, by whom, why."""
    query = call.query(LedgerQuery)
    account = await call.handles.enterprise.ask(GetAccount(sku=_sku(call.place[0]), limit=query.limit))
    if account is None:
        raise ProblemError(404, "unknown_sku", "This SKU is not in stock here.")
    return answer(LedgerReply.of(account))


def _sku(text: str) -> str:
    try:
        return _SKU.validate_python(text)
    except ValidationError as error:
        raise invalid([Fault("sku", fault.reason) for fault in faults_of(error)]) from None


def _links(body: StockBody) -> tuple[Campaign, ...] | None:
    if body.campaigns is None:
        return None
    links = [Campaign(platform=item.platform, campaign_id=item.campaign_id) for item in body.campaigns]
    for index, link in enumerate(links):
        if link in links[:index]:
            raise invalid([Fault(f"campaigns[{index}]", "is given more than once")])
    return tuple(links)


async def list_stock(call: Call) -> web.Response:
    """List products in SKU order."""
    query = call.query(StockQuery)
    found = await call.handles.enterprise.ask(ListStock(after=query.after or "", limit=query.limit + 1))
    products, last = page_of(found, query.limit)
    return answer(StockPage([ProductReply.of(product) for product in products], last.sku if last else None))
