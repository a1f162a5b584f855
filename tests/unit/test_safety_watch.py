"""When SafetyWatch has PanicManager look again; on virtual time."""

import asyncio

from leadboost.actors.safety_watch import SafetyWatch
from leadboost.domain.heard import LastHeard
from leadboost.errors import StoreUnavailableError
from leadboost.messages.panic import LookAgain
from leadboost.runtime.testing import Probe, System


class Versions:
    def __init__(self) -> None:
        self.now = 1
        self.away = False

    async def version(self) -> int:
        if self.away:
            raise StoreUnavailableError("away")
        return self.now


async def start(system: System) -> tuple[Versions, Probe, LastHeard]:
    versions, panic, heard = Versions(), await system.probe(name="panic"), LastHeard(system.clock)
    await system.spawn(lambda: SafetyWatch(safety=versions, panic=panic.ref, heard=heard), name="watch")
    await system.settle()
    return versions, panic, heard


async def test_each_change_is_told_once_and_soon(system: System) -> None:
    versions, panic, _ = await start(system)
    await asyncio.sleep(2)
    versions.now = 2
    await asyncio.sleep(0.3)

    assert panic.received == [LookAgain(), LookAgain()]


async def test_the_database_is_heard_while_it_answers(system: System) -> None:
    versions, _, heard = await start(system)
    await asyncio.sleep(5)
    fresh = heard.failure()
    versions.away = True
    await asyncio.sleep(1.5)
    still = heard.failure()
    await asyncio.sleep(1)

    assert (fresh, still) == (None, None)
    assert heard.failure() is not None
