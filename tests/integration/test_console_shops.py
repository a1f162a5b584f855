from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import pytest

from leadboost.domain.shop import order_id_here, shop_sign
from leadboost.errors import StoreUnavailableError
from leadboost.messages.enterprise import Answer, OutsideLine, RecordSale, ReturnSale
from tests.integration.console_world import SHOP_SECRET, Reply, World, running_console

ORDER = {"id": 7, "currency": "EUR", "line_items": [{"sku": "cup", "quantity": 2, "price": "5.50"}]}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


async def shopify(
    world: World,
    body: object = ORDER,
    *,
    topic: str = "orders/create",
    id: str = "w-1",
    secret: bytes = SHOP_SECRET,
    age: timedelta = timedelta(),
) -> Reply:
    raw = orjson.dumps(body)
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Webhook-Id": id,
        "X-Shopify-Hmac-SHA256": shop_sign(secret, raw),
        "X-Shopify-Triggered-At": (world.clock.now() - age).isoformat(),
    }
    return await world.call("POST", "/hooks/shopify", data=raw, headers=headers, role=None)


async def woo(world: World, body: dict[str, Any], *, id: str = "d-1") -> Reply:
    raw = orjson.dumps(body)
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-Delivery-ID": id,
        "X-WC-Webhook-Signature": shop_sign(SHOP_SECRET, raw),
    }
    return await world.call("POST", "/hooks/woocommerce", data=raw, headers=headers, role=None)


async def test_an_order_of_the_shop_is_recorded_as_a_sale(world: World) -> None:
    reply = await shopify(world)

    sale_id = order_id_here("shopify", "7")
    assert (reply.status, reply.json()) == (200, {"outcome": "recorded", "sale_id": str(sale_id)})
    (told,) = world.probe.received
    assert isinstance(told, RecordSale)
    assert (told.principal, told.key, told.sale_id, told.currency) == ("shopify", "7", sale_id, "EUR")
    assert told.lines == (OutsideLine(sku="cup", quantity=2, unit_price_micros=5_500_000),)


async def test_a_body_that_the_shop_did_not_sign_has_no_effect(world: World) -> None:
    reply = await shopify(world, secret=b"someone else")

    assert (reply.status, reply.json()["code"]) == (401, "unauthorized")
    assert world.probe.received == []


async def test_an_old_delivery_and_one_from_the_future_have_no_effect(world: World) -> None:
    replies = [await shopify(world, age=timedelta(hours=age)) for age in (7, -1)]

    assert [(reply.status, reply.json()["code"]) for reply in replies] == [(401, "too_old")] * 2
    assert world.probe.received == []


async def test_a_delivery_again_gets_the_same_answer_and_has_no_effect(world: World) -> None:
    first, second = await shopify(world), await shopify(world)

    assert (second.status, second.body) == (first.status, first.body)
    assert len(world.probe.received) == 1


async def test_another_body_under_a_known_delivery_has_no_effect(world: World) -> None:
    await shopify(world)

    reply = await shopify(world, ORDER | {"id": 8})

    assert (reply.status, reply.json()["code"]) == (409, "id_reused")
    assert len(world.probe.received) == 1


async def test_a_delivery_that_failed_may_come_again_at_once(world: World) -> None:
    works = world.replies[RecordSale]
    world.fail(RecordSale, StoreUnavailableError("away"))
    failed = await shopify(world)
    world.replies[RecordSale] = works

    again = await shopify(world)

    assert (failed.status, again.status) == (503, 200)


async def test_a_cancelled_order_is_taken_back_whole(world: World) -> None:
    reply = await shopify(world, topic="orders/cancelled")

    (told,) = world.probe.received
    assert reply.json()["outcome"] == "cancelled"
    assert isinstance(told, ReturnSale)
    assert (told.sale_id, told.lines) == (order_id_here("shopify", "7"), None)


async def test_a_cancellation_that_overtook_its_order_is_to_come_again(world: World) -> None:
    world.replies[ReturnSale] = lambda _: Answer(status=404, body=b"{}")

    reply = await shopify(world, topic="orders/cancelled")

    assert (reply.status, reply.json()["code"]) == (503, "order_unknown")


async def test_other_topics_are_acknowledged_and_left(world: World) -> None:
    reply = await shopify(world, topic="app/uninstalled")

    assert (reply.status, reply.json()["outcome"]) == (200, "ignored")
    assert world.probe.received == []


async def test_an_order_that_is_none_names_the_field_and_may_come_again_corrected(world: World) -> None:
    reply = await shopify(world, ORDER | {"line_items": [{"sku": "cup", "quantity": "2"}]})

    assert [fault["field"] for fault in reply.json()["errors"]] == ["line_items[0].quantity"]
    assert (await shopify(world)).status == 200


async def test_woocommerce_tells_of_an_order_once_it_is_paid(world: World) -> None:
    waiting = await woo(world, ORDER | {"status": "on-hold"}, id="d-1")
    paid = await woo(world, ORDER | {"status": "processing"}, id="d-2")

    assert (waiting.json()["outcome"], paid.json()["outcome"]) == ("ignored", "recorded")
    assert len(world.probe.received) == 1


async def test_a_woocommerce_order_cancelled_before_it_was_paid_is_left(world: World) -> None:
    world.replies[ReturnSale] = lambda _: Answer(status=404, body=b"{}")

    reply = await woo(world, ORDER | {"status": "cancelled"})

    assert (reply.status, reply.json()["outcome"]) == (200, "ignored")


async def test_the_ping_of_a_new_woocommerce_webhook_is_acknowledged_without_effect(world: World) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    reply = await world.call("POST", "/hooks/woocommerce", data=b"webhook_id=7", headers=headers, role=None)

    assert (reply.status, reply.json()["outcome"]) == (200, "ignored")
    assert world.probe.received == []
