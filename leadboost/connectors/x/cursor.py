"""What a search remembers between polls."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from leadboost.connectors.client.reading import read_instant
from leadboost.connectors.x.parse import Posts, id_before, id_instant, is_id

REACH = timedelta(days=6, hours=23)  # X refuses what is older than seven days


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCursor:
    """``asked`` is the query; after a change of it everything starts anew.

    A walk goes from the newest post back to ``since_id``, or to ``start`` (ISO 8601) while no post was
    ever seen. While it is under way, ``token`` is its next page and ``newest`` its first post: it goes on
    where it stopped, since its pages were paid for.
    """

    asked: str
    start: str
    since_id: str | None = None
    token: str | None = None
    newest: str | None = None

    @classmethod
    def load(cls, saved: Mapping[str, object], *, asked: str, start: datetime) -> "SearchCursor":
        """Read a saved cursor; a fresh one from ``start`` on if there is none, or it is of another query."""
        began = read_instant(saved.get("start"))
        if saved.get("asked") != asked or began is None:
            return cls(asked=asked, start=start.isoformat())
        since_id, newest, token = saved.get("since_id"), saved.get("newest"), saved.get("token")
        return cls(
            asked=asked,
            start=began.isoformat(),
            since_id=str(since_id) if is_id(since_id) else None,
            token=token if isinstance(token, str) else None,
            newest=str(newest) if is_id(newest) else None,
        )

    def params(self, now: datetime, overlap: timedelta) -> dict[str, str]:
        """Where the walk goes to, and its next page. Posts within ``overlap`` before it are read again."""
        oldest = now - REACH
        token = {"next_token": self.token} if self.token else {}
        if self.since_id is not None and id_instant(self.since_id) - overlap > oldest:
            return {"since_id": id_before(self.since_id, overlap)} | token
        start = max(datetime.fromisoformat(self.start), oldest)
        return {"start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ")} | token

    def after(self, posts: Posts) -> "SearchCursor":
        """Return the cursor after one page; the end of a walk is where the next one goes to."""
        newest = self.newest or posts.newest_id
        if posts.next_token is not None and posts.next_token != self.token:
            return replace(self, token=posts.next_token, newest=newest)
        return replace(self, since_id=newest or self.since_id, token=None, newest=None)

    def dump(self) -> dict[str, object]:
        """Return JSON values for ``load``."""
        return asdict(self)
