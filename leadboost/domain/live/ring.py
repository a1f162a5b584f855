"""The newest events' frames, held once for every viewer."""

from bisect import bisect_right
from typing import Final

_TIDY_AT: Final = 4_096


class FrameRing:
    """Frames by offset, without gaps: ``start`` < offset <= ``head``. Bounded in count and bytes."""

    def __init__(self, *, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self.begin(0)

    def begin(self, offset: int) -> None:
        """Forget all; the next frame is that of ``offset`` + 1."""
        self.start = self.head = offset
        self._frames: list[bytes] = []
        self._ends: list[int] = []  # bytes up to and with each frame, since the beginning
        self._gone = 0  # frames at the front of both lists that no longer count
        self._ended = self._dropped = 0

    def append(self, frame: bytes) -> None:
        """Hold the frame of the next offset, and let go of the oldest beyond the bounds."""
        self._frames.append(frame)
        self._ended += len(frame)
        self._ends.append(self._ended)
        self.head += 1
        while self.head - self.start > self._most or self._ended - self._dropped > self._most_bytes:
            self._dropped = self._ends[self._gone]
            self._gone += 1
            self.start += 1
        if self._gone > _TIDY_AT and self._gone * 2 > len(self._frames):
            del self._frames[: self._gone], self._ends[: self._gone]
            self._gone = 0

    def holds(self, offset: int) -> bool:
        """Tell whether everything after ``offset`` is here."""
        return self.start <= offset <= self.head

    def bytes_after(self, offset: int) -> int:
        """Bytes of all frames after ``offset``, which must be held."""
        return self._ended - self._end_of(offset)

    def read(self, offset: int, limit_bytes: int) -> tuple[bytes, int]:
        """Join frames after ``offset``, at least one and then up to ``limit_bytes``.

        Returns the bytes and the offset that they lead to; nothing is left when that is ``head``.
        """
        first = self._gone + offset - self.start
        last = len(self._frames)
        if self.bytes_after(offset) > limit_bytes:
            last = max(bisect_right(self._ends, self._end_of(offset) + limit_bytes, first), first + 1)
        return b"".join(self._frames[first:last]), offset + last - first

    def _end_of(self, offset: int) -> int:
        return self._ends[self._gone + offset - self.start - 1] if offset > self.start else self._dropped
