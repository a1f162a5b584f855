"""One forecast, asked for and told."""

from collections.abc import Sequence

import orjson
from pydantic import BaseModel, ConfigDict

from leadboost.domain.columns import plain_name, shown
from leadboost.domain.evidence import MAX_CHARS, MAX_NAME_CHARS, fold_value
from leadboost.domain.money import MICROS_PER_UNIT, format_micros, to_micros
from leadboost.domain.outcome_survey import MAX_ATTRIBUTES
from leadboost.domain.signal_intake import TEXT_CHARS
from leadboost.errors import InputError
from leadboost.remote.arguments import platform_name
from leadboost.remote.client import Remote

_SHOWN_EFFECTS = 8
_MAX_SPEND = 1_000_000_000_000


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
    if len(text) > TEXT_CHARS:
        raise InputError("TEXT", f"has {len(text)} characters; write at most {TEXT_CHARS}")
    micros = to_micros(spend, "--spend")
    if not 0 < micros <= _MAX_SPEND * MICROS_PER_UNIT:
        raise InputError("--spend", f"must be greater than 0 and at most {_MAX_SPEND}")
    body = {"text": text, "spend": format_micros(micros), "attributes": _named(attributes)}
    if (name := platform_name(platform)) is not None:
        body["platform"] = name
    return orjson.dumps(body)


def _named(attributes: Sequence[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for pair in attributes:
        said, equals, text = pair.partition("=")
        name, value = plain_name(said), fold_value(text)
        if not (equals and said.strip() and value):
            raise InputError("--attribute", f"{pair!r}: write NAME=VALUE, for example device=mobile")
        if len(name) > MAX_NAME_CHARS or len(value) > MAX_CHARS:
            limits = f"a name has at most {MAX_NAME_CHARS} characters, a value {MAX_CHARS}"
            raise InputError("--attribute", f"{shown(pair)!r}: {limits}")
        if name in named:
            raise InputError("--attribute", f"{name} is given twice")
        named[name] = value
    if len(named) > MAX_ATTRIBUTES:
        raise InputError("--attribute", f"may be given {MAX_ATTRIBUTES} times at most")
    return named


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
