"""NewsAPI's ``everything``, as the contract says, with faults on order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import web

from leadboost.clock import Clock
from leadboost.standins.api import ApiServer, Handler, Refusal

PLAN_ARTICLES = 100
PLAN_AGE = timedelta(days=30)
PAGE_ARTICLES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article; ``at`` is aware UTC. What is None is null in the answer."""

    url: str
    title: str
    at: datetime
    description: str | None = None
    content: str | None = None
    author: str | None = None
    publisher: str = "El Cronista"

    def as_newsapi(self) -> dict[str, object]:
        """The article as an answer holds it."""
        return {
            "source": {"id": None, "name": self.publisher},
            "author": self.author,
            "title": self.title,
            "description": self.description,
            "url": self.url,
            "urlToImage": None,
            "publishedAt": self.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "content": self.content,
        }


TOMBSTONE = Article(url="https://removed.com", title="[Removed]", at=datetime(1970, 1, 1, tzinfo=UTC))


class NewsApiServer(ApiServer):
    """Serves ``articles``, newest first, to ``key``; a search finds those that hold its first word.

    ``plan_articles`` is what the plan gives of one search, beyond it comes 426; ``calls`` what it allows
    in all, beyond them comes 429 without Retry-After.
    """

    def __init__(
        self,
        *,
        key: str,
        clock: Clock,
        articles: Sequence[Article] = (),
        plan_articles: int = PLAN_ARTICLES,
        calls: int = 10_000,
    ) -> None:
        self.articles = list(articles)
        self._key = key
        self._clock = clock
        self._plan_articles = plan_articles
        self._calls_left = calls
        super().__init__()

    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        return [("GET", "/v2/everything", self._everything, True)]

    def _everything(self, request: web.Request) -> web.Response:
        self._check_key(request)
        query = request.query
        if not any(query.get(name) for name in ("q", "qInTitle", "sources", "domains")):
            raise _refusal(400, "parametersMissing", "The scope of your search is too broad.")
        size, page = _number(request, "pageSize", PAGE_ARTICLES), _number(request, "page", 1)
        if size > PAGE_ARTICLES:
            raise _refusal(400, "parameterInvalid", "The pageSize parameter must be between 1 and 100.")
        since = self._since(request)
        word = query.get("q", "").split()[0].lower()
        found = [each for each in self.articles if _is_found(each, word, since)]
        if (page - 1) * size >= self._plan_articles:
            said = "You have requested too many results. Developer accounts are limited to a max of 100."
            raise _refusal(426, "maximumResultsReached", said)
        rows = found[(page - 1) * size : min(page * size, self._plan_articles)]
        answer = {
            "status": "ok",
            "totalResults": len(found),
            "articles": [article.as_newsapi() for article in rows],
        }
        return web.json_response(answer)

    def _check_key(self, request: web.Request) -> None:
        given = request.headers.get("X-Api-Key") or request.query.get("apiKey")
        if not given:
            raise _refusal(401, "apiKeyMissing", "Your API key is missing.")
        if given != self._key:
            raise _refusal(401, "apiKeyInvalid", f"Your API key {given} is invalid or incorrect.")
        self._calls_left -= 1
        if self._calls_left < 0:
            raise _refusal(429, "rateLimited", "You have made too many requests recently.")

    def _since(self, request: web.Request) -> datetime | None:
        if not (text := request.query.get("from")):
            return None
        since = datetime.fromisoformat(f"{text}+00:00")
        if since < self._clock.now() - PLAN_AGE:
            raise _refusal(426, "parameterInvalid", "You are trying to request results too far in the past.")
        return since


def _is_found(article: Article, word: str, since: datetime | None) -> bool:
    if article is TOMBSTONE:
        return True
    return word in article.title.lower() and (since is None or article.at >= since)


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise _refusal(400, "parameterInvalid", f"The {name} parameter must be a number from 1.")
    return int(text)


def _refusal(status: int, code: str, message: str) -> Refusal:
    return Refusal(web.json_response({"status": "error", "code": code, "message": message}, status=status))
