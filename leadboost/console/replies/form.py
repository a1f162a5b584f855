"""How replies are written, and what every write may answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import orjson
from pydantic import WithJsonSchema

Amount = Annotated[
    Decimal,
    WithJsonSchema({"type": "number", "description": "Units of `currency`, at most six decimals, exact."}),
]


def encode(reply: object) -> bytes:
    """Write a reply as JSON; amounts are exact numbers, times end in Z."""
    return orjson.dumps(reply, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}".encode())
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The item at ``index`` of the request and why it was not taken."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """Nothing was written. ``valid`` items passed the checks that need no look at what is stored."""

    valid: int
    skipped: Sequence[Refusal]
    rejected: Sequence[Refusal]
    trace_id: str
    dry_run: bool = True
