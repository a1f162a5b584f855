"""Reddit's token endpoint, listings and search, as the contract says, with faults on order."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from leadboost.clock import Clock
from leadboost.standins.api import FORM, ApiServer, Handler, Refusal
from leadboost.standins.feed import Item, atom

TOKEN_S = 3_600.0
WINDOW_S = 600.0
DEFAULT_POSTS, MOST_POSTS = 25, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post; ``at`` is aware UTC."""

    id: str
    title: str
    at: datetime
    text: str = ""
    subreddit: str = "coffee"
    author: str = "bean_fan"
    score: int = 12
    comments: int = 4

    def as_reddit(self) -> dict[str, object]:
        """The thing as a listing holds it."""
        data: dict[str, object] = {
            "id": self.id,
            "name": f"t3_{self.id}",
            "title": self.title,
            "selftext": self.text,
            "author": self.author,
            "subreddit": self.subreddit,
            "created_utc": self.at.timestamp(),
            "edited": False,
            "score": self.score,
            "upvote_ratio": 0.93,
            "num_comments": self.comments,
            "permalink": f"/r/{self.subreddit}/comments/{self.id}/post/",
            "url": f"https://www.reddit.com/r/{self.subreddit}/comments/{self.id}/post/",
            "over_18": False,
            "link_flair_text": None,
            "removed_by_category": None,
        }
        return {"kind": "t3", "data": data}


class RedditServer(ApiServer):
    """Serves ``posts``, newest first. Subreddits in none of them redirect, as those that do not exist do.

    ``window_calls`` is the rate limit of ten minutes; calls beyond it get 429 with an HTML body, and
    ``Retry-After`` where ``tells_when``. ``revoke`` makes all tokens given out so far unknown.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        clock: Clock,
        posts: Sequence[Post] = (),
        window_calls: int = 1_000,
        tells_when: bool = True,
    ) -> None:
        self.posts = list(posts)
        self.tokens = 0
        self._basic = b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._clock = clock
        self._window_calls = window_calls
        self._tells_when = tells_when
        self._expires_at: dict[str, float] = {}
        self._window_began = clock.monotonic()
        self._used = 0
        super().__init__()

    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        return [
            ("POST", "/api/v1/access_token", self._token, False),
            ("GET", "/r/{subs}/new", self._new, True),
            ("GET", "/r/{subs}/search", self._search, True),
            ("GET", "/search", self._search, True),
            ("GET", "/r/{subs}/new/.rss", self._feed, True),
        ]

    def revoke(self) -> None:
        """End every token."""
        self._expires_at.clear()

    def _token(self, request: web.Request) -> web.Response:
        _check_agent(request)
        if request.headers.get("Authorization") != f"Basic {self._basic}":
            raise Refusal(web.json_response({"message": "Unauthorized", "error": 401}, status=401))
        if request[FORM].get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"})
        self.tokens += 1
        token = f"token-{self.tokens}"
        self._expires_at[token] = self._clock.monotonic() + TOKEN_S
        return web.json_response(
            {"access_token": token, "token_type": "bearer", "expires_in": int(TOKEN_S), "scope": "*"}
        )

    def _new(self, request: web.Request) -> web.Response:
        self._check(request)
        return self._listing(request, self._posts_of(request))

    def _feed(self, request: web.Request) -> web.Response:
        """The open feed: no token, no scores, and the newest posts alone."""
        items = [
            Item(
                guid=f"t3_{post.id}",
                title=post.title,
                text=post.text,
                link=f"https://www.reddit.com/r/{post.subreddit}/comments/{post.id}/post/",
                at=post.at,
                author=f"/u/{post.author}",
            )
            for post in self._posts_of(request)[:DEFAULT_POSTS]
        ]
        return web.Response(body=atom(items), content_type="application/atom+xml")

    def _search(self, request: web.Request) -> web.Response:
        self._check(request)
        words = request.query.get("q", "").lower()
        within = "subs" in request.match_info and request.query.get("restrict_sr") == "1"
        posts = self._posts_of(request) if within else self.posts
        return self._listing(
            request, [post for post in posts if words in f"{post.title} {post.text}".lower()]
        )

    def _check(self, request: web.Request) -> None:
        _check_agent(request)
        token = request.headers.get("Authorization", "").partition(" ")[2]
        if self._clock.monotonic() >= self._expires_at.get(token, 0.0):
            said = 'Bearer realm="reddit", error="invalid_token"'
            raise Refusal(web.Response(status=401, headers={"WWW-Authenticate": said}))
        now = self._clock.monotonic()
        if now - self._window_began >= WINDOW_S:
            self._window_began, self._used = now, 0
        self._used += 1
        if self._used > self._window_calls:
            wait = {"Retry-After": str(int(self._left_s()))} if self._tells_when else {}
            page = "<html><body>Too Many Requests</body></html>"
            raise Refusal(web.Response(status=429, text=page, content_type="text/html", headers=wait))

    def _left_s(self) -> float:
        return self._window_began + WINDOW_S - self._clock.monotonic()

    def _posts_of(self, request: web.Request) -> list[Post]:
        subs = request.match_info["subs"].lower().split("+")
        found = [post for post in self.posts if post.subreddit.lower() in subs]
        if not found and not any(post.subreddit.lower() in subs for post in self.posts):
            raise Refusal(web.Response(status=302, headers={"Location": "/subreddits/search?q=" + subs[0]}))
        return found

    def _listing(self, request: web.Request, posts: Sequence[Post]) -> web.Response:
        limit = min(int(request.query.get("limit", DEFAULT_POSTS)), MOST_POSTS)
        names = [f"t3_{post.id}" for post in posts]
        after = request.query.get("after", "")
        start = names.index(after) + 1 if after in names else 0
        rows = posts[start : start + limit]
        more = start + limit < len(posts)
        data = {
            "after": names[start + limit - 1] if more else None,
            "before": None,
            "dist": len(rows),
            "modhash": "",
            "children": [post.as_reddit() for post in rows],
        }
        headers = {
            "X-Ratelimit-Used": str(self._used),
            "X-Ratelimit-Remaining": f"{self._window_calls - self._used:.1f}",
            "X-Ratelimit-Reset": str(int(self._left_s())),
        }
        return web.json_response({"kind": "Listing", "data": data}, headers=headers)


def _check_agent(request: web.Request) -> None:
    """``<platform>:<app id>:<version> (by /u/<username>)``; others are blocked with a page."""
    agent = request.headers.get("User-Agent", "")
    if agent.count(":") < 2 or "(by /u/" not in agent:
        page = "<html><body>whoa there, pardner!</body></html>"
        raise Refusal(web.Response(status=403, text=page, content_type="text/html"))
