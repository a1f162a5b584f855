"""JSON values of unknown shape, made fit for storing."""

import json
import math
from collections.abc import Mapping

from leadboost.domain.plain_text import strip_controls
from leadboost.errors import InputError

_DEPTH = 16


def clean_json(field: str, value: Mapping[str, object], *, limit_chars: int) -> dict[str, object]:
    """Return a copy that PostgreSQL can hold as jsonb, at most ``limit_chars`` characters of JSON.

    Control characters leave the texts, numbers that are not finite become None, and whole numbers
    beyond 64 bits become text. Raises InputError when it is nested deeper than 16 levels, too
    long, or holds what is not JSON.
    """
    cleaned = {strip_controls(key): _clean(field, item, _DEPTH) for key, item in value.items()}
    if cleaned and (length := len(json.dumps(cleaned, ensure_ascii=False))) > limit_chars:
        raise InputError(field, f"takes {length:,} characters of JSON; send at most {limit_chars:,}")
    return cleaned


def _clean(field: str, value: object, depth: int) -> object:
    if depth == 0:
        raise InputError(field, f"is nested deeper than {_DEPTH} levels; flatten it")
    match value:
        case None | bool():
            return value
        case str():
            return strip_controls(value)
        case int():
            return value if -(2**63) <= value < 2**63 else str(value)
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {strip_controls(str(key)): _clean(field, item, depth - 1) for key, item in value.items()}
        case list() | tuple():
            return [_clean(field, item, depth - 1) for item in value]
        case _:
            raise InputError(field, f"holds a {type(value).__name__}; send JSON values only")
