"""Replies on forecasts, the model and outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from leadboost.console.replies.form import Refusal
from leadboost.messages.trainer import Effect, Forecast, ModelStatus, ModelVersion


# A forecast is written thousands of times a second: orjson is several times as fast without slots.
@dataclass(frozen=True)
class Interval:
    """The central ``level`` of what is to be expected."""

    low: float
    high: float
    level: float


@dataclass(frozen=True)
class ForecastReply:
    """ROI = (revenue - spend) / spend. ``base`` plus all effects equals log(1 + roi)."""

    roi: float
    expected_roi: float
    interval: Interval
    basis: str
    observations: int
    model_version: int
    base: float
    explanation: Sequence[Effect]

    @classmethod
    def of(cls, forecast: Forecast) -> Self:
        return cls(
            roi=forecast.roi,
            expected_roi=forecast.expected_roi,
            interval=Interval(forecast.low, forecast.high, forecast.level),
            basis=forecast.basis,
            observations=forecast.observations,
            model_version=forecast.model_version,
            base=forecast.base,
            explanation=forecast.explanation,
        )


@dataclass(frozen=True, slots=True)
class Forecasts:
    """One forecast for each item, in the order asked."""

    items: Sequence[ForecastReply]


@dataclass(frozen=True, slots=True)
class Prequential:
    """Mean absolute error of log((revenue + c) / (spend + c)), each row predicted before it was learned."""

    mae: float | None
    baseline_mae: float | None
    rows: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of rows inside their interval, null while none was scored."""

    level: float
    coverage: float | None


@dataclass(frozen=True, slots=True)
class ModelReply:
    """The live model. ``drift`` is null: it is not measured yet."""

    version: int
    observations: int
    pending: int
    prequential: Prequential
    interval: Coverage
    drift: float | None
    versions: Sequence[ModelVersion]

    @classmethod
    def of(cls, status: ModelStatus) -> Self:
        return cls(
            version=status.version,
            observations=status.observations,
            pending=status.pending,
            prequential=Prequential(status.mae, status.baseline_mae, status.scored_rows),
            interval=Coverage(status.level, status.coverage),
            drift=None,
            versions=status.versions,
        )


@dataclass(frozen=True, slots=True)
class OutcomesReply:
    """accepted + unchanged + skipped + rejected = what was sent; changed is a part of accepted."""

    accepted: int
    changed: int
    unchanged: int
    skipped: Sequence[Refusal]
    rejected: Sequence[Refusal]
    trace_id: str
