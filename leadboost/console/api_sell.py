"""Stock and sales."""

import hashlib
import re
from dataclasses import replace
from typing import Final

import orjson
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from leadboost.console.bodies import SaleBody, StockBody, StockQuery, faults_of
from leadboost.console.call import JSON_TYPE, Call, answer, json_response, validate
from leadboost.console.fields import Sku
from leadboost.console.items import page_of
from leadboost.console.json_body import parse_json
from leadboost.console.problems import PROBLEM_TYPE, Fault, invalid, outcome_unknown
from leadboost.console.replies import DryRun, ProductChanged, ProductReply, StockPage
from leadboost.domain.campaign import Campaign
from leadboost.domain.stock import Line
from leadboost.errors import ActorStoppedError, AskTimeoutError, OutcomeUnknownError
from leadboost.messages.enterprise import ListStock, PutStock, SellStock

SALE_DEADLINE_S: Final = 5.0
KEY_HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[!-~]{1,255}")
_SKU: Final[TypeAdapter[str]] = TypeAdapter(Sku)


async def sell(call: Call) -> web.Response:
    """Sell an order once; the stored answer leaves as it was stored, byte for byte."""
    lines = order_lines(await call.read_json())
    command = SellStock(
        principal=call.principal.subject,
        key=_idempotency_key(call),
        request_hash=order_hash(lines),
        lines=lines,
    )
    if call.is_dry_run:
        return answer(DryRun(1, (), (), call.trace_id))
    try:
        stored = await call.handles.enterprise.ask(command, timeout_s=SALE_DEADLINE_S)
    except (AskTimeoutError, ActorStoppedError, OutcomeUnknownError):
        # The command may have been committed, or be under way and still commit.
        raise outcome_unknown() from None
    media_type = JSON_TYPE if stored.status < 400 else PROBLEM_TYPE
    return json_response(stored.body, stored.status, media_type)


def order_lines(body: bytes) -> tuple[Line, ...]:
    """Read an order. Raises ProblemError 400 for what is not JSON, 422 naming the fields at fault."""
    try:
        order = SaleBody.model_validate_json(body)
    except ValidationError as error:
        parse_json(body)
        raise invalid(faults_of(error)) from None
    if order.lines is None:
        return (_single_line(order),)
    if order.sku is not None or order.quantity is not None:
        raise invalid([Fault("lines", "give either lines, or sku and quantity")])
    _refuse_twins([line.sku for line in order.lines])
    return tuple(Line(sku=line.sku, quantity=line.quantity) for line in order.lines)


def _single_line(order: SaleBody) -> Line:
    if order.sku is None or order.quantity is None:
        missing = [name for name in ("sku", "quantity") if getattr(order, name) is None]
        raise invalid([Fault(name, "is required") for name in missing])
    return Line(sku=order.sku, quantity=order.quantity)


def _refuse_twins(skus: list[str]) -> None:
    first: dict[str, int] = {}
    for index, sku in enumerate(skus):
        if first.setdefault(sku, index) != index:
            raise invalid(
                [Fault(f"lines[{index}].sku", f"is already in lines[{first[sku]}]; add the quantities")]
            )


def order_hash(lines: tuple[Line, ...]) -> bytes:
    """SHA-256 of the canonical order: ``[[sku, quantity], ...]`` as compact JSON, lines as given."""
    return hashlib.sha256(orjson.dumps([(line.sku, line.quantity) for line in lines])).digest()


def _idempotency_key(call: Call) -> str:
    keys = call.request.headers.getall(KEY_HEADER, ())
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        raise invalid([Fault(KEY_HEADER, "send one header of 1 to 255 visible ASCII characters")])
    return keys[0]


async def put_stock(call: Call) -> web.Response:
    """Set what is given of a product and its stock."""
    sku = _sku(call.place[0])
    body = validate(StockBody, await call.exact_json())
    if not body.model_fields_set:
        raise invalid([Fault("", "give at least one field to set")])
    command = PutStock(
        sku=sku,
        by=call.principal.subject,
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
