from typing import Any

import pytest

from leadboost.domain.shop import Shop, ShopLine, ShopOrder, is_signed, order_id_here, read_order, shop_sign
from leadboost.errors import InputError

ORDER: dict[str, Any] = {
    "id": 820982911946154508,
    "currency": "EUR",
    "line_items": [
        {"sku": "FAN-01", "quantity": 2, "price": "49.90"},
        {"sku": "FAN-01", "quantity": 1, "price": "49.90"},
        {"sku": None, "quantity": 1, "price": "10.00"},
        {"sku": "LAMP", "quantity": 1, "price": None},
    ],
}


def test_a_signature_is_the_base64_of_the_hmac_of_the_raw_body() -> None:
    signature = "rPPsVKR84fFko1RQekHIpYvMqSoKa7fTWO7SJNTbImw="  # the contract sheet's vector

    assert shop_sign(b"shpss_test", b'{"available":7}') == signature
    assert is_signed(signature, b'{"available":7}', [b"new", b"shpss_test"])


@pytest.mark.parametrize(
    ("body", "secrets"),
    [(b'{"available":8}', [b"shpss_test"]), (b'{"available":7}', [b"other"]), (b'{"available":7}', [])],
)
def test_another_body_another_secret_and_no_secret_are_refused(body: bytes, secrets: list[bytes]) -> None:
    assert not is_signed("rPPsVKR84fFko1RQekHIpYvMqSoKa7fTWO7SJNTbImw=", body, secrets)


def test_lines_of_one_sku_are_one_line_and_those_without_a_sku_are_none() -> None:
    assert read_order("shopify", "orders/create", ORDER, currency="USD") == ShopOrder(
        order_id="820982911946154508",
        currency="EUR",
        lines=(
            ShopLine(sku="FAN-01", quantity=3, unit_price_micros=49_900_000),
            ShopLine(sku="LAMP", quantity=1, unit_price_micros=None),
        ),
        cancelled=False,
    )


@pytest.mark.parametrize(
    ("shop", "topic", "status", "cancelled"),
    [
        ("shopify", "orders/paid", None, False),
        ("shopify", "orders/cancelled", None, True),
        ("woocommerce", "order.created", "processing", False),
        ("woocommerce", "order.updated", "completed", False),
        ("woocommerce", "order.updated", "refunded", True),
    ],
)
def test_a_shop_tells_what_was_sold_and_what_no_longer_stands(
    shop: Shop, topic: str, status: str | None, cancelled: bool
) -> None:
    order = read_order(shop, topic, ORDER | {"status": status}, currency="EUR")

    assert order is not None
    assert order.cancelled == cancelled


@pytest.mark.parametrize(
    ("shop", "topic", "body"),
    [
        ("shopify", "products/update", ORDER),
        ("woocommerce", "order.updated", ORDER | {"status": "on-hold"}),
        ("woocommerce", "product.updated", ORDER | {"status": "processing"}),
        ("shopify", "orders/create", ORDER | {"line_items": [{"sku": "", "quantity": 1}]}),
    ],
)
def test_what_is_none_of_our_business_is_left(shop: Shop, topic: str, body: object) -> None:
    assert read_order(shop, topic, body, currency="EUR") is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], ""),
        (ORDER | {"id": None}, "id"),
        (ORDER | {"currency": "euro"}, "currency"),
        (ORDER | {"line_items": {}}, "line_items"),
        (ORDER | {"line_items": [7]}, "line_items[0]"),
        (ORDER | {"line_items": [{"sku": "A", "quantity": -1}]}, "line_items[0].quantity"),
        (ORDER | {"line_items": [{"sku": "A", "quantity": 1.5}]}, "line_items[0].quantity"),
        (ORDER | {"line_items": [{"sku": 7, "quantity": 1}]}, "line_items[0].sku"),
        (ORDER | {"line_items": [{"sku": "A", "quantity": 1, "price": "x"}]}, "line_items[0].price"),
    ],
)
def test_a_message_that_is_no_order_names_the_field(body: object, field: str) -> None:
    with pytest.raises(InputError) as refused:
        read_order("shopify", "orders/create", body, currency="EUR")

    assert refused.value.field == field


def test_an_order_has_one_id_here_for_ever_and_shops_do_not_share_it() -> None:
    assert order_id_here("shopify", "7") == order_id_here("shopify", "7")
    assert order_id_here("shopify", "7") != order_id_here("woocommerce", "7")
