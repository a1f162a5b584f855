"""Typed values, as Firestore checks and holds them.

``decode`` and ``encode`` know nothing of the connector's own encoding, so that one proves the other.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias, cast

from leadboost.standins.firestore.status import INVALID, StatusError

DOCUMENT_BYTES = 1_048_576 - 4
STRING_BYTES = 1_048_576 - 89
NAME_BYTES = 1_500
DEPTH = 20

Value: TypeAlias = (
    bool | int | float | str | bytes | datetime | Sequence["Value"] | Mapping[str, "Value"] | None
)
Typed: TypeAlias = Mapping[str, object]

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_ODD_NUMBERS = ("NaN", "Infinity", "-Infinity")


def decode_fields(fields: object, depth: int = 1) -> dict[str, Value]:
    """Read ``{name: typed value}``. Raises StatusError."""
    if not isinstance(fields, dict):
        raise _wrong("fields must be an object")
    if depth > DEPTH:
        raise _wrong(f"nested deeper than {DEPTH} levels")
    for name in fields:
        if not 1 <= len(name.encode()) <= NAME_BYTES:
            raise _wrong("a field name must have 1 to 1,500 bytes")
        if re.fullmatch(r"__.*__", name):
            raise _wrong(f"the field name {name} is reserved")
    return {name: decode(value, depth) for name, value in fields.items()}


def decode(value: object, depth: int = 1) -> Value:
    """Read one typed value. Raises StatusError."""
    if not isinstance(value, dict) or len(value) != 1:
        raise _wrong("a value must be an object of exactly one type")
    ((kind, held),) = value.items()
    if kind == "arrayValue":
        return _array(held, depth)
    if kind == "mapValue":
        return decode_fields(_object(held).get("fields", {}), depth + 1)
    read = _SCALARS.get(kind)
    if read is None:
        raise _wrong(f"{kind} is no type of value")
    return read(held)


def encode(value: Value) -> Typed:
    """Write a value as the server answers it."""
    match value:
        case None:
            return {"nullValue": None}
        case bool():
            return {"booleanValue": value}
        case int():
            return {"integerValue": str(value)}
        case float():
            return {"doubleValue": value if abs(value) < float("inf") else _odd(value)}
        case str():
            return {"stringValue": value}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode()}
        case datetime():
            return {"timestampValue": stamp(value)}
        case Mapping():
            return {"mapValue": {"fields": encode_fields(value)} if value else {}}
        case _:
            return {"arrayValue": {"values": [encode(each) for each in value]} if value else {}}


def encode_fields(fields: Mapping[str, Value]) -> dict[str, Typed]:
    """Write all fields of a document or a map."""
    return {name: encode(value) for name, value in fields.items()}


def stamp(at: datetime) -> str:
    """RFC 3339 with microseconds and Z."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def size_of(value: Value) -> int:
    """Bytes of storage, after Firestore's published rules."""
    match value:
        case None | bool():
            return 1
        case int() | float() | datetime():
            return 8
        case str():
            return len(value.encode()) + 1
        case bytes():
            return len(value)
        case Mapping():
            return 32 + sum(len(name.encode()) + 1 + size_of(each) for name, each in value.items())
        case _:
            return sum(map(size_of, value))


def check_size(path: str, fields: Mapping[str, Value]) -> None:
    """Raise StatusError when a document at ``path``, below ``documents/``, is too large."""
    size = 16 + sum(len(part.encode()) + 1 for part in path.split("/")) + size_of(fields)
    if size > DOCUMENT_BYTES:
        raise _wrong(f"the document's size ({size:,} bytes) exceeds the maximum of 1,048,576 bytes")


def _array(held: object, depth: int) -> list[Value]:
    values = _object(held).get("values", [])
    if not isinstance(values, list):
        raise _wrong("an array must hold a list of values")
    if any(isinstance(each, dict) and "arrayValue" in each for each in values):
        raise _wrong("Cannot convert an array value in an array value.")
    return [decode(each, depth + 1) for each in values]


def _boolean(held: object) -> Value:
    if not isinstance(held, bool):
        raise _wrong("a boolean must be true or false")
    return held


def _null(held: object) -> Value:
    if held is not None:
        raise _wrong("nullValue must be null")
    return None


def _integer(held: object) -> Value:
    if not isinstance(held, str) or not re.fullmatch(r"-?\d{1,19}", held, re.ASCII):
        raise _wrong("an integer must be a string of digits")
    if not -(2**63) <= int(held) < 2**63:
        raise _wrong("an integer must fit in 64 bits")
    return int(held)


def _double(held: object) -> Value:
    if isinstance(held, str) and held in _ODD_NUMBERS:
        return float(held)
    if isinstance(held, bool) or not isinstance(held, int | float):
        raise _wrong("a double must be a number")
    return float(held)


def _string(held: object) -> Value:
    try:
        size = len(held.encode()) if isinstance(held, str) else -1
    except UnicodeEncodeError:
        size = -1
    if not 0 <= size <= STRING_BYTES:
        raise _wrong("a string must be text in UTF-8 of at most 1,048,487 bytes")
    return cast(str, held)


def _bytes(held: object) -> Value:
    try:
        return base64.b64decode(cast(str, held), validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise _wrong("bytes must be base64") from None


def _timestamp(held: object) -> Value:
    match = _INSTANT.fullmatch(held) if isinstance(held, str) else None
    if match is None:
        raise _wrong("a timestamp must be RFC 3339 and end in Z")
    try:
        return datetime.fromisoformat(f"{match[1]}.{(match[2] or '0')[:6].ljust(6, '0')}+00:00")
    except ValueError:
        raise _wrong("there is no such instant") from None


def _reference(held: object) -> Value:
    if not isinstance(held, str) or not held.startswith("projects/"):
        raise _wrong("a reference must be a full name")
    return held


def _point(held: object) -> Value:
    point = _object(held)
    latitude, longitude = _double(point.get("latitude", 0)), _double(point.get("longitude", 0))
    return {"latitude": latitude, "longitude": longitude}


_SCALARS: Mapping[str, Callable[[object], Value]] = {
    "nullValue": _null,
    "booleanValue": _boolean,
    "integerValue": _integer,
    "doubleValue": _double,
    "timestampValue": _timestamp,
    "stringValue": _string,
    "bytesValue": _bytes,
    "referenceValue": _reference,
    "geoPointValue": _point,
}


def _object(held: object) -> Mapping[str, object]:
    if not isinstance(held, dict):
        raise _wrong("must be an object")
    return held


def _odd(value: float) -> str:
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def _wrong(message: str) -> StatusError:
    return StatusError(INVALID, message)
