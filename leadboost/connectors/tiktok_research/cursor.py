"""What a search remembers between polls."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from leadboost.connectors.client.seen import SeenCursor

LONGEST = timedelta(days=29)  # TikTok takes at most 30 days at once


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCursor(SeenCursor):
    """Ids of videos. ``through`` is the last day (ISO 8601, UTC) that was asked for; ``rest`` the day to go
    on from where a query was too wide to be read at once."""

    through: str | None = None
    rest: str | None = None

    @classmethod
    def load(cls, saved: Mapping[str, object], *, asked: str) -> "SearchCursor":
        """Read a saved cursor; a fresh one when there is none, or it is of another question."""
        cursor = super(SearchCursor, cls).load(saved, asked=asked)
        if saved.get("asked") != asked:
            return cursor
        return replace(cursor, through=_iso(saved.get("through")), rest=_iso(saved.get("rest")))

    def window(self, today: date, *, overlap: timedelta, lookback: timedelta) -> tuple[date, date]:
        """Return the first and the last day to ask for. Videos take days to appear, so the days of
        ``overlap`` are asked for again; what is older than TikTok takes at once is not asked for."""
        through, rest = _day(self.through), _day(self.rest)
        start = today - lookback if through is None else through - overlap
        return max(min(rest or start, today), today - LONGEST), today

    def read_through(self, day: date, today: date) -> "SearchCursor":
        """Return the cursor after the days up to ``day`` were read, of a window that ends ``today``."""
        rest = None if day >= today else (day + timedelta(days=1)).isoformat()
        return replace(self, through=day.isoformat(), rest=rest)


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _iso(value: object) -> str | None:
    day = _day(value)
    return None if day is None else day.isoformat()
