"""How the daemon is: its mode, its stages, and what troubles it."""

from collections.abc import Sequence

import structlog

from leadboost import __version__
from leadboost.clock import Clock
from leadboost.composition.components import Components
from leadboost.messages.health import ComponentHealth, HealthReport, Readiness
from leadboost.runtime.stats import ActorStats

_log = structlog.get_logger()


class Condition:
    """What the console shows of the daemon as a whole; ``components`` are those of the last start."""

    def __init__(self, clock: Clock, *, demo: bool) -> None:
        self._clock = clock
        self._demo = demo
        self._states: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._took: dict[str, float | None] = {}
        self.mode = "starting"
        self.problems: list[str] = []
        self.components: Components | None = None

    def enter(self, mode: str, problems: Sequence[str] = ()) -> None:
        """Change the mode; ``problems`` say why, in safe mode."""
        self.mode, self.problems = mode, list(problems)
        _log.info("mode changed", mode=mode)

    def note_stage(self, stage: str, state: str) -> None:
        """Keep how far a stage is and how long its start took."""
        self._states[stage] = state
        if state == "starting":
            self._began[stage], self._took[stage] = self._clock.monotonic(), None
        elif state == "started":
            self._took[stage] = self._clock.monotonic() - self._began[stage]
        late = state.startswith(("late", "failed"))
        (_log.warning if late else _log.info)("stage changed", stage=stage, state=state)

    def report(self) -> HealthReport:
        """Describe every stage and actor now."""
        stages = [
            ComponentHealth(name=name, state=state, took_s=self._took.get(name))
            for name, state in self._states.items()
        ]
        actors = [
            ComponentHealth(name=each.name, state=each.state, detail=each.last_error, took_s=each.took_s)
            for each in self.stats()
        ]
        told = self.components.told if self.components is not None else ()
        return HealthReport(
            mode=self.mode,
            version=__version__,
            demo=self._demo,
            components=[*stages, *actors, *told],
            problems=[*self.problems, *(f"{x.name}: {x.detail}" for x in told if x.state == "DEGRADED")],
        )

    async def readiness(self) -> Readiness:
        """Check what a caller needs: intake open, mirror fresh, database answering, no actor given up."""
        checks = {"mode": "ok" if self.mode == "running" else self.mode, "mirror": "off"}
        checks["database"] = "not connected"
        if self.components is not None:
            checks["mirror"] = self.components.check_mirror()
            checks["database"] = await self.components.check_database()
        down = [each.name for each in self.stats() if each.state != "RUNNING"]
        checks["actors"] = f"down: {', '.join(down)}" if down else "ok"
        return Readiness(ok=all(value in ("ok", "off") for value in checks.values()), checks=checks)

    def stats(self) -> list[ActorStats]:
        """What every actor does now."""
        return self.components.runtime.stats() if self.components is not None else []
