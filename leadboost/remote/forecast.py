"""One forecast, asked for and told."""

from collections.abc import Sequence

import orjson
from pydantic import BaseModel, ConfigDict

from leadboost.domain.columns import plain_name
from leadboost.domain.evidence import fold_value
from leadboost.domain.money import format_micros, to_micros
from leadboost.errors import InputError
from leadboost.remote.client import Remote

_SHOWN_EFFECTS = 8


class _Interval(BaseModel):
    low: float
    high: float
    level: float


class _Effect(BaseModel):
    feature: str
    effect: float


class Forecast(BaseModel):
    """The answer of ``/predict``, further fields included."""

    model_config = ConfigDict(extra="allow")

    roi: float
    expected_roi: float
    interval: _Interval
    basis: str
    observations: int
    model_version: int
    explanation: list[_Effect]


def question(text: str, spend: str, platform: str | None, attributes: Sequence[str]) -> bytes:
    """Write the request; names and values are folded as in ingested files. Raises InputError."""
    named: dict[str, str] = {}
    for pair in attributes:
        name, equals, value = pair.partition("=")
        if not (equals and name.strip() and value.strip()):
            raise InputError("--attribute", f"{pair!r}: write NAME=VALUE, for example device=mobile")
        named[plain_name(name)] = fold_value(value)
    micros = to_micros(spend, "--spend")
    if micros <= 0:
        raise InputError("--spend", "must be greater than 0")
    body: dict[str, object] = {"text": text, "spend": format_micros(micros), "attributes": named}
    if platform is not None:
        body["platform"] = fold_value(platform)
    return orjson.dumps(body)


async def forecast(remote: Remote, body: bytes) -> Forecast:
    """Ask. Raises RemoteError."""
    return await remote.post("/predict", body, Forecast)


def describe(answer: Forecast) -> str:
    """Write it for a person."""
    interval = answer.interval
    lines = [
        f"ROI {answer.roi:+.1%} (median), expected {answer.expected_roi:+.1%}",
        f"{interval.level:.0%} of outcomes between {interval.low:+.1%} and {interval.high:+.1%}",
        f"basis: {answer.basis}, {answer.observations} observations, model version {answer.model_version}",
    ]
    strongest = sorted(answer.explanation, key=lambda each: -abs(each.effect))[:_SHOWN_EFFECTS]
    lines += [f"  {each.effect:+.3f} {each.feature}" for each in strongest]
    return "\n".join(lines)
