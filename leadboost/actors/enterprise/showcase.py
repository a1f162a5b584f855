"""What viewers see of stock."""

from collections.abc import Collection, Iterable, Mapping

from leadboost.domain.stock import Pace, StockLevel, runway_days
from leadboost.messages.enterprise import Product
from leadboost.messages.events import StateChanged
from leadboost.runtime import Topic

PRODUCTS_KNOWN = 10_000


class Showcase:
    """Tells each level as it is written, with the title and the pace last heard of, and keeps in mind whose
    pace has to be read anew."""

    def __init__(self, state: Topic[StateChanged]) -> None:
        self._state = state
        self._titles: dict[str, str | None] = {}
        self._paces: dict[str, Pace] = {}
        self._levels: dict[str, StockLevel] = {}

    def show(self, levels: Iterable[StockLevel]) -> None:
        """Tell levels that were just written; their pace is stale from now on."""
        for level in levels:
            self._levels[level.sku] = level
            self._tell(level)

    def note(self, products: Collection[Product]) -> None:
        """Keep what a reading says of products."""
        if len(self._titles) + len(products) > PRODUCTS_KNOWN:
            self._titles.clear()
            self._paces.clear()
        for product in products:
            self._titles[product.sku] = product.title
            if product.pace is not None:
                self._paces[product.sku] = product.pace

    def stale(self, limit: int) -> Collection[str]:
        """SKUs whose level was written since their pace was last read, at most ``limit``."""
        return list(self._levels)[:limit]

    def freshen(self, skus: Collection[str], paces: Mapping[str, Pace]) -> None:
        """Tell the same levels with the paces just read."""
        self._paces |= paces
        for sku in skus:
            if (level := self._levels.pop(sku, None)) is not None:
                self._tell(level)

    def _tell(self, level: StockLevel) -> None:
        pace = self._paces.get(level.sku)
        data = {
            "sku": level.sku,
            "title": self._titles.get(level.sku),
            "on_hand": level.on_hand,
            "reserved": level.reserved,
            "available": level.available,
            "floor": level.floor,
            "sold_per_day": None if pace is None else pace.per_day,
            "runway_days": runway_days(level.available, pace),
        }
        self._state.publish(StateChanged(key=f"stock/{level.sku}", data=data))
