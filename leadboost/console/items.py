"""Bodies that hold one object or many."""

from collections.abc import Sequence

from leadboost.console.problems import Fault, invalid


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
