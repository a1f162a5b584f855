"""What shops tell of orders that their own checkout took: Shopify and WooCommerce webhooks.

Both sign the raw body: base64 of its HMAC-SHA-256 (shopify.dev, "Verify webhook deliveries"; WooCommerce REST
API docs, "Webhooks").
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

from leadboost.domain.money import to_micros
from leadboost.errors import InputError

Shop: TypeAlias = Literal["shopify", "woocommerce"]
MAX_LINES = 500
MAX_QUANTITY = 1_000_000
_WOO_SOLD = frozenset({"processing", "completed"})
_WOO_CANCELLED = frozenset({"cancelled", "refunded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopLine:
    """Units of one SKU; the price of one in micros, None where it is not told."""

    sku: str
    quantity: int
    unit_price_micros: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOrder:
    """An order by the shop's own id; ``cancelled`` when it no longer stands. SKUs are named once each."""

    order_id: str
    currency: str
    lines: tuple[ShopLine, ...]
    cancelled: bool


def shop_sign(secret: bytes, body: bytes) -> str:
    """Sign a raw body as Shopify and WooCommerce do."""
    return base64.b64encode(hmac.digest(secret, body, hashlib.sha256)).decode()


def is_signed(signature: str, body: bytes, secrets: Sequence[bytes]) -> bool:
    """Tell whether one of the secrets signed these very bytes; without a secret nothing is signed."""
    given = signature.encode(errors="backslashreplace")
    genuine = False
    for secret in secrets:
        genuine |= hmac.compare_digest(shop_sign(secret, body).encode(), given)
    return genuine


def order_id_here(shop: Shop, order_id: str) -> UUID:
    """The id that an outside order has here, the same for ever: however often it is told, it is one sale."""
    return uuid5(NAMESPACE_URL, f"leadboost:{shop}:{order_id}")


def read_order(shop: Shop, topic: str, body: object, *, currency: str) -> ShopOrder | None:
    """Read an order from a webhook; None for a topic or a state that is none of our business.

    ``currency`` stands in where the message names none. Raises InputError naming the field.
    """
    if not isinstance(body, Mapping):
        raise InputError("", "must be an object")
    cancelled = _is_cancelled(shop, topic, body)
    if cancelled is None:
        return None
    lines = [] if cancelled else _lines(body.get("line_items"))
    if not lines and not cancelled:
        return None  # nothing that has a SKU
    return ShopOrder(
        order_id=_order_id(body.get("id")),
        currency=_currency(body.get("currency", currency)),
        lines=tuple(lines),
        cancelled=cancelled,
    )


def _is_cancelled(shop: Shop, topic: str, body: Mapping[str, object]) -> bool | None:
    if shop == "shopify":
        if topic == "orders/cancelled":
            return True
        # A cancellation has a message of its own: deliveries come in any order.
        return False if topic in ("orders/create", "orders/paid") else None
    if topic not in ("order.created", "order.updated"):
        return None
    status = body.get("status")
    return True if status in _WOO_CANCELLED else False if status in _WOO_SOLD else None


def _order_id(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or not 0 < len(str(value)) <= 64:
        raise InputError("id", "must be a number or a text of 1 to 64 characters")
    return str(value)


def _currency(value: object) -> str:
    if not isinstance(value, str) or len(value) != 3 or not value.isascii() or not value.isupper():
        raise InputError("currency", "must be a three-letter ISO 4217 code")
    return value


def _lines(items: object) -> list[ShopLine]:
    if not isinstance(items, list) or len(items) > MAX_LINES:
        raise InputError("line_items", f"must be an array of at most {MAX_LINES}")
    merged: dict[str, ShopLine] = {}
    for index, item in enumerate(items):
        if (line := _line(item, f"line_items[{index}]")) is not None:
            before = merged.get(line.sku)
            merged[line.sku] = line if before is None else _both(before, line)
    return list(merged.values())


def _both(first: ShopLine, second: ShopLine) -> ShopLine:
    price = first.unit_price_micros if first.unit_price_micros == second.unit_price_micros else None
    return ShopLine(sku=first.sku, quantity=first.quantity + second.quantity, unit_price_micros=price)


def _line(item: object, place: str) -> ShopLine | None:
    if not isinstance(item, Mapping):
        raise InputError(place, "must be an object")
    sku, quantity = item.get("sku"), item.get("quantity")
    if sku in (None, ""):
        return None  # a gift card, a service, a product without a SKU: no stock to speak of
    if not isinstance(sku, str) or len(sku) > 64 or "\x00" in sku:
        raise InputError(f"{place}.sku", "must be a text of at most 64 characters")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 <= quantity <= MAX_QUANTITY:
        raise InputError(f"{place}.quantity", f"must be a whole number from 0 to {MAX_QUANTITY}")
    if quantity == 0:
        return None
    return ShopLine(sku=sku, quantity=quantity, unit_price_micros=_price(item.get("price"), place))


def _price(value: object, place: str) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise InputError(f"{place}.price", "must be a number")
    return to_micros(value, f"{place}.price")
