"""The kill switch: first to start, last to stop, and alone in safe mode."""

from collections.abc import Sequence
from functools import partial

from leadboost.actors.panic import PanicManager
from leadboost.adapters.platforms import ConnectedPlatform, make_ads_client, make_platforms
from leadboost.composition.wiring import Wiring
from leadboost.connectors.client import WebClient
from leadboost.console.server import Console
from leadboost.domain.halt import Halt, Scope
from leadboost.messages.panic import GetHalt, TripHalt
from leadboost.runtime import Child, Stage
from leadboost.store.halt_log import HaltFile
from leadboost.store.halts import PgHaltStore

_KILL_SWITCH = Child(critical=True, intensity=(1, 60.0))  # it cannot be restarted away
_TRIP_WITHIN_S = 2.0


class Halting:
    """PanicManager and the connections to the ad accounts."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._client: WebClient | None = None
        self.platforms: Sequence[ConnectedPlatform] = ()

    def stage(self, console: Console) -> Stage:
        """The stage of it."""
        return self._wiring.stage(
            name="halting", start=partial(self._start, console), stop=self.stop, stop_s=0.4
        )

    async def _start(self, console: Console) -> None:
        await self.start()
        console.arm(self._wiring.refs["panic"], self._wiring.gate.trip)

    async def start(self) -> None:
        """Start without console and database. Raises what the start of PanicManager raises."""
        self._connect()
        await self._wiring.spawn("panic", self._make_panic, _KILL_SWITCH)

    async def stop(self) -> None:
        """Stop PanicManager and close the connections."""
        await self._wiring.stop("panic", finish_s=0.2)
        if self._client is not None:
            await self._client.close()

    async def halt(self, scope: Scope, reason: str, *, by: str) -> Halt:
        """Halt. Raises ActorError."""
        self._wiring.gate.trip(scope)
        trip = TripHalt(scope=scope, reason=reason, by=by)
        halted: Halt = await self._wiring.refs["panic"].ask(trip, timeout_s=_TRIP_WITHIN_S)
        return halted

    async def look_at(self, halt: Halt) -> Halt:
        """How far the halt is by now. Raises ActorError."""
        found: Halt | None = await self._wiring.refs["panic"].ask(GetHalt(id=halt.id))
        return found or halt

    def _connect(self) -> None:
        wiring = self._wiring
        connectors = wiring.settings.connectors
        self._client = make_ads_client(connectors, clock=wiring.clock, rng=wiring.rng.fork("ads"))
        self.platforms = make_platforms(
            connectors, client=self._client, clock=wiring.clock, check_spend=wiring.gate.check
        )
        for platform in self.platforms:
            wiring.gate.prove(platform.name, "not read back yet")

    def _make_panic(self) -> PanicManager:
        wiring = self._wiring
        safety = wiring.settings.safety
        return PanicManager(
            gate=wiring.gate,
            log=HaltFile(
                wiring.settings.data_dir / "halt.log",
                accounts={each.name: each.account_id for each in self.platforms},
            ),
            store=PgHaltStore(lambda: wiring.store),
            platforms=self.platforms,
            committed=wiring.topics.committed,
            state=wiring.topics.state,
            tripped=wiring.topics.tripped,
            approvals_needed=safety.resume_approvals,
            read_back_gap_s=safety.read_back_gap_s,
            watch_every_s=safety.watch_every_s,
            crash=wiring.crash,
        )
