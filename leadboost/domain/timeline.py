"""The operations timeline: six steps, each shown as the journal last told it or as it stands now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

STEPS: Final = ("radar", "analyst", "advisor", "actuator", "quality", "report")
STATES: Final = frozenset({"IDLE", "PROCESSING", "COMPLETE", "ERROR"})
KIND: Final = "pipeline.step"
"""The kind of the journalled event, with data ``{run_id, step, state, detail}``."""

EXTERNAL_KIND: Final = "external"
"""The kind of what other software says; its ``message`` may tell of a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """One step as it is shown; ``at`` is None where nothing happened yet."""

    step: str
    state: str
    detail: str | None = None
    at: datetime | None = None
    run_id: str | None = None


class Timeline:
    """Projects journalled steps, and over each what its component says of itself just now.

    A step whose component is not ``installed`` reads NOT_INSTALLED, whatever is told of it; unless other
    software says that it does the step. Of what it says and what we say the later one is shown.
    """

    def __init__(self, installed: Collection[str]) -> None:
        self._installed = frozenset(installed)
        self._journalled: dict[str, StepState] = {}
        self._told: dict[str, StepState] = {}
        self._foreign: dict[str, StepState] = {}

    def record(self, data: Mapping[str, object], at: datetime) -> None:
        """Take in a journalled step, later ones last. Data that is no step is left aside."""
        step, state, detail, run_id = (data.get(name) for name in ("step", "state", "detail", "run_id"))
        if step in STEPS and state in STATES:
            self._journalled[str(step)] = StepState(
                step=str(step), state=str(state), detail=_text(detail), at=at, run_id=_text(run_id)
            )

    def hear(self, said: object, at: datetime) -> bool:
        """Take in what other software says: an object with ``step`` and ``state`` is of a step, in any case
        of letters. False for all else, and for what is older than what is known."""
        if not isinstance(said, Mapping):
            return False
        step, state = str(said.get("step")).lower(), str(said.get("state")).upper()
        known = self._foreign.get(step)
        if step not in STEPS or state not in STATES or (known and known.at and known.at > at):
            return False
        detail, run_id = _text(said.get("detail")), _text(said.get("run_id"))
        self._foreign[step] = StepState(step=step, state=state, detail=detail, at=at, run_id=run_id)
        return True

    def tell(self, step: str, state: str | None, *, detail: str | None, at: datetime) -> None:
        """Show ``state`` until the next call; None goes back to what is journalled."""
        if state is None:
            self._told.pop(step, None)
        else:
            self._told[step] = StepState(step=step, state=state, detail=detail, at=at)

    def steps(self) -> list[StepState]:
        """All six, in the order of the pipeline."""
        return [self._shown(step) for step in STEPS]

    def _shown(self, step: str) -> StepState:
        ours = self._told.get(step) or self._journalled.get(step) if step in self._installed else None
        foreign = self._foreign.get(step)
        if ours is not None and foreign is not None:
            return max(ours, foreign, key=_when)
        state = "IDLE" if step in self._installed else "NOT_INSTALLED"
        return ours or foreign or StepState(step=step, state=state)


def _when(shown: StepState) -> datetime:
    return shown.at or datetime.min.replace(tzinfo=UTC)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
