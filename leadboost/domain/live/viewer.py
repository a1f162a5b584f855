"""One viewer of the live link: where it is, and whether it keeps up."""

from dataclasses import dataclass, field
from typing import Protocol


class ViewerSink(Protocol):
    """Where a viewer's bytes go. Nothing here waits."""

    @property
    def closed(self) -> bool:
        """Whether it has ended, or is about to: what is written is dropped."""
        ...

    @property
    def blocked(self) -> bool:
        """Whether to write no more until ``ViewerReady`` is told."""
        ...

    def write(self, data: bytes) -> None:
        """Send whole frames, in the order of the calls. Never raises."""
        ...

    def pending_bytes(self) -> int:
        """Bytes written that the other side has not acknowledged, as far as the system tells."""
        ...

    def close(self, code: int, reason: str) -> None:
        """End the connection with a close code (RFC 6455, section 7.4) and words for a person."""
        ...


@dataclass(slots=True, eq=False)
class Viewer:
    """A cursor into events (``offset``) and state (``seen``).

    ``caught_up`` tells that it has once had everything, so that from then on it has to keep up.
    """

    sink: ViewerSink
    offset: int
    seen: int
    caught_up: bool = False
    _sent: int = field(default=0, init=False)
    _mark: int = field(default=0, init=False)
    _marked_at: float = field(default=0.0, init=False)
    _waits_since: float | None = field(default=None, init=False)

    def write(self, data: bytes) -> None:
        """Send frames."""
        self._waits_since = None
        self._sent += len(data)
        self.sink.write(data)

    def wait(self, now: float) -> None:
        """Note that there is nothing to write until its events are read."""
        if self._waits_since is None:
            self._waits_since = now

    def waited_s(self, now: float) -> float:
        """Seconds for which it has been waiting."""
        return 0.0 if self._waits_since is None else now - self._waits_since

    def stuck_s(self, now: float, pending: int) -> float:
        """Seconds for which something written has not been taken; to be asked now and then."""
        if self._sent - pending >= self._mark:
            # All that stood out at the mark has arrived since, so the next wait begins now.
            self._mark = self._sent
            self._marked_at = now
        return now - self._marked_at if pending else 0.0
