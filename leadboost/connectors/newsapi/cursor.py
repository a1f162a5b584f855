"""What a search remembers between polls."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from leadboost.connectors.client.reading import Raw, read_instant
from leadboost.connectors.client.seen import SeenCursor

OVERLAP = timedelta(hours=6)  # articles are found some time after they were published
OLDEST = timedelta(days=28)  # a free plan refuses a `from` that is older than a month


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCursor(SeenCursor):
    """Addresses of articles, and when the newest of them was published (ISO 8601)."""

    newest: str | None = None

    @classmethod
    def load(cls, saved: Mapping[str, object], *, asked: str) -> "SearchCursor":
        """Read a saved cursor; a fresh one when there is none, or it is of another question."""
        cursor = super(SearchCursor, cls).load(saved, asked=asked)
        newest = read_instant(saved.get("newest")) if cursor.seen else None
        return replace(cursor, newest=newest.isoformat() if newest else None)

    def found(self, items: Mapping[str, Raw]) -> "SearchCursor":
        """Return the cursor after these were handed on."""
        dates = [str(item["published_at"]) for item in items.values() if item["published_at"]]
        newest = max([*dates, self.newest or ""], default="") or None
        return replace(self.after(items), newest=newest)

    def begin(self, now: datetime) -> datetime | None:
        """From when on to search; None without a beginning."""
        newest = read_instant(self.newest)
        if newest is None or newest - OVERLAP < now - OLDEST:
            return None
        return newest - OVERLAP

    def dump(self) -> dict[str, object]:
        """Return JSON values for ``load``."""
        return asdict(self) | {"seen": list(self.seen)}
