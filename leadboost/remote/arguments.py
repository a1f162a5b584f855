"""Option values with a form of their own. A fault raises InputError naming the option."""

import re
from collections.abc import Sequence

from leadboost.domain.evidence import MAX_NAME_CHARS, fold_value
from leadboost.errors import InputError


def stated_columns(maps: Sequence[str]) -> dict[str, list[str]]:
    """Read ``FIELD=COLUMN[,COLUMN]`` texts into columns by field."""
    stated: dict[str, list[str]] = {}
    for text in maps:
        field, equals, columns = text.partition("=")
        field = field.strip()
        names = [name.strip() for name in columns.split(",") if name.strip()]
        if not (equals and field and names):
            raise InputError("--map", f"{text!r}: write FIELD=COLUMN, for example --map spend=cost")
        if field in stated:
            raise InputError("--map", f"{field} is given twice; several columns are --map {field}=ONE,OTHER")
        stated[field] = names
    return stated


def platform_name(text: str | None) -> str | None:
    """Fold a platform's name as in ingested files; None stays None."""
    name = None if text is None else fold_value(text)
    if name is not None and not 1 <= len(name) <= MAX_NAME_CHARS:
        raise InputError("--platform", f"takes 1 to {MAX_NAME_CHARS} characters")
    return name


def seconds(text: str) -> int:
    """Read a duration such as ``3600``, ``12h`` or ``30d``, up to 365 days."""
    match = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text.strip().lower())
    count = int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}[match[2]] if match else 0
    if not 1 <= count <= 31_536_000:
        raise InputError("--ttl", f"{text!r}: write seconds, or a number with m, h or d, up to 365d")
    return count
