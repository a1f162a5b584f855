"""X's recent search, as the contract says, with faults on order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import web

from leadboost.clock import Clock
from leadboost.standins.api import ApiServer, Handler, Refusal

WINDOW_S = 900.0
REACH = timedelta(days=7)
PROBLEMS = "https://api.x.com/2/problems/"
_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, UTC)
_NEW_NAMES = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "retweet_count": "repost_count",
    "referenced_tweets": "referenced_posts",
}


def id_of(at: datetime, number: int = 0) -> str:
    """An id as X makes it: milliseconds since November 2010 above 22 bits."""
    return str((int((at - _EPOCH).total_seconds() * 1000) << 22) + number)


@dataclass(frozen=True, slots=True, kw_only=True)
class XPost:
    """One post; its id follows from ``at``, aware UTC."""

    text: str
    at: datetime
    author_id: str = "4455"
    reposts: int = 2
    likes: int = 9

    @property
    def id(self) -> str:
        return id_of(self.at)


class XServer(ApiServer):
    """Serves ``posts``, newest first, to ``token``; a search finds those that hold its first word.

    ``renamed`` takes and gives the new names of fields alone. ``window_calls`` is the rate limit of a
    quarter of an hour, ``month_posts`` the usage cap; ``posts_read`` is what would be on the bill.
    """

    def __init__(
        self,
        *,
        token: str,
        clock: Clock,
        posts: Sequence[XPost] = (),
        renamed: bool = False,
        window_calls: int = 450,
        month_posts: int = 3_000_000,
    ) -> None:
        self.posts = list(posts)
        self.posts_read = 0
        self._token = token
        self._clock = clock
        self._renamed = renamed
        self._window_calls = window_calls
        self._window_began = clock.now()
        self._used = 0
        self._month_posts = month_posts
        super().__init__()

    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        return [("GET", "/2/tweets/search/recent", self._recent, True)]

    def _recent(self, request: web.Request) -> web.Response:
        self._check(request)
        query, most = self._read(request)
        found = [post for post in self.posts if self._is_found(post, query)]
        start = int(query.get("next_token", "t0")[1:])
        rows = found[start : start + most]
        self.posts_read += len(rows)
        meta: dict[str, object] = {"result_count": len(rows)}
        answer: dict[str, object] = {"meta": meta}
        if rows:
            meta |= {"newest_id": rows[0].id, "oldest_id": rows[-1].id}
            answer["data"] = [self._row(post) for post in rows]
        if start + most < len(found):
            meta["next_token"] = f"t{start + most}"
        return web.json_response(answer, headers=self._headers())

    def _check(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            body = {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}
            raise Refusal(web.json_response(body, status=401))
        if (self._clock.now() - self._window_began).total_seconds() >= WINDOW_S:
            self._window_began, self._used = self._clock.now(), 0
        self._used += 1
        if self._used > self._window_calls:
            raise self._problem(429, "rate-limit-exceeded")
        if self.posts_read >= self._month_posts:
            raise self._problem(429, "usage-capped", title="UsageCapExceeded")

    def _read(self, request: web.Request) -> tuple[Mapping[str, str], int]:
        query = request.query
        wrong = "tweet.fields" if self._renamed else "post.fields"
        if wrong in query:
            raise self._invalid(wrong)
        most = query.get("max_results", "10")
        if not most.isdecimal() or not 10 <= int(most) <= 100:
            raise self._invalid("max_results")
        if not 1 <= len(query.get("query", "")) <= 512:
            raise self._invalid("query")
        if "since_id" in query and "start_time" in query:
            raise self._invalid("start_time")
        if "start_time" in query and self._instant(query["start_time"]) < self._clock.now() - REACH:
            raise self._invalid("start_time")
        if "since_id" in query and int(query["since_id"]) < int(id_of(self._clock.now() - REACH)):
            raise self._invalid("since_id")
        return query, int(most)

    def _is_found(self, post: XPost, query: Mapping[str, str]) -> bool:
        if "since_id" in query and int(post.id) <= int(query["since_id"]):
            return False
        if "start_time" in query and post.at < self._instant(query["start_time"]):
            return False
        return query["query"].split()[0].lower() in post.text.lower()

    def _instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))

    def _row(self, post: XPost) -> dict[str, object]:
        metrics = {
            "retweet_count": post.reposts,
            "reply_count": 1,
            "like_count": post.likes,
            "quote_count": 0,
        }
        row: dict[str, object] = {
            "id": post.id,
            "text": post.text,
            "author_id": post.author_id,
            "created_at": post.at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "lang": "en",
            "conversation_id": post.id,
            "edit_history_tweet_ids": [post.id],
            "public_metrics": self._named(metrics),
            "referenced_tweets": [{"type": "replied_to", "id": "1989"}],
        }
        return self._named(row)

    def _named(self, fields: Mapping[str, object]) -> dict[str, object]:
        return {_NEW_NAMES.get(name, name) if self._renamed else name: fields[name] for name in fields}

    def _headers(self) -> dict[str, str]:
        reset = self._window_began + timedelta(seconds=WINDOW_S)
        return {
            "x-rate-limit-limit": str(self._window_calls),
            "x-rate-limit-remaining": str(max(self._window_calls - self._used, 0)),
            "x-rate-limit-reset": str(int(reset.timestamp())),
        }

    def _invalid(self, parameter: str) -> Refusal:
        said = f"The `{parameter}` query parameter value is not accepted"
        return self._problem(
            400, "invalid-request", errors=[{"parameters": {parameter: ["?"]}, "message": said}]
        )

    def _problem(self, status: int, name: str, **more: object) -> Refusal:
        body = {"title": "Problem", "detail": "no", "type": PROBLEMS + name, "status": status, **more}
        return Refusal(
            web.json_response(
                body, status=status, headers=self._headers(), content_type="application/problem+json"
            )
        )
