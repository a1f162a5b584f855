"""Replies on forecasts, the model and outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from leadboost.console.replies.form import Refusal
from leadboost.messages.trainer import Drift, Effect, Forecast, Member, ModelStatus, ModelVersion, Window


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
class HistoryWindow:
    """Mean errors and coverage over ``rows`` rows, each predicted before it was learned.

    ``at`` is the day of the last one.
    """

    at: str
    rows: int
    mae: float
    baseline_mae: float
    coverage: float

    @classmethod
    def of(cls, window: Window) -> Self:
        return cls(
            at=window.day,
            rows=window.rows,
            mae=window.error_sum / window.rows,
            baseline_mae=window.baseline_error_sum / window.rows,
            coverage=window.covered / window.rows,
        )


@dataclass(frozen=True, slots=True)
class VersionReply:
    """One version kept; ``serving`` marks the one that answers."""

    version: int
    created_at: datetime
    observations: int
    mae: float | None
    baseline_mae: float | None
    coverage: float | None
    sha256: str
    feature_version: str
    serving: bool
    metrics: Mapping[str, float]

    @classmethod
    def of(cls, version: ModelVersion, serving: int) -> Self:
        return cls(
            version=version.version,
            created_at=version.created_at,
            observations=version.observations,
            mae=version.metrics.get("mae"),
            baseline_mae=version.metrics.get("baseline_mae"),
            coverage=version.metrics.get("coverage"),
            sha256=version.sha256,
            feature_version=version.feature_version,
            serving=version.version == serving,
            metrics=version.metrics,
        )


@dataclass(frozen=True, slots=True)
class ModelReply:
    """The live model. ``drift`` is null before the first scored row; ``history`` is oldest first."""

    version: int
    observations: int
    pending: int
    prequential: Prequential
    interval: Coverage
    drift: Drift | None
    members: Sequence[Member]
    history: Sequence[HistoryWindow]
    versions: Sequence[VersionReply]

    @classmethod
    def of(cls, status: ModelStatus) -> Self:
        return cls(
            version=status.version,
            observations=status.observations,
            pending=status.pending,
            prequential=Prequential(status.mae, status.baseline_mae, status.scored_rows),
            interval=Coverage(status.level, status.coverage),
            drift=status.drift,
            members=status.members,
            history=[HistoryWindow.of(window) for window in status.history],
            versions=[VersionReply.of(version, status.version) for version in status.versions],
        )


@dataclass(frozen=True, slots=True)
class RollbackReply:
    """``version`` is the new one, which restores the one asked for; it is served now, on every host."""

    version: int
    trace_id: str


@dataclass(frozen=True, slots=True)
class OutcomesReply:
    """accepted + unchanged + skipped + rejected = what was sent; changed is a part of accepted."""

    accepted: int
    changed: int
    unchanged: int
    skipped: Sequence[Refusal]
    rejected: Sequence[Refusal]
    trace_id: str
