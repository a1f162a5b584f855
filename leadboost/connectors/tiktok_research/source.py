"""One search of TikTok's public videos as a polled source."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial

from leadboost.clock import Clock, Rng
from leadboost.connectors.client import Refusals, WebAnswer
from leadboost.connectors.client.asking import read_aside
from leadboost.connectors.client.reading import Raw, rejection_note
from leadboost.connectors.tiktok_research.access import ResearchAccess
from leadboost.connectors.tiktok_research.cursor import SearchCursor
from leadboost.connectors.tiktok_research.parse import Fault, Videos, read_fault, read_videos
from leadboost.errors import SourceError
from leadboost.ports import Fetched

PAGE_VIDEOS = 100
PAGES = 50
MINUTE_S = 60.0
LOST_WAITS_S = (2.0, 5.0, 10.0)
_DAILY = "daily_quota_limit_exceeded"


class _TooWideError(Exception):
    """A query finds more than ``PAGES``, or TikTok gave up over it (500 internal_error), as it does over wide
    ones."""


class _LostSearchError(Exception):
    """TikTok forgot the search whose next page was asked for."""


class TikTokResearchSource:
    """Videos whose text holds one of ``keywords``, of ``regions`` where given.

    The first poll looks back for ``lookback_days``; each asks again for the ``overlap_days`` before,
    since videos take up to two days to appear. A query that is too wide is asked again for the first half of
    its days, and the rest with the next poll; of a single day ``PAGES`` are read, and a note tells of the
    rest. A search that TikTok says it forgot is asked for the same page again after ``LOST_WAITS_S``, then
    once more from its first page.
    """

    kind = "tiktok_research"

    def __init__(
        self,
        *,
        name: str,
        access: ResearchAccess,
        clock: Clock,
        rng: Rng,
        keywords: Sequence[str],
        regions: Sequence[str] = (),
        lookback_days: int = 7,
        overlap_days: int = 2,
        min_interval_s: float = 3_600.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = name
        self._access = access
        self._clock = clock
        self._query = _query(keywords, regions)
        self._asked = f"{' '.join(keywords)} in {' '.join(regions)}"
        self._lookback = timedelta(days=lookback_days)
        self._overlap = timedelta(days=overlap_days)
        self._min_interval_s = min_interval_s
        self._sleep = sleep
        self._refusals = Refusals(
            name, clock=clock, rng=rng, settings="connectors.tiktok_research.client_key and client_secret"
        )

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        """Poll once. Raises SourceError, SourceGoneError."""
        state = SearchCursor.load(cursor, asked=self._asked)
        today = self._clock.now().date()
        start, end = state.window(today, overlap=self._overlap, lookback=self._lookback)
        while True:
            try:
                found, note = await self._read(start, end)
                break
            except _TooWideError:
                if start == end:
                    raise self._refusals.broken("has trouble (500 internal_error), even over a day") from None
                end = start + (end - start) // 2
        self._refusals.reset()
        seen = frozenset(state.seen)
        return Fetched(
            items=[item for number, item in found.items() if number not in seen],
            cursor=state.after(found).read_through(end, today).dump(),
            wait_s=self._min_interval_s if end == today else MINUTE_S,
            note=note,
        )

    async def check(self) -> str:
        """Sign in, which takes no call of the day. Raises SourceError."""
        await self._access.sign_in(self._refusals)
        return "signed in"

    async def _read(self, start: date, end: date) -> tuple[dict[str, Raw], str | None]:
        """Read all pages, with a note of what is missing; a search that TikTok forgot begins again, once."""
        try:
            return await self._walk(start, end)
        except _LostSearchError:
            try:
                return await self._walk(start, end)
            except _LostSearchError:
                raise self._refusals.broken("forgets its own searches (400)", MINUTE_S) from None

    async def _walk(self, start: date, end: date) -> tuple[dict[str, Raw], str | None]:
        found: dict[str, Raw] = {}
        rejected: tuple[str, ...] = ()
        place: dict[str, object] = {"cursor": 0}
        for _ in range(PAGES):
            videos = await self._patient_page(start, end, place)
            found |= videos.page.items
            rejected += videos.page.rejected
            if videos.cursor in (None, place["cursor"]):
                return found, rejection_note(rejected)
            place = {"cursor": videos.cursor, "search_id": videos.search_id}
        if start < end:
            raise _TooWideError
        unread = f"{start} has more than the {len(found)} videos that were read"
        return found, "; ".join(filter(None, [unread, rejection_note(rejected)]))

    async def _patient_page(self, start: date, end: date, place: Mapping[str, object]) -> Videos:
        for wait_s in LOST_WAITS_S:
            try:
                return await self._page(start, end, place)
            except _LostSearchError:
                await self._sleep(wait_s)
        return await self._page(start, end, place)

    async def _page(self, start: date, end: date, place: Mapping[str, object]) -> Videos:
        body = {
            "query": self._query,
            "start_date": f"{start:%Y%m%d}",
            "end_date": f"{end:%Y%m%d}",
            "max_count": PAGE_VIDEOS,
            **place,
        }
        answer = await self._access.query(body, self._refusals)
        if not 200 <= answer.status < 300:
            raise self._failure(answer, read_fault(answer.body))
        read = partial(read_videos, answer.body, source=self.name, now=self._clock.now())
        return await read_aside(read, self._refusals)

    def _failure(self, answer: WebAnswer, fault: Fault) -> Exception:
        if answer.status == 400 and fault.is_lost_search:
            return _LostSearchError()
        if answer.status == 500 and fault.code == "internal_error":
            return _TooWideError()
        return self._refusal(answer, fault.code)

    def _refusal(self, answer: WebAnswer, code: str) -> SourceError:
        ends_in_s = self._access.allowance.ends_in_s() if code == _DAILY else None
        return self._refusals.of(answer, code=code, renewed_in_s=ends_in_s)


def _query(keywords: Sequence[str], regions: Sequence[str]) -> dict[str, object]:
    conditions = [_condition("keyword", keywords)]
    if regions:
        conditions.append(_condition("region_code", regions))
    return {"and": conditions}


def _condition(field: str, values: Sequence[str]) -> dict[str, object]:
    """One value takes EQ, several take IN."""
    operation = "EQ" if len(values) == 1 else "IN"
    return {"operation": operation, "field_name": field, "field_values": list(values)}
