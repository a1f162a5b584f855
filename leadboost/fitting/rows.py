"""Outcomes on their way to the worker: one JSON object per line."""

from collections.abc import Mapping, Sequence
from datetime import date

import orjson

from leadboost.domain.outcome import Outcome
from leadboost.ports import HeardOutcome


def encode(rows: Sequence[HeardOutcome]) -> bytes:
    """Write rows, as far as the model looks at them."""
    return b"".join(orjson.dumps(_line(row), option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def decode(line: bytes) -> tuple[Outcome, Mapping[str, float]]:
    """Read one row."""
    platform, day, spend_micros, revenue_micros, attributes, heard = orjson.loads(line)
    outcome = Outcome(
        external_id="",
        platform=platform,
        day=date.fromordinal(day),
        spend_micros=spend_micros,
        revenue_micros=revenue_micros,
        currency="",
        attributes=attributes,
    )
    return outcome, heard


def _line(row: HeardOutcome) -> Sequence[object]:
    outcome = row.outcome
    return (
        outcome.platform,
        outcome.day.toordinal(),
        outcome.spend_micros,
        outcome.revenue_micros,
        dict(outcome.attributes),
        dict(row.heard),
    )
