"""The people of the demo world live their lives once intake is open."""

import asyncio

from leadboost.composition.wiring import Wiring
from leadboost.runtime import Stage
from leadboost.standins.world import World


class Populating:
    """The task in which they do."""

    def __init__(self, wiring: Wiring, world: World) -> None:
        self._wiring = wiring
        self._world = world
        self._people: asyncio.Task[None] | None = None

    def stage(self) -> Stage:
        """The stage of it."""
        return self._wiring.stage(name="world", start=self._start, stop=self._stop, stop_s=0.2)

    async def _start(self) -> None:
        self._people = self._wiring.runtime.run_task("demo world", self._world.live(), reported=False)

    async def _stop(self) -> None:
        if self._people is not None:
            self._people.cancel()
            await asyncio.wait([self._people])
