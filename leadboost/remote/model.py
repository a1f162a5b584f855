"""``leadboost model``: what stands, and going back."""

import orjson
from pydantic import BaseModel, ConfigDict

from leadboost.remote.client import Remote


class _Prequential(BaseModel):
    mae: float | None
    baseline_mae: float | None
    rows: int


class _Interval(BaseModel):
    level: float
    coverage: float | None


class _Drift(BaseModel):
    state: str
    since: str
    detail: str

    def told(self) -> str:
        return f"drift: {self.state} since {self.since}, {self.detail}"


class _Member(BaseModel):
    name: str
    share: float
    error: float


class _Version(BaseModel):
    model_config = ConfigDict(extra="allow")

    version: int
    observations: int
    mae: float | None
    serving: bool

    def told(self) -> str:
        mark = "*" if self.serving else " "
        return f"{mark} version {self.version}: {self.observations} outcomes, error {_number(self.mae)}"


class ModelSeen(BaseModel):
    """The answer of ``GET /api/model``, further fields included."""

    model_config = ConfigDict(extra="allow")

    version: int
    observations: int
    pending: int
    prequential: _Prequential
    interval: _Interval
    drift: _Drift | None
    members: list[_Member]
    versions: list[_Version]


class RolledBack(BaseModel):
    """The answer of ``POST /api/model/rollback``."""

    version: int
    trace_id: str


async def read_model(remote: Remote) -> ModelSeen:
    """Ask what stands. Raises RemoteError."""
    return await remote.get("/api/model", ModelSeen)


async def roll_back(remote: Remote, version: int | None, reason: str) -> RolledBack:
    """Go back. Raises RemoteError."""
    body = {"reason": reason} | ({} if version is None else {"version": version})
    return await remote.post("/api/model/rollback", orjson.dumps(body), RolledBack)


def describe(model: ModelSeen) -> str:
    """Write it for a person."""
    scored, interval = model.prequential, model.interval
    errors = f"error {_number(scored.mae)} (naive mean {_number(scored.baseline_mae)})"
    lines = [
        f"version {model.version}: {model.observations} outcomes learned, {model.pending} waiting",
        f"{errors} over {scored.rows} outcomes",
        f"{interval.level:.0%} interval covers {_share(interval.coverage)}",
        "drift: not measured yet" if model.drift is None else model.drift.told(),
    ]
    lines += [f"  {one.share:6.1%} {one.name}, error {one.error:.4f}" for one in model.members]
    return "\n".join([*lines, *(one.told() for one in model.versions)])


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "an unknown share" if value is None else f"{value:.1%}"
