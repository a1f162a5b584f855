"""Which stages make up the daemon, and in which order they start."""

from collections.abc import Callable, Sequence

from leadboost.clock import Clock, Rng
from leadboost.composition.alerting import Alerting
from leadboost.composition.bookkeeping import Bookkeeping
from leadboost.composition.halting import Halting
from leadboost.composition.hearing import Hearing
from leadboost.composition.intake import IntakeOpening
from leadboost.composition.journaling import Journaling
from leadboost.composition.learning import Learning
from leadboost.composition.mirroring import Mirroring
from leadboost.composition.parking import Parking
from leadboost.composition.populating import Populating
from leadboost.composition.replicating import Replicating
from leadboost.composition.safety import Safety
from leadboost.composition.selling import Selling
from leadboost.composition.storing import Storing
from leadboost.composition.streaming import Streaming
from leadboost.composition.wiring import Wiring
from leadboost.config import Settings
from leadboost.console.server import Console
from leadboost.messages.health import ComponentHealth, HealthReport
from leadboost.runtime import Runtime, Stage
from leadboost.runtime.dead_letters import DeadLetter
from leadboost.runtime.system import Failed
from leadboost.standins.world import World


class Components:
    """Everything between configuration and the console, for one start of the daemon."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        rng: Rng,
        holder: str,
        on_failure: Callable[[Failed], None],
        report: Callable[[], HealthReport],
        polls: bool = True,
        world: World | None = None,
    ) -> None:
        self._on_failure = on_failure
        self._world = world
        self.runtime = Runtime(
            clock=clock, rng=rng, on_failure=self._on_failed, on_dead_letter=self._on_dead_letter
        )
        self.wiring = Wiring(settings, runtime=self.runtime, clock=clock, rng=rng, holder=holder, polls=polls)
        self._parking = Parking(self.wiring)
        self._storing = Storing(self.wiring)
        self._mirroring = Mirroring(self.wiring)
        self._intake = IntakeOpening(self.wiring)
        self.halting = Halting(self.wiring)
        self.streaming = Streaming(self.wiring, report)
        self._alerting = Alerting(self.wiring)

    def stages(self, console: Console) -> Sequence[Stage]:
        """List the stages in start order. Stop budgets add up to less than the daemon's 10 s."""
        wiring = self.wiring
        replicates = wiring.polls and wiring.settings.connectors.firestore.enabled
        return [
            self.halting.stage(console),
            *self._storing.stages(),
            self._mirroring.stage(),
            Journaling(wiring).stage(),
            self.streaming.stage(),
            self._alerting.stage(),
            Safety(wiring, self.halting).stage(),
            Selling(wiring).stage(),
            Learning(wiring).stage(),
            Bookkeeping(wiring, self.halting).stage(),
            Hearing(wiring).stage(),
            *([Replicating(wiring).stage()] if replicates else []),
            self._intake.stage(console),
            *([Populating(wiring, self._world).stage()] if self._world is not None else []),
        ]

    @property
    def first_link(self) -> str | None:
        """The token of the link that lets the first person in, while nobody can sign in."""
        return self._intake.first_link

    @property
    def told(self) -> Sequence[ComponentHealth]:
        """What components say of themselves beyond how their actors are."""
        return self.wiring.told

    async def check_database(self) -> str:
        """Return ``ok``, or why the database does not answer within a second."""
        return await self._storing.check()

    def check_mirror(self) -> str:
        """Return ``ok``, ``off``, or why other hosts cannot be heard now."""
        return self._mirroring.check()

    async def close(self) -> None:
        """End what ``halting.start`` began."""
        await self.halting.stop()
        await self.runtime.close(within_s=0.5)

    def _on_failed(self, failed: Failed) -> None:
        self.streaming.note_failure(failed)
        self._alerting.note_failure(failed)
        self._on_failure(failed)

    def _on_dead_letter(self, letter: DeadLetter) -> None:
        self._parking.take(letter)
