"""The person at the desk: says what to listen for, and sorts spam until the score has learned what it is."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from leadboost.standins.world.api import Api, rows_of
from leadboost.standins.world.news import FEEDS, is_promotion

TOPICS: Sequence[Mapping[str, object]] = (
    {
        "name": "calor",
        "terms": ["ventilador", "climatizador", "fan", "evaporative cooler", "heat warning"],
        "examples": ["No se puede dormir con este calor", "It is too hot to sleep at night"],
    },
    {"name": "escritorio", "terms": ["lámpara escritorio", "desk lamp", "keyboard"], "examples": []},
    {
        "name": "en camino",
        "terms": ["mochila", "backpack", "botella térmica", "steel bottle"],
        "examples": [],
    },
)
ENOUGH = 12
"""So many of each kind teach the spam score; it asks for ten."""
LOOK_EVERY_S = 15.0
SORT_S = 0.5

Pause = Callable[[float], Awaitable[object]]


class Desk:
    """Works by the API alone, and leaves alone what another person has decided."""

    def __init__(self, api: Api, *, pause: Pause) -> None:
        self._api = api
        self._pause = pause

    async def run(self) -> None:
        """Watch for the shop's topics where none is watched for, then sort for ever. Raises ApiError."""
        if not rows_of(await self._api.get("/api/topics")):
            await self._api.put("/api/topics", {"items": list(TOPICS)})
        while True:
            await self._sort()
            await self._pause(LOOK_EVERY_S)

    async def _sort(self) -> None:
        """Decide on up to ENOUGH signals of each kind, counting those that were decided before."""
        signals = [each for each in await self._newest() if each.get("source") in FEEDS]
        for is_spam in (True, False):
            kind = [each for each in signals if is_promotion(each.get("title")) == is_spam]
            open_ones = [each for each in kind if each.get("decided_by") is None]
            wanted = max(ENOUGH - (len(kind) - len(open_ones)), 0)
            for signal in open_ones[:wanted]:
                verdict = "reject" if is_spam else "accept"
                await self._api.post(f"/api/signals/{signal['id']}/{verdict}", {})
                await self._pause(SORT_S)

    async def _newest(self) -> Sequence[Mapping[str, object]]:
        return rows_of(await self._api.get("/api/signals?limit=500"))
