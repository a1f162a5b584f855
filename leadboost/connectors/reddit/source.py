"""One listing of Reddit as a polled source."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from leadboost.clock import Clock, Rng
from leadboost.connectors.client import Refusals
from leadboost.connectors.client.asking import read_aside
from leadboost.connectors.client.reading import Page, Raw, rejection_note
from leadboost.connectors.reddit.access import RedditAccess
from leadboost.connectors.reddit.cursor import ListingCursor
from leadboost.connectors.reddit.parse import read_listing, read_reason
from leadboost.ports import Fetched

PAGE_POSTS = 100
PAGES = 10  # a listing ends after about 1,000 posts


class RedditSource:
    """New posts of ``subreddits``, or with ``query`` those that a search in them finds; without
    subreddits the search goes over all of Reddit. Newest first, page by page until a post is known and the
    page reaches ``overlap_s`` beyond the newest known one: moderators let posts through later.

    A redirect means that the subreddit does not exist, and is not followed.
    """

    kind = "reddit"

    def __init__(
        self,
        *,
        name: str,
        access: RedditAccess,
        clock: Clock,
        rng: Rng,
        subreddits: Sequence[str] = (),
        query: str | None = None,
        min_interval_s: float = 300.0,
        overlap_s: float = 3_600.0,
    ) -> None:
        self.name = name
        self._access = access
        self._clock = clock
        self._min_interval_s = min_interval_s
        self._overlap = timedelta(seconds=overlap_s)
        self._path, self._params = _question(subreddits, query)
        self._refusals = Refusals(
            name, clock=clock, rng=rng, settings="connectors.reddit.client_id and client_secret"
        )

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        """Poll once. Raises SourceError, SourceGoneError."""
        state = ListingCursor.load(cursor, asked=f"{self._path}?q={self._params.get('q', '')}")
        seen = frozenset(state.seen)
        found: dict[str, Raw] = {}
        rejected: tuple[str, ...] = ()
        after: str | None = None
        for _ in range(PAGES):
            page = await self._page(after)
            found |= page.items
            rejected += page.rejected
            if page.after in (None, after) or state.is_covered(page.items, self._overlap):
                break
            after = page.after
        self._refusals.reset()
        return Fetched(
            items=[item for name, item in found.items() if name not in seen],
            cursor=state.after(found).dump(),
            wait_s=self._min_interval_s,
            note=rejection_note(rejected),
        )

    async def check(self) -> str:
        """Sign in, and read one post. Raises SourceError."""
        page = await self._page(None, posts=1)
        return "signed in" if page.items else "signed in, and nothing found so far"

    async def _page(self, after: str | None, posts: int = PAGE_POSTS) -> Page:
        params = self._params | {"limit": str(posts)} | ({"after": after} if after else {})
        answer = await self._access.get(self._path, params, self._refusals)
        if not 200 <= answer.status < 300:
            raise self._refusals.of(answer, code=read_reason(answer.body))
        read = partial(read_listing, answer.body, source=self.name, now=self._clock.now())
        return await read_aside(read, self._refusals)


def _question(subreddits: Sequence[str], query: str | None) -> tuple[str, dict[str, str]]:
    """Return path and parameters; ``raw_json`` keeps Reddit from escaping ``< > &`` in texts."""
    place = f"/r/{'+'.join(subreddits)}" if subreddits else ""
    params = {"raw_json": "1"}
    if query is None:
        return f"{place}/new", params
    within = {"restrict_sr": "1"} if subreddits else {}
    return f"{place}/search", params | within | {"q": query, "sort": "new", "t": "day"}
