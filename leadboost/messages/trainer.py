"""What Trainer, who learns, and Predictor, who answers, can be told of the ROI model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.forecast import Effect, Forecast, Question
from leadboost.domain.roi.score import Window
from leadboost.runtime.message import Lane, Message

if TYPE_CHECKING:
    from leadboost.domain.roi.model import RoiModel

__all__ = [
    "Drift",
    "Effect",
    "Forecast",
    "GetModel",
    "Member",
    "ModelStatus",
    "ModelVersion",
    "OutcomesRecorded",
    "Predict",
    "RecordOutcomes",
    "RollBack",
    "RolledBack",
    "ServeModel",
    "Window",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomesRecorded:
    """``accepted`` are new or changed and wait to be learned; ``unchanged`` were known to the letter.

    ``changed`` of the accepted were known by their id, with other content.
    """

    accepted: int
    unchanged: int
    changed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOutcomes(Message[OutcomesRecorded]):
    """Store valid outcomes (upsert on ``external_id``) and learn from them soon."""

    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predict(Question, Message[Forecast]):
    """Ask Predictor to forecast the return of a spend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeModel(Message[None]):
    """Make Predictor answer from ``model``, unless it already has a newer one."""

    lane: ClassVar[Lane] = Lane.CONTROL

    model: "RoiModel"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """One saved version. ``metrics`` holds mae, baseline_mae, rows and coverage at that moment."""

    version: int
    created_at: datetime
    observations: int
    sha256: str
    feature_version: str
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Whether errors have lately grown: ``state`` is none, suspected or drifted, since the day ``since``."""

    state: str
    since: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One regressor of the mixture: its share of every forecast, and its recent mean absolute error."""

    name: str
    share: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """The live model and how wrong it has been on rows it had not seen.

    ``mae`` and ``baseline_mae`` are mean absolute errors of log((revenue + c) / (spend + c)), each
    predicted before learning; the baseline is the running mean. None while no row was scored.
    """

    version: int
    observations: int
    pending: int
    mae: float | None
    baseline_mae: float | None
    scored_rows: int
    level: float
    coverage: float | None
    versions: tuple[ModelVersion, ...]
    drift: Drift | None = None
    members: Sequence[Member] = ()
    history: Sequence[Window] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GetModel(Message[ModelStatus]):
    """The live model's status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """``version`` is the new one, which restores what the one asked for had learned."""

    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack(Message[RolledBack]):
    """Go back to a kept version, else to the last good one. Raises InputError where there is none."""

    reason: str
    by: str
    version: int | None = None
