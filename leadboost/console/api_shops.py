"""Orders that shops sold by themselves, told by their signed webhooks."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from aiohttp import web

from leadboost.console.api_sell import SALE_DEADLINE_S, hash_of
from leadboost.console.call import Call, answer, json_response
from leadboost.console.json_body import parse_exact_json
from leadboost.console.problems import Fault, ProblemError, invalid
from leadboost.console.replies import HookReply, encode
from leadboost.domain.shop import Shop, ShopOrder, is_signed, order_id_here, read_order
from leadboost.errors import InputError, StoreError
from leadboost.messages.enterprise import OutsideLine, RecordSale, ReturnSale
from leadboost.ports import Receipt

BODY_BYTES: Final = 2**20
OLDEST: Final = timedelta(hours=6)  # Shopify gives up after four
AHEAD: Final = timedelta(minutes=5)
_RETRY: Final = {"Retry-After": "1"}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What the headers of one delivery say; ``sent_at`` None where the shop does not tell."""

    shop: Shop
    id: str
    topic: str
    signature: str
    sent_at: str | None


async def shopify_hook(call: Call) -> web.Response:
    """Take in an order of a Shopify checkout, or its cancellation; other topics are acknowledged and left.

    The body is signed with the app's client secret (401 otherwise, before anything is read). The same
    delivery again gets the same answer and changes nothing, and the same order under another delivery
    changes nothing either; a delivery more than six hours old is refused (401). An order is always recorded:
    what was not on hand is the event ``stock.oversold_externally``.
    """
    headers = call.request.headers
    return await _take_in(
        call,
        Delivery(
            shop="shopify",
            id=headers.get("X-Shopify-Webhook-Id", ""),
            topic=headers.get("X-Shopify-Topic", ""),
            signature=headers.get("X-Shopify-Hmac-SHA256", ""),
            sent_at=headers.get("X-Shopify-Triggered-At"),
        ),
    )


async def woocommerce_hook(call: Call) -> web.Response:
    """Take in an order of a WooCommerce checkout once it is paid, or its cancellation.

    The body is signed with the webhook's secret (401 otherwise). The same delivery again gets the same
    answer and changes nothing. The ping of a new webhook, a form without a signature, is acknowledged and
    has no effect.
    """
    headers = call.request.headers
    if headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        await call.read()
        return answer(HookReply("ignored", None))
    return await _take_in(
        call,
        Delivery(
            shop="woocommerce",
            id=headers.get("X-WC-Webhook-Delivery-ID", ""),
            topic=headers.get("X-WC-Webhook-Topic", ""),
            signature=headers.get("X-WC-Webhook-Signature", ""),
            sent_at=None,
        ),
    )


async def _take_in(call: Call, delivery: Delivery) -> web.Response:
    shops, body = call.handles.shops, await call.read()
    secrets = shops.secrets.get(delivery.shop, ())
    if not is_signed(delivery.signature, body, secrets):
        if secrets:
            _log.warning("shop message refused", shop=delivery.shop)
        raise ProblemError(401, "unauthorized", "The body is not signed with a live secret of this shop.")
    if not 1 <= len(delivery.id) <= 255 or not delivery.id.isascii() or not delivery.id.isprintable():
        raise invalid([Fault("webhook id", "send the delivery's own id, 1 to 255 ASCII characters")])
    _refuse_old(call, delivery)
    receipt = await _claim(call, delivery, hashlib.sha256(body).digest())
    if receipt.answer is None:
        reply = await _record(call, delivery, receipt, body)
        receipt = await shops.receipts.keep(replace(receipt, answer=encode(reply).decode()))
    return json_response((receipt.answer or "").encode())


def _refuse_old(call: Call, delivery: Delivery) -> None:
    if delivery.sent_at is None:
        return
    try:
        sent_at = datetime.fromisoformat(delivery.sent_at)
    except ValueError:
        raise invalid([Fault("X-Shopify-Triggered-At", "send a time, like 2026-01-31T12:00:00Z")]) from None
    sent_at = sent_at if sent_at.tzinfo is not None else sent_at.replace(tzinfo=UTC)
    now = call.surroundings.clock.now()
    if not now - OLDEST <= sent_at <= now + AHEAD:
        raise ProblemError(401, "too_old", "This message is more than six hours old, or from the future.")


async def _claim(call: Call, delivery: Delivery, digest: bytes) -> Receipt:
    """Claim a delivery; with an answer, it was taken in before. Raises ProblemError 409 or 503."""
    sender = f"shop.{delivery.shop}"
    receipt = await call.handles.shops.receipts.claim(sender, delivery.id, digest)
    if receipt is None:
        return Receipt(sender=sender, id=delivery.id, body_sha256=digest)
    if receipt.body_sha256 != digest:
        raise ProblemError(409, "id_reused", "Another message came under this delivery id.")
    if receipt.answer is None:
        detail = "This message is being taken in; send it again for its answer."
        raise ProblemError(503, "in_progress", detail, headers=_RETRY)
    return receipt


async def _record(call: Call, delivery: Delivery, claimed: Receipt, body: bytes) -> HookReply:
    try:
        parsed = parse_exact_json(body)
        order = read_order(delivery.shop, delivery.topic, parsed, currency=call.surroundings.currency)
        if order is None:
            return HookReply("ignored", None)
        return await (_cancel if order.cancelled else _sell)(call, delivery.shop, order)
    except Exception as error:  # passed on: the claim must not bar the next try, whatever failed
        with suppress(StoreError):  # the claim runs out by itself
            await call.handles.shops.receipts.release(claimed.sender, claimed.id)
        if isinstance(error, InputError):
            raise invalid([Fault(error.field, error.reason)]) from None
        raise


async def _sell(call: Call, shop: Shop, order: ShopOrder) -> HookReply:
    sale_id = order_id_here(shop, order.order_id)
    lines = tuple(
        OutsideLine(sku=line.sku, quantity=line.quantity, unit_price_micros=line.unit_price_micros)
        for line in order.lines
    )
    command = RecordSale(
        principal=shop,
        key=order.order_id,
        request_hash=hash_of("outside", order.order_id),  # told again with other lines, it is the same order
        trace=UUID(call.trace_id),
        sale_id=sale_id,
        lines=lines,
        currency=order.currency,
    )
    await call.handles.enterprise.ask(command, timeout_s=SALE_DEADLINE_S)
    return HookReply("recorded", sale_id)


async def _cancel(call: Call, shop: Shop, order: ShopOrder) -> HookReply:
    sale_id = order_id_here(shop, order.order_id)
    command = ReturnSale(
        principal=shop,
        key=f"cancel {order.order_id}",
        request_hash=hash_of("cancel", order.order_id),
        trace=UUID(call.trace_id),
        sale_id=sale_id,
        lines=None,
        reason="cancelled in the shop",
    )
    returned = await call.handles.enterprise.ask(command, timeout_s=SALE_DEADLINE_S)
    if returned.status == 404 and shop == "woocommerce":
        return HookReply("ignored", None)  # it was never paid, so that it was never told
    if returned.status == 404:
        # Every order is told, but deliveries come in any order: this one is to come again.
        detail = "The order that this cancels is not known here yet; send it again."
        raise ProblemError(503, "order_unknown", detail, headers={"Retry-After": "60"})
    return HookReply("cancelled", sale_id)
