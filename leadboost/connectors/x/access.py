"""The token, its rate limit, and the money that it may spend."""

from collections.abc import Callable, Mapping
from datetime import datetime

from leadboost.clock import Clock
from leadboost.connectors.client import RateBudget, Refusals, WebAnswer, WebClient, WebRequest, header_number
from leadboost.connectors.client.allowance import Allowance
from leadboost.connectors.client.asking import ask, read_aside
from leadboost.connectors.x.parse import Posts, blames, read_problem
from leadboost.errors import SourceError

WINDOW_S = 900.0
DAY_S = 86_400
FIELDS = "created_at,lang,author_id,public_metrics,conversation_id,possibly_sensitive,referenced_{}"
_OLD, _NEW = ("tweet.fields", FIELDS.format("tweets")), ("post.fields", FIELDS.format("posts"))

Read = Callable[[bytes], Posts]


class XAccess:
    """Shared by all searches of one app-only token. ``timeout_s`` bounds each call.

    ``spending`` counts millionths of a US dollar a day (UTC); a post costs ``post_micros``. The whole page
    that a call may bring is counted before it leaves, and what it did not bring is taken off afterwards;
    a call whose answer never came stays counted.
    """

    def __init__(
        self,
        *,
        client: WebClient,
        clock: Clock,
        base_url: str,
        bearer_token: str,
        spending: Allowance,
        post_micros: int,
        timeout_s: float = 20.0,
    ) -> None:
        self._client = client
        self._clock = clock
        self._url = f"{base_url}/2/tweets/search/recent"
        self._token = bearer_token
        self._spending = spending
        self._post_micros = post_micros
        self._timeout_s = timeout_s
        self._budget = RateBudget(clock)
        self._fields = _OLD

    async def search(self, params: Mapping[str, str], refusals: Refusals, *, most: int, read: Read) -> Posts:
        """Read one page of at most ``most`` posts (10 to 100). Raises SourceError, SourceGoneError."""
        answer, day = await self._paid(params, refusals, most=most)
        if answer.status == 400 and self._fields is _OLD and blames(answer.body, _OLD[0]):
            self._fields = _NEW  # the fields were renamed; the answer tells which name counts here
            answer, day = await self._paid(params, refusals, most=most)
        if not 200 <= answer.status < 300:
            raise self._failure(answer, refusals)
        posts = await read_aside(lambda: read(answer.body), refusals)
        await self._spending.give_back(day, max(most - posts.count, 0) * self._post_micros)
        return posts

    async def check(self, params: Mapping[str, str], refusals: Refusals) -> None:
        """Ask for a page of one post: X looks at the token first, and then refuses so short a page (400),
        which costs nothing. Raises SourceError, SourceGoneError."""
        answer = await self._ask({**params, "max_results": "1"}, refusals)
        if answer.status != 400 and not 200 <= answer.status < 300:
            raise self._failure(answer, refusals)

    async def _ask(self, params: Mapping[str, str], refusals: Refusals) -> WebAnswer:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        request = WebRequest(url=self._url, headers=headers, params=params)
        return await ask(self._client, request, refusals, timeout_s=self._timeout_s)

    async def _paid(
        self, params: Mapping[str, str], refusals: Refusals, *, most: int
    ) -> tuple[WebAnswer, datetime]:
        """Count, then ask. Returns the answer, and the day on which it is counted."""
        if wait_s := self._budget.take():
            raise refusals.busy("has no calls left in its rate limit", wait_s)
        price = most * self._post_micros
        spent = "has spent the daily cap, connectors.x.daily_cents"
        day = await self._spending.take(price, refusals, spent=spent)
        name, fields = self._fields
        answer = await self._ask({**params, "max_results": str(most), name: fields}, refusals)
        left = header_number(answer.headers, "x-rate-limit-remaining")
        self._budget.learn(left, self._window_left_s(answer))
        if not 200 <= answer.status < 300:
            await self._spending.give_back(day, price)
        return answer, day

    def _window_left_s(self, answer: WebAnswer) -> float | None:
        """Seconds to the end of the window, whose end is told in Unix seconds; at most a whole one."""
        reset = header_number(answer.headers, "x-rate-limit-reset")
        return None if reset is None else min(reset - self._clock.now().timestamp(), WINDOW_S)

    def _failure(self, answer: WebAnswer, refusals: Refusals) -> SourceError:
        code = read_problem(answer.body)
        if answer.status == 429 and code == "usage-capped":
            return refusals.busy("has reached its usage cap (429 usage-capped)", float(DAY_S))
        left_s = self._window_left_s(answer) if answer.status == 429 else None
        return refusals.of(answer, code=code, renewed_in_s=left_s)
