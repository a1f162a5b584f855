"""What a source remembers that can only tell new items from known ones."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Self

from leadboost.connectors.client.reading import Raw, read_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCursor:
    """``asked`` is what was asked; after a change of it everything starts anew. ``seen`` holds ids of
    items that were handed on, latest first, ``limit`` at most; ``newest`` is the latest of their dates
    (ISO 8601).

    Items may appear late, below ones that are known. So a source reads back beyond what is known by an
    overlap; what it meets again there is told by its id, or found to be duplicate.
    """

    limit: ClassVar[int] = 1_000

    asked: str
    seen: tuple[str, ...] = ()
    newest: str | None = None

    @classmethod
    def load(cls, saved: Mapping[str, object], *, asked: str) -> Self:
        """Read a saved cursor; a fresh one when there is none, or it is of another question."""
        seen, newest = saved.get("seen"), read_instant(saved.get("newest"))
        if saved.get("asked") != asked or not isinstance(seen, list):
            return cls(asked=asked)
        known = tuple(str(each) for each in seen[: cls.limit])
        return cls(asked=asked, seen=known, newest=newest.isoformat() if newest and known else None)

    def after(self, items: Mapping[str, Raw]) -> Self:
        """Return the cursor after these were handed on."""
        newest = max([*_dates(items), self.newest or ""]) or None
        return replace(self, seen=tuple(dict.fromkeys((*items, *self.seen)))[: self.limit], newest=newest)

    def begin(self, overlap: timedelta) -> datetime | None:
        """From when on to read; None without a beginning."""
        newest = read_instant(self.newest)
        return None if newest is None else newest - overlap

    def is_covered(self, items: Mapping[str, Raw], overlap: timedelta) -> bool:
        """Tell whether a page, in a walk from the newest item back, is the last that is needed: it shows a
        known item, and reaches back beyond the overlap."""
        begin, dates = self.begin(overlap), _dates(items)
        if frozenset(self.seen).isdisjoint(items):
            return False
        return begin is None or not dates or min(dates) <= begin.isoformat()

    def dump(self) -> dict[str, object]:
        """Return JSON values for ``load``."""
        return asdict(self) | {"seen": list(self.seen)}


def _dates(items: Mapping[str, Raw]) -> list[str]:
    """All in UTC and of one form, so that they sort as text."""
    return [str(item["published_at"]) for item in items.values() if item.get("published_at")]
