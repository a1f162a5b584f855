"""One RSS or Atom feed as a polled source."""

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from leadboost.clock import Clock, Rng
from leadboost.connectors.client import Backoff, Hop, WebAnswer, WebClient, parse_retry_after
from leadboost.connectors.client.aside import run_aside
from leadboost.connectors.rss.cursor import FeedCursor, remember, storable_header
from leadboost.connectors.rss.parse import Feed, FeedError, parse_feed
from leadboost.errors import SourceError, SourceGoneError
from leadboost.ports import Fetched

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0
PARSE_S = 15.0
MOVED_TIMES = 3
DEAD_AFTER = timedelta(days=10)

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.7,"
    " text/xml;q=0.6, */*;q=0.1"
)
_REFUSED = frozenset({401, 403, 451})
_BUSY = frozenset({429, 503})
_PERMANENT = frozenset({301, 308})
_BACKOFF = {
    "missing": (HOUR_S, DAY_S),
    "busy": (15 * MINUTE_S, DAY_S),
    "broken": (5 * MINUTE_S, 6 * HOUR_S),
}
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


class RssSource:
    """A feed under a name. ``min_interval_s`` is its shortest time between polls, ``timeout_s`` the
    longest for one answer, redirects included.

    Answers are treated by one table: 200 is parsed, 304 is nothing new, 410 and refusals (401, 403,
    451) end the polling, missing or unreadable feeds back off from an hour to a day and are given
    up after ten days, busy servers set their own time, the rest backs off from five minutes to
    six hours.
    """

    def __init__(
        self,
        *,
        kind: str = "rss",
        name: str,
        url: str,
        client: WebClient,
        clock: Clock,
        rng: Rng,
        min_interval_s: float = 15 * MINUTE_S,
        timeout_s: float = 20.0,
    ) -> None:
        self.kind = kind
        self._name = name
        self._url = url
        self._client = client
        self._clock = clock
        self._min_interval_s = min_interval_s
        self._timeout_s = timeout_s
        self._backoff = Backoff(_BACKOFF, rng)
        self._missing_since: datetime | None = None

    @property
    def name(self) -> str:
        """The name of the feed, which is also the ``source`` of its signals."""
        return self._name

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        """Poll once. Raises SourceError, SourceGoneError."""
        state = FeedCursor.load(cursor, url=self._url)
        if self._missing_since is not None:
            state = replace(state, final_url=self._url)  # the move may have been a mistake
        answer = await self._get(state)
        if answer.status != 304 and not 200 <= answer.status < 300:
            raise self._failure(answer)
        fetched = await self._read(answer, _moved(state, answer.hops))
        self._backoff.reset()
        self._missing_since = None
        return fetched

    async def check(self) -> str:
        """Read the feed once. Raises SourceError."""
        fetched = await self.fetch({})
        return f"{len(fetched.items)} item(s){f', {fetched.note}' if fetched.note else ''}"

    async def _get(self, state: FeedCursor) -> WebAnswer:
        headers = {"Accept": _ACCEPT}
        if state.etag:
            headers["If-None-Match"] = state.etag
        if state.last_modified:
            headers["If-Modified-Since"] = state.last_modified
        try:
            return await self._client.get(
                state.final_url, source=self._name, headers=headers, deadline_s=self._timeout_s
            )
        except SourceError as error:
            wait_s = self._backoff.next_s("broken") if error.retry_after_s is None else error.retry_after_s
            raise SourceError(self._name, error.reason, wait_s) from error

    async def _read(self, answer: WebAnswer, state: FeedCursor) -> Fetched:
        if answer.status == 304:
            kept = replace(state, etag=storable_header(answer.headers.get("ETag")) or state.etag)
            return self._fetched(answer, kept, note="not modified")
        digest = hashlib.sha256(answer.body).hexdigest()
        fresh = replace(
            state,
            etag=storable_header(answer.headers.get("ETag")),
            last_modified=storable_header(answer.headers.get("Last-Modified")),
            body_sha256=digest,
        )
        if digest == state.body_sha256:
            return self._fetched(answer, fresh, note="same body")
        return self._diff(answer, fresh, await self._parse(answer))

    def _diff(self, answer: WebAnswer, state: FeedCursor, feed: Feed) -> Fetched:
        seen = frozenset(state.seen)
        items = [item.raw for item in feed.items if item.fingerprint not in seen]
        now_seen = remember((item.fingerprint for item in feed.items), state.seen)
        state = replace(state, seen=now_seen, wish_s=feed.wait_s)
        notes = [feed.flaw] if feed.flaw else []
        if feed.held_back:
            notes.append(f"{feed.held_back} items dated more than a day ahead are held back")
            state = replace(state, etag=None, last_modified=None, body_sha256=None)  # to see them again
        return self._fetched(answer, state, items=items, note="; ".join(notes) or None)

    def _fetched(
        self,
        answer: WebAnswer,
        state: FeedCursor,
        *,
        note: str | None,
        items: Sequence[Mapping[str, object]] = (),
    ) -> Fetched:
        max_age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
        wished_s = min(max(state.wish_s, float(max_age[1]) if max_age else 0.0), DAY_S)
        wait_s = max(self._min_interval_s, wished_s)
        return Fetched(items=items, cursor=state.dump(), wait_s=wait_s, note=note)

    async def _parse(self, answer: WebAnswer) -> Feed:
        parse = partial(
            parse_feed,
            answer.body,
            content_type=answer.headers.get("Content-Type"),
            url=answer.url,
            source=self._name,
            now=self._clock.now(),
        )
        try:
            async with asyncio.timeout(PARSE_S):
                return await run_aside(parse)
        except TimeoutError as error:
            raise self._missing(f"takes longer than {PARSE_S:g} s to parse") from error
        except FeedError as error:
            raise self._missing(str(error)) from error

    def _failure(self, answer: WebAnswer) -> SourceError:
        status = answer.status
        if status == 410:
            return SourceGoneError(self._name, "is gone for good (410); remove it from the sources")
        if status in _REFUSED:
            return SourceGoneError(self._name, f"refuses us ({status}); ask its owner, then start again")
        asked_s = parse_retry_after(answer.headers.get("Retry-After"), now=self._clock.now())
        if status in _BUSY:
            wait_s = self._backoff.next_s("busy") if asked_s is None else max(asked_s, self._min_interval_s)
            return SourceError(self._name, f"asks us to come later ({status})", wait_s)
        if status >= 500:
            return SourceError(self._name, f"has trouble ({status})", self._backoff.next_s("broken"))
        return self._missing(f"answers {status}; check its address")

    def _missing(self, reason: str) -> SourceError:
        now = self._clock.now()
        self._missing_since = self._missing_since or now
        if now - self._missing_since >= DEAD_AFTER:
            return SourceGoneError(self._name, f"{reason}; given up after {DEAD_AFTER.days} days")
        return SourceError(self._name, reason, self._backoff.next_s("missing"))


def _moved(state: FeedCursor, hops: tuple[Hop, ...]) -> FeedCursor:
    """Count how often in a row the same permanent address was named; the third time it is kept."""
    target = None
    for hop in hops:
        if hop.status not in _PERMANENT:
            break
        target = hop.url
    count = state.moved_count + 1 if target and target == state.moved_to else 1
    if target is None:
        return replace(state, moved_to=None, moved_count=0)
    if count >= MOVED_TIMES:
        return replace(state, final_url=target, moved_to=None, moved_count=0)
    return replace(state, moved_to=target, moved_count=count)
