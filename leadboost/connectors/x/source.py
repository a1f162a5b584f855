"""One search of X as a polled source."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from leadboost.clock import Clock, Rng
from leadboost.connectors.client import Refusals
from leadboost.connectors.client.reading import Raw, rejection_note
from leadboost.connectors.x.access import XAccess
from leadboost.connectors.x.cursor import SearchCursor
from leadboost.connectors.x.parse import Posts, read_posts
from leadboost.errors import SourceError
from leadboost.ports import Fetched

PAGES = 10


class XSource:
    """Posts of the last seven days that ``query`` finds, each read once; the first poll looks back for
    ``lookback_s``. A page holds ``page_posts``, from 10 to 100; ten pages are read in a poll at most.

    Posts made within ``overlap_s`` before the last known one are read, and paid, again.
    What was read is handed on even when the next page fails: it was paid for, and the walk goes on from
    there.
    """

    kind = "x"

    def __init__(
        self,
        *,
        name: str,
        access: XAccess,
        clock: Clock,
        rng: Rng,
        query: str,
        page_posts: int = 10,
        lookback_s: float = 3_600.0,
        min_interval_s: float = 900.0,
        overlap_s: float = 0.0,
    ) -> None:
        self.name = name
        self._access = access
        self._clock = clock
        self._query = query
        self._page_posts = page_posts
        self._lookback = timedelta(seconds=lookback_s)
        self._min_interval_s = min_interval_s
        self._overlap = timedelta(seconds=overlap_s)
        self._refusals = Refusals(name, clock=clock, rng=rng, settings="connectors.x.bearer_token")

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        """Poll once. Raises SourceError, SourceGoneError."""
        start = self._clock.now() - self._lookback
        state = SearchCursor.load(cursor, asked=self._query, start=start)
        found: dict[str, Raw] = {}
        rejected: tuple[str, ...] = ()
        for _ in range(PAGES):
            try:
                posts = await self._page(state)
            except SourceError as error:
                if not found:
                    raise
                return self._fetched(found, state, error.reason, error.retry_after_s)
            state = state.after(posts)
            found |= posts.page.items
            rejected += posts.page.rejected
            if state.token is None:
                break
        self._refusals.reset()
        return self._fetched(found, state, rejection_note(rejected))

    async def check(self) -> str:
        """Try the token without reading a post: each has its price. Raises SourceError."""
        await self._access.check({"query": self._query}, self._refusals)
        return "signed in; no post was read"

    async def _page(self, state: SearchCursor) -> Posts:
        now = self._clock.now()
        return await self._access.search(
            {"query": self._query, **state.params(now, self._overlap)},
            self._refusals,
            most=self._page_posts,
            read=partial(read_posts, source=self.name, now=now),
        )

    def _fetched(
        self, found: Mapping[str, Raw], state: SearchCursor, note: str | None, wait_s: float | None = None
    ) -> Fetched:
        wait_s = max(wait_s or 0.0, self._min_interval_s)
        return Fetched(items=list(found.values()), cursor=state.dump(), wait_s=wait_s, note=note)
