from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from leadboost.console.auth import Role
from leadboost.domain.stock import Line
from leadboost.messages.enterprise import (
    Answer,
    ConfirmReservation,
    GetAccount,
    ReleaseReservation,
    ReservationHeld,
    ReserveStock,
    RestockStock,
    ReturnSale,
    StockAccount,
    StockMove,
)
from tests.integration.console_world import World, running_console

KEY = {"Idempotency-Key": "k1"}
ID = UUID(int=7)
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


def asked(world: World) -> Any:
    (message,) = world.probe.received
    return message


async def test_a_reservation_is_asked_for_with_its_time_and_trace(world: World) -> None:
    body = {"sku": "cup", "quantity": 2, "ttl_s": 90}

    reply = await world.call("POST", "/api/reservations", json=body, headers=KEY)

    message = asked(world)
    assert reply.status == 201
    assert isinstance(message, ReserveStock)
    assert (message.key, message.line, message.ttl_s) == ("k1", Line(sku="cup", quantity=2), 90)
    assert str(message.trace) == reply.headers["X-Trace-Id"]


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", f"/api/reservations/{ID}/confirm", ConfirmReservation),
        ("DELETE", f"/api/reservations/{ID}", ReleaseReservation),
    ],
)
async def test_a_reservation_ends_under_a_key_that_no_caller_can_choose(
    world: World, method: str, path: str, kind: type
) -> None:
    replies = [await world.call(method, path) for _ in range(2)]

    first, second = world.probe.received
    assert [reply.status for reply in replies] == [201, 201]
    assert isinstance(first, kind)
    assert isinstance(first, ConfirmReservation | ReleaseReservation)
    assert isinstance(second, ConfirmReservation | ReleaseReservation)
    assert (first.reservation_id, first.key, " " in first.key) == (ID, second.key, True)
    assert first.request_hash == second.request_hash


@pytest.mark.parametrize(
    ("body", "lines"),
    [({}, None), ({"lines": [{"sku": "cup", "quantity": 1}]}, (Line(sku="cup", quantity=1),))],
)
async def test_a_sale_is_returned_whole_or_in_part(
    world: World, body: dict[str, Any], lines: tuple[Line, ...] | None
) -> None:
    await world.call("POST", f"/api/sales/{ID}/return", json=body | {"reason": "broken"}, headers=KEY)

    message = asked(world)
    assert isinstance(message, ReturnSale)
    assert (message.sale_id, message.lines, message.reason) == (ID, lines, "broken")


async def test_a_refused_return_leaves_as_a_problem_byte_for_byte(world: World) -> None:
    world.replies[ReturnSale] = lambda _: Answer(status=409, body=b'{"code":  "return_exceeds_sale"}')

    reply = await world.call("POST", f"/api/sales/{ID}/return", json={}, headers=KEY)

    assert (reply.status, reply.body) == (409, b'{"code":  "return_exceeds_sale"}')
    assert reply.headers["Content-Type"] == "application/problem+json"


async def test_what_arrives_has_its_cost_in_micros(world: World) -> None:
    body = {"quantity": 5, "unit_cost": "2.5", "reason": "delivery 7"}

    await world.call("POST", "/api/stock/cup/restock", json=body, headers=KEY)

    message = asked(world)
    assert isinstance(message, RestockStock)
    assert (message.line, message.unit_cost_micros) == (Line(sku="cup", quantity=5), 2_500_000)
    assert message.reason == "delivery 7"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/reservations", {"sku": "cup", "quantity": 2, "ttl_s": 0}, "ttl_s"),
        ("/api/reservations", {"sku": "cup", "quantity": 2}, "ttl_s"),
        (f"/api/sales/{ID}/return", {"lines": []}, "lines"),
        (
            f"/api/sales/{ID}/return",
            {"lines": [{"sku": "cup", "quantity": 1}, {"sku": "cup", "quantity": 1}]},
            "lines[1].sku",
        ),
        ("/api/stock/cup/restock", {"quantity": 0}, "quantity"),
        ("/api/stock/cup/restock", {"quantity": 1, "unit_cost": -1}, "unit_cost"),
    ],
)
async def test_a_bad_change_of_stock_names_the_field(
    world: World, path: str, body: dict[str, Any], field: str
) -> None:
    reply = await world.call("POST", path, json=body, headers=KEY)

    assert reply.status == 422
    assert [fault["field"] for fault in reply.json()["errors"]] == [field]
    assert world.probe.received == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/reservations", {"sku": "cup", "quantity": 2, "ttl_s": 9}),
        (f"/api/sales/{ID}/return", {}),
        ("/api/stock/cup/restock", {"quantity": 1}),
    ],
)
async def test_what_happens_once_needs_a_key_to_happen_once_for(
    world: World, path: str, body: dict[str, Any]
) -> None:
    reply = await world.call("POST", path, json=body)

    assert [fault["field"] for fault in reply.json()["errors"]] == ["Idempotency-Key"]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", "/api/reservations/7/confirm", "unknown_reservation"),
        ("DELETE", "/api/reservations/7", "unknown_reservation"),
        ("POST", "/api/sales/7/return", "unknown_sale"),
    ],
)
async def test_an_id_that_is_none_is_not_found(world: World, method: str, path: str, code: str) -> None:
    reply = await world.call(method, path, json={} if "return" in path else None, headers=KEY)

    assert (reply.status, reply.json()["code"]) == (404, code)


async def test_the_ledger_is_shown_with_money_as_decimals_and_what_is_kept(world: World) -> None:
    move = StockMove(
        id=ID, at=AT, kind="sale", quantity=-2, remaining=8, by="ana", reason=None, trace=ID, sale_id=ID,
        unit_price_micros=5_500_000, unit_cost_micros=None, currency="EUR",
    )  # fmt: skip
    held = ReservationHeld(id=ID, sku="cup", quantity=1, by="ana", created_at=AT, expires_at=AT)
    account = StockAccount(sku="cup", on_hand=9, balance=9, moves=[move], reservations=[held])
    world.replies[GetAccount] = lambda _: account

    reply = await world.call("GET", "/api/stock/cup/ledger?limit=5", role=Role.VIEWER)

    assert asked(world) == GetAccount(sku="cup", limit=5)
    (item,) = reply.json()["items"]
    assert (item["kind"], item["quantity"], item["unit_price"], item["unit_cost"]) == ("sale", -2, 5.5, None)
    assert [each["quantity"] for each in reply.json()["reservations"]] == [1]


async def test_the_ledger_of_an_unknown_sku_is_not_found(world: World) -> None:
    reply = await world.call("GET", "/api/stock/cup/ledger")

    assert (reply.status, reply.json()["code"]) == (404, "unknown_sku")
