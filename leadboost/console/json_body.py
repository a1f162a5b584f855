"""JSON as it arrives: strict, bounded in depth and in values, with decimals kept exact for money."""

import json
import re
from decimal import Decimal
from typing import Final

import orjson

from leadboost.console.problems import ProblemError

MAX_DEPTH: Final = 32
MAX_VALUES: Final = 100_000
_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


def parse_json(body: bytes) -> object:
    """Parse UTF-8 JSON (RFC 8259: no NaN, no lone surrogates), at most MAX_DEPTH levels deep.

    Raises ProblemError 400 saying what is wrong and where, 413 beyond MAX_VALUES values.
    """
    _check_values(body)
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _unreadable(_syntax_fault(body, error)) from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:  # else it cannot be nested deeper
        _check_depth(value)
    return value


def parse_exact_json(body: bytes) -> object:
    """Parse like ``parse_json``, but numbers with a fraction or an exponent become Decimal."""
    value = parse_json(body)
    if not _holds_float(value):
        return value
    try:
        return json.loads(body, parse_float=Decimal)
    except (ValueError, ArithmeticError):
        raise _unreadable("a number is out of range") from None


def _check_values(body: bytes) -> None:
    # Before parsing: a parse cannot be interrupted, and every other request waits for it.
    if len(body) <= MAX_VALUES or _most_values(body) <= MAX_VALUES:
        return
    marks, texts = _TEXT.subn(b"", body, 2 * MAX_VALUES + 1)
    if texts > 2 * MAX_VALUES or _most_values(marks) > MAX_VALUES:
        raise ProblemError(
            413, "too_large", f"The body may hold {MAX_VALUES} values at most; send fewer items at once."
        )


def _most_values(body: bytes) -> int:
    """Bound the values from above: every one but the first follows a comma or begins an array or object."""
    return 1 + body.count(b",") + body.count(b"[") + body.count(b"{")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise _unreadable(f"it is nested more than {MAX_DEPTH} levels deep")


def _children(node: object) -> list[object]:
    if isinstance(node, dict):
        return [child for child in node.values() if isinstance(child, dict | list)]
    if isinstance(node, list):
        return [child for child in node if isinstance(child, dict | list)]
    return []


def _syntax_fault(body: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        body.decode()
    except UnicodeDecodeError as fault:
        return f"byte {fault.start} is not UTF-8"
    return f"{error.msg} at line {error.lineno} column {error.colno}"


def _holds_float(value: object) -> bool:
    """Tell whether a number went through a float: one with a fraction or an exponent, or beyond 64 bits."""
    kind = type(value)
    if kind is str:
        return False
    if isinstance(value, dict):
        return any(map(_holds_float, value.values()))
    if isinstance(value, list):
        return any(map(_holds_float, value))
    return kind is float


def _unreadable(reason: str) -> ProblemError:
    return ProblemError(400, "invalid_json", f"The body is not readable JSON: {reason}.")
