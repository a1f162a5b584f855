"""What more advertising would bring, and how soon it would empty the shelves."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web

from leadboost.clock import Rng
from leadboost.console.bodies import SimulateBody
from leadboost.console.call import Call, answer, validate
from leadboost.console.replies import SimulateReply
from leadboost.domain.what_if import Push, Shelf, simulate
from leadboost.messages.enterprise import ListStock, Product
from leadboost.messages.trainer import Predict

MOST_PRODUCTS: Final = 1_000


async def simulate_budgets(call: Call) -> web.Response:
    """Simulate ``budgets``, spend on top of today's over the horizon, by the ROI model and recent sales.

    Revenue, cash and the day on which the first product runs out come as median and 80 % interval; a day
    beyond the horizon is null. Products without price or known pace are left out (``modelled`` counts the
    others), and so are those after the first 1,000. The same question to the same stock and model gets the
    same answer: the random numbers are drawn from the question.
    """
    body = validate(SimulateBody, await call.exact_json())
    products, pushes = await asyncio.gather(
        call.handles.enterprise.ask(ListStock(limit=MOST_PRODUCTS)), _pushes(call, body)
    )
    outlook = await asyncio.to_thread(
        simulate,
        _shelves(products),
        pushes,
        horizon_days=body.horizon_days,
        rng=Rng(f"simulate {body.horizon_days} {sorted(body.budgets.items())}"),
    )
    return answer(SimulateReply.of(outlook, currency=call.surroundings.currency))


async def _pushes(call: Call, body: SimulateBody) -> Mapping[str, Push]:
    """The ROI of a day's share of each budget."""
    spent = {platform: amount for platform, amount in body.budgets.items() if amount}
    asks = (
        call.handles.predictor.ask(
            Predict(spend_micros=max(1, amount // body.horizon_days), platform=platform)
        )
        for platform, amount in spent.items()
    )
    forecasts = await asyncio.gather(*asks)
    return {
        platform: Push(spend_micros=amount, roi=forecast.roi, low=forecast.low, high=forecast.high)
        for (platform, amount), forecast in zip(spent.items(), forecasts, strict=True)
    }


def _shelves(products: Sequence[Product]) -> Sequence[Shelf]:
    return [
        Shelf(
            sku=product.sku,
            available=product.on_hand - product.reserved,
            price_micros=product.price_micros,
            pace=product.pace,
        )
        for product in products
    ]
