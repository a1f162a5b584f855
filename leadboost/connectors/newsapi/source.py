"""One search of NewsAPI as a polled source."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from leadboost.clock import Clock, Rng
from leadboost.connectors.client import Refusals, WebAnswer
from leadboost.connectors.client.asking import read_aside
from leadboost.connectors.client.reading import Raw, rejection_note
from leadboost.connectors.newsapi.access import NewsApiAccess
from leadboost.connectors.newsapi.cursor import SearchCursor
from leadboost.connectors.newsapi.parse import Articles, read_articles, read_code
from leadboost.errors import SourceError
from leadboost.ports import Fetched

PAGE_ARTICLES = 100


class NewsApiSource:
    """Articles that ``query`` finds, newest first, of ``language`` and ``domains`` where given.

    ``most_articles`` is what the plan gives of one search: 100 without payment. Pages are read until they
    reach ``overlap_s`` beyond the newest known article, since articles are found some time after they were
    published; until there are no more; or until the plan ends (426).
    """

    kind = "newsapi"

    def __init__(
        self,
        *,
        name: str,
        access: NewsApiAccess,
        clock: Clock,
        rng: Rng,
        query: str,
        language: str | None = None,
        domains: Sequence[str] = (),
        most_articles: int = 100,
        min_interval_s: float = 3_600.0,
        overlap_s: float = 21_600.0,
    ) -> None:
        self.name = name
        self._access = access
        self._clock = clock
        self._most_articles = most_articles
        self._min_interval_s = min_interval_s
        self._overlap = timedelta(seconds=overlap_s)
        asked = {"q": query, "language": language, "domains": ",".join(domains)}
        self._params = {name: value for name, value in asked.items() if value}
        self._refusals = Refusals(name, clock=clock, rng=rng, settings="connectors.newsapi.api_key")

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        """Poll once. Raises SourceError, SourceGoneError."""
        asked = " ".join(f"{name}={value}" for name, value in self._params.items())
        state = SearchCursor.load(cursor, asked=asked)
        begin = state.since(self._overlap, self._clock.now())
        since = {"from": begin.strftime("%Y-%m-%dT%H:%M:%S")} if begin else {}
        seen = frozenset(state.seen)
        found: dict[str, Raw] = {}
        rejected: tuple[str, ...] = ()
        for number in range(1, -(-self._most_articles // PAGE_ARTICLES) + 1):
            articles = await self._page(number, since)
            if articles is None:
                break
            found |= articles.page.items
            rejected += articles.page.rejected
            is_last = number * PAGE_ARTICLES >= articles.total
            if is_last or state.is_covered(articles.page.items, self._overlap):
                break
        self._refusals.reset()
        return Fetched(
            items=[item for url, item in found.items() if url not in seen],
            cursor=state.after(found).dump(),
            wait_s=self._min_interval_s,
            note=rejection_note(rejected),
        )

    async def check(self) -> str:
        """Read one article, which takes one call of the plan. Raises SourceError."""
        articles = await self._page(1, {}, articles=1)
        return f"{articles.total if articles else 0} article(s) found"

    async def _page(
        self, number: int, since: Mapping[str, str], articles: int = PAGE_ARTICLES
    ) -> Articles | None:
        """Read a page; None where the plan gives no more."""
        place = {"sortBy": "publishedAt", "pageSize": str(articles), "page": str(number)}
        answer = await self._access.get("/v2/everything", {**self._params, **since, **place}, self._refusals)
        if answer.status == 426 and number > 1:
            return None
        if not 200 <= answer.status < 300:
            raise self._failure(answer)
        read = partial(read_articles, answer.body, source=self.name, now=self._clock.now())
        return await read_aside(read, self._refusals)

    def _failure(self, answer: WebAnswer) -> SourceError:
        code = read_code(answer.body)
        limited = code == "rateLimited" or answer.status == 429
        ends_in_s = self._access.allowance.ends_in_s() if limited else None
        return self._refusals.of(answer, code=code, renewed_in_s=ends_in_s)
