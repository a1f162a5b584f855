"""The shop: buyers who buy what is advertised, and a supplier who delivers, some of it late."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from leadboost.clock import Clock, Rng, uuid7
from leadboost.standins.world.api import Api, ApiError, number_of, rows_of
from leadboost.standins.world.catalogue import FIRST_UNITS, PRODUCTS, STAR, DemoProduct
from leadboost.standins.world.chance import pick_weighted

PREFIX = "DEMO-"
RUSH_S = (0.5, 0.8)
CALM_S = (1.0, 2.0)
DELIVERY_S = (45.0, 90.0)
LOOK_EVERY_S = 30.0
UNADVERTISED = 0.05
"""What is left of a product's demand while none of its campaigns runs."""
SOLD_OUT = 0.02
"""What is left of it on a page that says sold out: someone had it in the basket."""

Pause = Callable[[float], Awaitable[object]]
IsRunning = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Order:
    """An order keeps its key until it has an answer: whoever is not answered asks again."""

    product: DemoProduct
    quantity: int
    key: str


class Shop:
    """``is_running`` tells of a campaign's id whether people see its ads."""

    def __init__(self, api: Api, *, is_running: IsRunning, clock: Clock, rng: Rng, pause: Pause) -> None:
        self._api = api
        self._is_running = is_running
        self._clock = clock
        self._rng = rng
        self._pause = pause
        self._left: dict[str, int] = {}
        self._arrives_at: dict[str, float] = {}
        self._open: _Order | None = None
        self._rush = False
        self._looked_at = float("-inf")

    async def run(self) -> None:
        """Stock what is not there yet, then sell and deliver for ever. Raises ApiError."""
        await self._stock()
        while True:
            await self._look()
            await self._deliver()
            await self._buy()
            await self._pause(self._rng.uniform(*(RUSH_S if self._rush else CALM_S)))

    async def _stock(self) -> None:
        """Products of an earlier start stay as they are."""
        known = await self._read()
        for product in PRODUCTS:
            if product.sku not in known:
                await self._put(product)
        self._rush = STAR.sku not in known
        self._looked_at = float("-inf")

    async def _put(self, product: DemoProduct) -> None:
        links = [{"platform": "meta_ads", "campaign_id": each.id} for each in product.campaigns]
        body = {
            "title": product.title,
            "url": product.url,
            "price": product.price,
            "unit_cost": product.unit_cost,
            "on_hand": FIRST_UNITS if product is STAR else product.batch,
            "floor": product.floor,
            "campaigns": links,
        }
        await self._api.put(f"/api/stock/{product.sku}", body)

    async def _read(self) -> dict[str, int]:
        answer = await self._api.get(f"/api/stock?after={PREFIX}&limit=100")
        skus = {product.sku for product in PRODUCTS}
        return {
            str(row["sku"]): number_of(row, "available") for row in rows_of(answer) if row.get("sku") in skus
        }

    async def _look(self) -> None:
        """See the shelves as they are, from time to time: others may have moved something."""
        now = self._clock.monotonic()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._left, self._looked_at = await self._read(), now

    # -- deliveries -------------------------------------------------------------------------------

    async def _deliver(self) -> None:
        now = self._clock.monotonic()
        for product in PRODUCTS:
            if self._left.get(product.sku, 0) > product.reorder_at:
                continue
            wait_s = self._rng.uniform(*DELIVERY_S)
            if now >= self._arrives_at.setdefault(product.sku, now + wait_s):
                await self._take_in(product)

    async def _take_in(self, product: DemoProduct) -> None:
        answer = await self._api.get(f"/api/stock?after={PREFIX}&limit=100")
        row = next((each for each in rows_of(answer) if each.get("sku") == product.sku), {})
        on_hand = number_of(row, "on_hand") + product.batch
        await self._api.put(f"/api/stock/{product.sku}", {"on_hand": on_hand})
        self._arrives_at.pop(product.sku, None)
        self._left[product.sku] = number_of(row, "available") + product.batch

    # -- buyers -----------------------------------------------------------------------------------

    async def _buy(self) -> None:
        order = self._open or self._order()
        if order is None:
            return
        self._open = order
        body = {"sku": order.product.sku, "quantity": order.quantity}
        status, answer = await self._api.ask("POST", "/api/sales", body, {"Idempotency-Key": order.key})
        if status not in (201, 409):
            raise ApiError(status, f"an order was answered with {answer.get('code')}")
        self._open = None
        sku = order.product.sku
        self._left[sku] = number_of(answer, "remaining" if status == 201 else "available")
        if self._rush and order.product is STAR and not self._left[sku]:
            self._rush = False

    def _order(self) -> _Order | None:
        product = pick_weighted(self._rng, PRODUCTS, [self._demand(each) for each in PRODUCTS])
        if product is None:
            return None
        left = self._left.get(product.sku, 0)
        wished = 1 if self._rng.uniform(0.0, 1.0) < 0.75 else 2
        quantity = min(wished, left) if self._rush and left else wished
        return _Order(product, quantity, f"demo-{uuid7(self._clock, self._rng)}")

    def _demand(self, product: DemoProduct) -> float:
        if not self._left.get(product.sku, 0):
            return product.demand * SOLD_OUT
        if self._rush and product is STAR:
            return product.demand * 20.0
        seen = not product.campaigns or any(self._is_running(each.id) for each in product.campaigns)
        return product.demand if seen else product.demand * UNADVERTISED
