"""runQuery, as far as a simple one goes: one collection, comparisons, one order, a limit."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from leadboost.standins.firestore.documents import Document, split_path
from leadboost.standins.firestore.status import INVALID, StatusError
from leadboost.standins.firestore.values import Value, decode

_OPERATORS: Mapping[str, Callable[[Value, Value], object]] = {
    "EQUAL": operator.eq,
    "NOT_EQUAL": operator.ne,
    "LESS_THAN": operator.lt,  # type: ignore[dict-item]  # values of unlike types are told apart before
    "LESS_THAN_OR_EQUAL": operator.le,  # type: ignore[dict-item]  # the same
    "GREATER_THAN": operator.gt,  # type: ignore[dict-item]  # the same
    "GREATER_THAN_OR_EQUAL": operator.ge,  # type: ignore[dict-item]  # the same
}
_MISSING = object()


def run_query(query: object, parent: str, documents: Iterable[Document]) -> list[Document]:
    """Find documents directly below ``parent``, which ends in a slash. Raises StatusError."""
    asked = cast(Mapping[str, object], query) if isinstance(query, dict) else {}
    place = f"{parent}{_collection(asked)}/"
    found = [each for each in documents if each.name.startswith(place) and "/" not in each.name[len(place) :]]
    for path, compare, value in _filters(asked.get("where")):
        found = [each for each in found if _holds(_at(each, path), compare, value)]
    found = _ordered(found, asked.get("orderBy"))
    limit = asked.get("limit")
    return found[:limit] if isinstance(limit, int) else found


def _collection(query: Mapping[str, object]) -> str:
    match query.get("from"):
        case [{"collectionId": str(name)}]:
            return name
    raise StatusError(INVALID, "a query must be from exactly one collection")


def _filters(where: object) -> Iterable[tuple[list[str], Callable[[Value, Value], object], Value]]:
    match where:
        case None:
            return
        case {"compositeFilter": {"op": "AND", "filters": list(filters)}}:
            for each in filters:
                yield from _filters(each)
        case {"fieldFilter": {"field": {"fieldPath": str(path)}, "op": str(op), "value": value}} if (
            op in _OPERATORS
        ):
            yield split_path(path), _OPERATORS[op], decode(value)
        case _:
            raise StatusError(INVALID, "a filter that this server does not know")


def _ordered(found: list[Document], orders: object) -> list[Document]:
    match orders:
        case None | []:
            return sorted(found, key=lambda each: each.name)
        case [{"field": {"fieldPath": str(path)}, **rest}]:
            parts = split_path(path)
            having = [each for each in found if _at(each, parts) is not _MISSING]
            return sorted(
                having,
                key=lambda each: (str(type(_at(each, parts))), _at(each, parts), each.name),
                reverse=rest.get("direction") == "DESCENDING",
            )
    raise StatusError(INVALID, "a query must have one order at most")


def _at(document: Document, path: list[str]) -> object:
    value: object = document.fields
    for part in path:
        value = value.get(part, _MISSING) if isinstance(value, Mapping) else _MISSING
    return value


def _holds(held: object, compare: Callable[[Value, Value], object], value: Value) -> bool:
    both_numbers = _is_number(held) and _is_number(value)
    if held is _MISSING or not (type(held) is type(value) or both_numbers):
        return False
    return bool(compare(cast(Value, held), value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
