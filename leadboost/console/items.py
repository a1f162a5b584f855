"""Bodies that hold one object or many, and answers that hold one page of many."""

from collections.abc import Sequence
from typing import TypeVar

from leadboost.console.problems import Fault, invalid

_Item = TypeVar("_Item")


def items_of(value: object, limit: int) -> Sequence[object]:
    """Take one object, an array, or ``{items: [..]}``. Raises ProblemError 422 outside 1 to ``limit``."""
    if isinstance(value, dict) and "items" in value:
        if unknown := sorted(value.keys() - {"items"}):
            raise invalid([Fault(name[:200], "is not a known field beside items") for name in unknown[:20]])
        value = value["items"]
    elif isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise invalid([Fault("items", "send one object, an array of objects, or {items: [..]}")])
    if not 1 <= len(value) <= limit:
        raise invalid([Fault("items", f"send 1 to {limit} items, not {len(value)}")])
    return value


def page_of(found: Sequence[_Item], limit: int) -> tuple[Sequence[_Item], _Item | None]:
    """Cut ``limit`` + 1 found items to a page; also return its last item if another page follows."""
    page = found[:limit]
    return page, page[-1] if len(found) > limit else None
