"""How often things happened lately."""

from collections import deque
from typing import Final

WINDOW_S: Final = 60.0
MOST_SOURCES: Final = 50
_BUCKET_S: Final = 1.0


class SlidingCount:
    """Counts what happened in the last ``window_s`` seconds, to the second; times are monotonic."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._buckets: deque[tuple[float, int]] = deque()
        self._total = 0

    def add(self, count: int, now: float) -> None:
        """Count more; ``now`` never goes back."""
        began_at = now - now % _BUCKET_S
        known = self._buckets.pop()[1] if self._buckets and self._buckets[-1][0] == began_at else 0
        self._buckets.append((began_at, known + count))
        self._total += count

    def total(self, now: float) -> int:
        """The count of the window that ends now."""
        while self._buckets and self._buckets[0][0] <= now - self._window_s:
            self._total -= self._buckets.popleft()[1]
        return self._total


class Rates:
    """Signals per source and sales of the last minute; sources beyond MOST_SOURCES count as ``other``."""

    def __init__(self) -> None:
        self._signals: dict[str, SlidingCount] = {}
        self._sales = SlidingCount(WINDOW_S)

    def heard(self, source: str, now: float) -> None:
        """Count a new signal."""
        if source not in self._signals and len(self._signals) >= MOST_SOURCES:
            source = "other"
        self._signals.setdefault(source, SlidingCount(WINDOW_S)).add(1, now)

    def sold(self, count: int, now: float) -> None:
        """Count sales."""
        self._sales.add(count, now)

    def shown(self, now: float) -> dict[str, object]:
        """Write ``{signals: {source: per minute}, sales_per_min, window_s}``; silent sources are left out."""
        signals = {source: total for source, each in self._signals.items() if (total := each.total(now))}
        self._signals = {source: self._signals[source] for source in signals}
        return {"signals": signals, "sales_per_min": self._sales.total(now), "window_s": int(WINDOW_S)}
