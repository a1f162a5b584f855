"""What one place searches for, as a polled source."""

from collections.abc import Mapping
from functools import partial

from leadboost.clock import Clock, Rng
from leadboost.connectors.client import Refusals, WebClient, WebRequest
from leadboost.connectors.client.asking import ask, read_aside
from leadboost.connectors.client.reading import rejection_note
from leadboost.connectors.google_trends.cursor import TrendsCursor
from leadboost.connectors.google_trends.parse import read_trends
from leadboost.ports import Fetched

HALF_HOUR_S, SIX_HOURS_S = 1_800.0, 21_600.0
_WAITS = {"busy": (HALF_HOUR_S, SIX_HOURS_S), "broken": (HALF_HOUR_S, SIX_HOURS_S)}


class GoogleTrendsSource:
    """The trending feed of ``geo``, a country or a part of one (``AR``, ``US-NY``): no key, no paging.

    Refusals and web pages instead of the feed back off from half an hour to six hours; nothing is done
    to get around them.
    """

    kind = "google_trends"

    def __init__(
        self,
        *,
        geo: str,
        client: WebClient,
        base_url: str,
        clock: Clock,
        rng: Rng,
        min_interval_s: float = 900.0,
        timeout_s: float = 20.0,
    ) -> None:
        self.name = f"google_trends.{geo.lower()}"
        self._geo = geo
        self._client = client
        self._clock = clock
        self._request = WebRequest(
            url=f"{base_url}/trending/rss",
            params={"geo": geo},
            headers={"Accept": "application/rss+xml, text/xml"},
        )
        self._min_interval_s = min_interval_s
        self._timeout_s = timeout_s
        self._refusals = Refusals(self.name, clock=clock, rng=rng, waits=_WAITS)

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        """Poll once. Raises SourceError, SourceGoneError."""
        state = TrendsCursor.load(cursor, asked=self._geo)
        answer = await ask(self._client, self._request, self._refusals, timeout_s=self._timeout_s)
        if not 200 <= answer.status < 300:
            raise self._refusals.of(answer)
        read = partial(read_trends, answer.body, geo=self._geo, source=self.name, now=self._clock.now())
        page = await read_aside(read, self._refusals)
        self._refusals.reset()
        seen = frozenset(state.seen)
        return Fetched(
            items=[item for name, item in page.items.items() if name not in seen],
            cursor=state.after(page.items).dump(),
            wait_s=self._min_interval_s,
            note=rejection_note(page.rejected),
        )

    async def check(self) -> str:
        """Read the feed once. Raises SourceError."""
        return f"{len((await self.fetch({})).items)} search(es)"
