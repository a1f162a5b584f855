from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from leadboost.console.auth import Role
from leadboost.domain.stock import Pace
from leadboost.messages.enterprise import ListStock
from leadboost.messages.trainer import Predict
from tests.integration.console_world import PRODUCT, World, running_console

EURO = 1_000_000
SELLER = replace(
    PRODUCT,
    on_hand=50,
    reserved=0,
    price_micros=10 * EURO,
    pace=Pace(per_day=10.0, units=1e6, days=1e5),
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        world.replies[ListStock] = lambda _: [SELLER]
        yield world


async def simulate(world: World, **body: Any) -> Any:
    return await world.call("POST", "/api/simulate", json=body, role=Role.VIEWER)


async def test_a_budget_is_asked_of_the_model_by_the_day_and_answered_with_intervals(world: World) -> None:
    reply = await simulate(world, horizon_days=10, budgets={"meta": "100", "tiktok": 0})

    asked = [each for each in world.probe.received if isinstance(each, Predict)]
    assert [(each.platform, each.spend_micros) for each in asked] == [("meta", 10 * EURO)]
    told = reply.json()
    assert reply.status == 200
    assert told["revenue"]["low"] <= told["revenue"]["median"] <= told["revenue"]["high"] == 500
    assert told["cash"]["high"] == 400
    assert 0 < told["stock_out_day"]["median"] < 5
    assert [each["sku"] for each in told["products"]] == [SELLER.sku]


async def test_no_budget_at_all_tells_how_it_goes_on(world: World) -> None:
    told = (await simulate(world, horizon_days=2, budgets={})).json()

    assert told["ad_revenue"] == {"median": 0, "low": 0, "high": 0}
    assert told["revenue"]["median"] == pytest.approx(200, rel=0.01)
    assert told["stock_out_day"] == {"median": None, "low": None, "high": None}


async def test_the_same_question_gets_the_same_answer(world: World) -> None:
    first, second = [await simulate(world, horizon_days=9, budgets={"meta": 50}) for _ in range(2)]

    assert first.body == second.body


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"budgets": {}}, "horizon_days"),
        ({"horizon_days": 0, "budgets": {}}, "horizon_days"),
        ({"horizon_days": 366, "budgets": {}}, "horizon_days"),
        ({"horizon_days": 7, "budgets": {"meta": -1}}, "budgets.meta"),
        ({"horizon_days": 7, "budgets": {"meta": "much"}}, "budgets.meta"),
    ],
)
async def test_a_question_that_is_none_names_the_field(
    world: World, body: dict[str, Any], field: str
) -> None:
    reply = await simulate(world, **body)

    assert (reply.status, [fault["field"] for fault in reply.json()["errors"]]) == (422, [field])
