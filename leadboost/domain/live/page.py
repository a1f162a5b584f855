"""Events older than the ring, in pages that every viewer shares."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Frames of the offsets after ``start``; ``whole`` is False where the journal has lost some."""

    start: int
    frames: tuple[bytes, ...]
    whole: bool = True

    @property
    def end(self) -> int:
        """The last offset."""
        return self.start + len(self.frames)

    def read(self, offset: int, limit_bytes: int) -> tuple[bytes, int]:
        """Join frames after ``offset``, at least one and then up to ``limit_bytes``.

        Returns the bytes and the offset that they lead to.
        """
        rest = self.frames[offset - self.start :]
        fits = bisect_right(list(accumulate(map(len, rest))), limit_bytes)
        chunk = rest[: max(fits, 1)]
        return b"".join(chunk), offset + len(chunk)


class Pages:
    """The last pages read, by their start: multiples of PAGE, so that viewers near each other share."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._pages: dict[int, Page] = {}

    def find(self, offset: int) -> Page | None:
        """Return the page that holds what follows ``offset``, or tells that it is lost."""
        page = self._pages.get(page_start(offset))
        return page if page is not None and (page.end > offset or not page.whole) else None

    def put(self, page: Page) -> None:
        """Keep a page, and let go of the oldest."""
        self._pages.pop(page.start, None)
        self._pages[page.start] = page
        if len(self._pages) > self._most:
            del self._pages[next(iter(self._pages))]

    def clear(self) -> None:
        """Forget all."""
        self._pages.clear()


def page_start(offset: int) -> int:
    """The start of the page that holds what follows ``offset``."""
    return offset - offset % PAGE
