"""The videos of one account of one's own as a polled source."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from leadboost.clock import Clock, Rng
from leadboost.connectors.client import Refusals
from leadboost.connectors.client.asking import read_aside
from leadboost.connectors.client.reading import Raw, rejection_note
from leadboost.connectors.tiktok.access import TikTokAccess
from leadboost.connectors.tiktok.cursor import VideosCursor
from leadboost.connectors.tiktok.parse import Videos, read_code, read_videos
from leadboost.ports import Fetched

PAGE_VIDEOS = 20
PAGES = 50
FIELDS = "id,title,create_time,share_url,view_count,like_count,comment_count,share_count"
_WAITS = {"busy": (60.0, 21_600.0)}  # the window slides by the minute


class TikTokSource:
    """New videos of the account called ``account``, newest first, page by page until one is known and the
    page reaches ``overlap_s`` beyond the newest known one. A page may be short and yet not the last.
    """

    kind = "tiktok"

    def __init__(
        self,
        *,
        name: str,
        account: str,
        access: TikTokAccess,
        clock: Clock,
        rng: Rng,
        min_interval_s: float = 900.0,
        overlap_s: float = 86_400.0,
    ) -> None:
        self.name = name
        self._account = account
        self._access = access
        self._clock = clock
        self._min_interval_s = min_interval_s
        self._overlap = timedelta(seconds=overlap_s)
        self._refusals = Refusals(
            name, clock=clock, rng=rng, settings="connectors.tiktok.client_key and accounts", waits=_WAITS
        )

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        """Poll once. Raises SourceError, SourceGoneError."""
        state = VideosCursor.load(cursor, asked=self._account)
        seen = frozenset(state.seen)
        found: dict[str, Raw] = {}
        rejected: tuple[str, ...] = ()
        begin = 0
        for _ in range(PAGES):
            videos = await self._page(begin)
            found |= videos.page.items
            rejected += videos.page.rejected
            if videos.cursor in (None, begin) or state.is_covered(videos.page.items, self._overlap):
                break
            begin = videos.cursor or 0
        self._refusals.reset()
        return Fetched(
            items=[item for name, item in found.items() if name not in seen],
            cursor=state.after(found).dump(),
            wait_s=self._min_interval_s,
            note=rejection_note(rejected),
        )

    async def check(self) -> str:
        """Ask nothing: signing in replaces the login, and what holds the new one is the daemon's database."""
        return "not asked, since each sign-in replaces the login; see the state of the source while it runs"

    async def _page(self, begin: int) -> Videos:
        body = {"max_count": PAGE_VIDEOS, "cursor": begin}
        answer = await self._access.post("/v2/video/list/", {"fields": FIELDS}, body, self._refusals)
        if not 200 <= answer.status < 300:
            raise self._refusals.of(answer, code=read_code(answer.body))
        read = partial(
            read_videos, answer.body, source=self.name, author=self._account, now=self._clock.now()
        )
        return await read_aside(read, self._refusals)
