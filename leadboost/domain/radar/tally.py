"""What became of signals, counted by source: for measuring, in memory and since the start."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

ACCEPTED: Final = "accepted"
DUPLICATE: Final = "duplicate"
INVALID: Final = "invalid"
SOURCES: Final = 200
OTHERS: Final = "(others)"


class IntakeTally:
    """Counts by source and fate: ACCEPTED, DUPLICATE, INVALID, or the word of a rejection.

    Whoever sends signals names their source, so those beyond the first SOURCES count as one.
    """

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._sources: set[str] = set()

    def note(self, fates: Iterable[tuple[str, str]]) -> None:
        """Count signals, each by its source and fate."""
        for (source, fate), count in Counter(fates).items():
            if source not in self._sources and len(self._sources) < SOURCES:
                self._sources.add(source)
            self._counts[source if source in self._sources else OTHERS, fate] += count

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return all counts so far."""
        return dict(self._counts)


def reason_word(reason: str) -> str:
    """Return the machine word that a reason begins with."""
    return reason.partition(":")[0]
