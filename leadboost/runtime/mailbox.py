"""The bounded mailbox of one actor: three lanes, overflow policy, gaps and conflation."""

import asyncio
import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from leadboost.runtime.envelope import Envelope, asks
from leadboost.runtime.message import Lane, Message

_MOST_MARKS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many messages each lane holds."""

    control: int = 64
    command: int = 1_000
    event: int = 10_000


class LaneQueue:
    """One lane. ``taken`` counts what left it; ``marks`` are (time, count of arrivals until then).

    Marks date a backlog without stamping each message: whatever stands at the head arrived no
    later than the first mark whose count is beyond ``taken``.
    """

    __slots__ = ("bound", "items", "marks", "next_sample", "taken")

    def __init__(self, bound: int, *, sampled: bool) -> None:
        self.bound = bound
        self.items: deque[Any] = deque()
        self.taken = 0
        self.next_sample: float = 0 if sampled else math.inf
        self.marks: list[tuple[float, int]] = []

    def mark(self, now: float) -> None:
        """Note how many messages have arrived by ``now``, and forget marks that no longer date anything."""
        arrived = self.taken + len(self.items)
        while self.marks and self.marks[0][1] <= self.taken:
            del self.marks[0]
        if self.items and len(self.marks) < _MOST_MARKS and (not self.marks or self.marks[-1][1] < arrived):
            self.marks.append((now, arrived))

    def oldest_age_s(self, now: float) -> float:
        """Return for how long, at least, the head has been waiting; 0 when the lane is empty."""
        self.mark(now)
        return now - self.marks[0][0] if self.items and self.marks else 0.0


class _Slot:
    """The place of a conflated event; a newer event of the same key takes it over."""

    __slots__ = ("key", "message")

    def __init__(self, key: Hashable, message: Message[Any]) -> None:
        self.key = key
        self.message = message


class Mailbox:
    """Three bounded lanes and the future on which the idle actor waits."""

    __slots__ = ("command", "control", "dropped", "event", "gap", "rejected", "slots", "waiter")

    def __init__(self, bounds: Bounds, *, sampled: bool = True) -> None:
        self.control = LaneQueue(bounds.control, sampled=sampled)
        self.command = LaneQueue(bounds.command, sampled=sampled)
        self.event = LaneQueue(bounds.event, sampled=sampled)
        self.slots: dict[Hashable, _Slot] = {}
        self.gap = 0
        self.dropped = 0
        self.rejected = 0
        self.waiter: asyncio.Future[None] | None = None

    def lane(self, lane: Lane) -> LaneQueue:
        """Return the queue of ``lane``."""
        return (self.control, self.command, self.event)[lane]

    def put(self, item: Any, lane: Lane, *, bounded: bool = True) -> bool:
        """Queue an item and wake the actor; False when the lane is full and may not drop."""
        queue = self.command if lane is Lane.COMMAND else self.lane(lane)
        if lane is Lane.EVENT and item.__class__ is not Envelope:
            self._put_event(item, queue)
        elif bounded and len(queue.items) >= queue.bound:
            self.rejected += 1
            return False
        else:
            queue.items.append(item)
        if self.waiter is not None:
            self.wake()
        return True

    def _put_event(self, event: Message[Any], queue: LaneQueue) -> None:
        key = event.conflation_key()
        if key is None:
            queue.items.append(event)
        elif (slot := self.slots.get(key)) is not None:
            slot.message = event
        else:
            self.slots[key] = slot = _Slot(key, event)
            queue.items.append(slot)
        if len(queue.items) > queue.bound:
            self._drop_oldest(queue)

    def _drop_oldest(self, queue: LaneQueue) -> None:
        # An ask on the event lane is never shed: somebody waits for it.
        index = next((index for index, item in enumerate(queue.items) if not asks(item)), None)
        if index is None:
            return
        item = queue.items[index]
        del queue.items[index]
        if item.__class__ is _Slot:
            del self.slots[item.key]
        queue.taken += 1
        self.gap += 1
        self.dropped += 1

    def take_event(self) -> Any:
        """Take the oldest event, and free its conflation key."""
        item = self.event.items.popleft()
        if item.__class__ is _Slot:
            del self.slots[item.key]
            return item.message
        return item

    def wake(self) -> None:
        """Let an idle actor look at its lanes."""
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def clear(self) -> list[Any]:
        """Take everything out, in the order in which it would have been served."""
        items = [*self.control.items, *self.command.items]
        while self.event.items:
            items.append(self.take_event())
        self.control.items.clear()
        self.command.items.clear()
        return items

    def handled(self) -> int:
        """Messages that left the lanes to be handled."""
        return self.control.taken + self.command.taken + self.event.taken - self.dropped

    def depth(self) -> dict[str, int]:
        """Messages per lane."""
        return {lane.name.lower(): len(self.lane(lane).items) for lane in Lane}

    def oldest_age_s(self, now: float) -> float:
        """Age of the oldest message over all lanes, in seconds."""
        return max(self.lane(lane).oldest_age_s(now) for lane in Lane)
