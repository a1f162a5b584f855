"""Writes to viewers: all that is queued in one write each, and never the whole process's time."""

import asyncio
from collections.abc import Callable
from typing import Any

from leadboost.actors.stream_bridge.told import Deliver
from leadboost.domain.live.audience import Audience
from leadboost.domain.live.closing import TOO_FAR_BEHIND
from leadboost.domain.live.page import Page
from leadboost.domain.live.ring import FrameRing
from leadboost.domain.live.viewer import Viewer
from leadboost.runtime import Actor

CHUNK_BYTES = 2**18
SERVED_AT_ONCE = 128
LONGEST_REST_S = 0.02
STATE_EVERY_S = 0.1

_NEVER = float("inf")


class Delivery:
    """Serves an audience from ``ring``, from pages where that begins too late, and from the board.

    After a delivery it rests for as long as that took, so that many viewers get larger writes;
    changed state alone waits a moment for events to go with. Deliver comes to ``actor`` when a wait
    is over.
    """

    def __init__(
        self,
        actor: Actor[Any],
        audience: Audience,
        ring: FrameRing,
        find_page: Callable[[int], Page | None],
    ) -> None:
        """``find_page`` returns the page that holds what follows an offset, or has it read."""
        self._actor = actor
        self._audience = audience
        self._ring = ring
        self._find_page = find_page
        self._is_urgent = False
        self._wakes_at = _NEVER
        self._rest_until = self._state_at = 0.0

    def urge(self) -> None:
        """There is more than changed state to deliver."""
        self._is_urgent = True

    def wake(self) -> None:
        """A wait is over."""
        self._wakes_at = _NEVER

    async def deliver_when_due(self) -> None:
        """Deliver now, or have the actor told when."""
        clock = self._actor.clock
        began_at = clock.monotonic()
        due_at = self._rest_until if self._is_urgent else max(self._rest_until, self._state_at)
        if began_at >= due_at:
            self._is_urgent = False
            await self._deliver()
            now = clock.monotonic()
            self._rest_until = now + min(now - began_at, LONGEST_REST_S)
            self._state_at = now + STATE_EVERY_S
        elif due_at < self._wakes_at:
            self._wakes_at = due_at
            self._actor.after(due_at - began_at, Deliver())

    async def _deliver(self) -> None:
        chunks: dict[tuple[int, int], tuple[bytes, int]] = {}
        for count, viewer in enumerate(list(self._audience.viewers.values()), 1):
            self._serve(viewer, chunks)
            if count % SERVED_AT_ONCE == 0:
                await asyncio.sleep(0)  # sales must not wait behind a thousand viewers

    def _serve(self, viewer: Viewer, chunks: dict[tuple[int, int], tuple[bytes, int]]) -> None:
        """Write all that this viewer takes; viewers at one place share ``chunks``."""
        head, version, sink = self._ring.head, self._audience.board.version, viewer.sink
        while not sink.blocked:
            place = (viewer.offset, viewer.seen)
            if place == (head, version):
                viewer.caught_up = True
                return
            chunk = chunks.get(place)
            if chunk is None:
                chunk = self._chunk(viewer)
                if chunk is None:
                    viewer.wait(self._actor.clock.monotonic())
                    return
                chunks[place] = chunk
            data, viewer.offset = chunk
            viewer.seen = version
            viewer.write(data)

    def _chunk(self, viewer: Viewer) -> tuple[bytes, int] | None:
        """Join the next events and the changed state; None while events have to be read first."""
        state = self._audience.board.read(viewer.seen)
        if self._ring.holds(viewer.offset):
            data, offset = self._ring.read(viewer.offset, CHUNK_BYTES)
            return data + state, offset
        page = self._find_page(viewer.offset)
        if page is not None and not page.whole:
            self._audience.part(viewer.sink, TOO_FAR_BEHIND, "Events in between are gone; reload.")
        if page is None or not page.whole:
            return None
        data, offset = page.read(viewer.offset, CHUNK_BYTES)
        return data + state, offset
