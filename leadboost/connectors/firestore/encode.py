"""Documents as Firestore's typed values (google.firestore.v1, ``Value`` and ``Write`` in their JSON form).

What Firestore cannot hold never costs a whole document: such a field is left out, and one that makes the
document too large is cut (text) or left out (anything else), the largest first. The map ``incomplete`` of
the document then says so, by field.
"""

import hashlib
import math
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from leadboost.ports import Document

DOCUMENT_BYTES = 990_000
"""Of a document's fields as JSON. Firestore stores 1 MiB at most, and what it stores is smaller than that."""
NAME_BYTES = 1_500
DEPTH = 20
INCOMPLETE = "incomplete"

_NOTE_BYTES = 200
_RESERVED = re.compile(r"__.*__", re.DOTALL)


class UnfitError(Exception):
    """Firestore cannot hold it; the text says why, and quotes nothing of it."""


def document_id(key: str) -> str:
    """Make an id: 128 bits of SHA-256.

    Ids that rise, such as UUIDv7, would all be written to one place and slow each other down.
    """
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def encode_write(name: str, document: Document) -> bytes:
    """The JSON of a write that changes the document ``name`` as is asked for. Raises UnfitError."""
    if document.change == "delete":
        return orjson.dumps({"delete": name})
    kept = {key: orjson.Fragment(text) for key, text in fit(document.fields).items()}
    update = {"name": name, "fields": kept}
    if document.change == "create":
        return orjson.dumps({"update": update, "currentDocument": {"exists": False}})
    mask = {"fieldPaths": sorted({*kept, *document.fields})}  # what is not sent is taken out
    return orjson.dumps({"update": update, "updateMask": mask, "currentDocument": {"exists": True}})


def fit(fields: Mapping[str, object], *, limit_bytes: int = DOCUMENT_BYTES) -> dict[str, bytes]:
    """Each field as the JSON of a typed value, all of them within the limit. Raises UnfitError."""
    kept, notes = _encoded(fields)
    held = dict(fields)
    while (excess := _size(kept, notes) - limit_bytes) > 0:
        if not kept:
            raise UnfitError("has more than a document can hold")
        name = max(kept, key=lambda each: len(kept[each]))
        held[name] = text = _cut(held[name], len(kept[name]), excess)
        if text:
            kept[name] = orjson.dumps({"stringValue": text})
            notes[name] = "cut"
        else:
            del kept[name]
            notes[name] = "left out: too large"
    return kept | ({INCOMPLETE: orjson.dumps(encode_value(notes))} if notes else {})


def encode_value(value: object, *, depth: int = 1) -> dict[str, object]:
    """Type one value; ``depth`` counts the maps and arrays around it. Raises UnfitError."""
    match value:
        case None:
            return {"nullValue": None}
        case bool():  # before int, which it is too
            return {"booleanValue": value}
        case int():
            return {"integerValue": _integer(value)}
        case float():
            return {"doubleValue": value if math.isfinite(value) else _odd(value)}
        case str():
            return {"stringValue": _text(value)}
        case bytes():
            return {"bytesValue": b64encode(value).decode()}
        case datetime():
            return {"timestampValue": _instant(value)}
        case Mapping():
            return {"mapValue": {"fields": _map(value, depth)}}
        case list() | tuple():
            return {"arrayValue": {"values": _array(value, depth)}}
        case _:
            raise UnfitError(f"a {type(value).__name__} has no type there")


def _encoded(fields: Mapping[str, object]) -> tuple[dict[str, bytes], dict[str, str]]:
    kept: dict[str, bytes] = {}
    notes: dict[str, str] = {}
    for name, value in fields.items():
        try:
            kept[_field(name)] = orjson.dumps(encode_value(value))
        except UnfitError as error:
            notes[name] = f"left out: {error}"
    return kept, {name: note for name, note in notes.items() if _is_field(name)}


def _size(kept: Mapping[str, bytes], notes: Mapping[str, str]) -> int:
    """Bytes of all fields and notes as JSON."""
    said = len(orjson.dumps(encode_value(notes))) + len(INCOMPLETE) if notes else 0
    return said + sum(len(orjson.dumps(name)) + len(text) + 2 for name, text in kept.items())


def _cut(value: object, json_bytes: int, excess: int) -> str:
    """The beginning of a text, shorter by its share of what is too much; empty for what is no text."""
    text = value.encode() if isinstance(value, str) else b""
    kept_bytes = len(text) * (json_bytes - excess - _NOTE_BYTES) // json_bytes
    return text[: max(kept_bytes, 0)].decode(errors="ignore")


def _integer(value: int) -> str:
    if not -(2**63) <= value < 2**63:
        raise UnfitError("a whole number beyond 64 bits")
    return str(value)


def _odd(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UnfitError("a text that is not Unicode") from None
    return value


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise UnfitError("a time without its zone")
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _map(value: Mapping[object, object], depth: int) -> dict[str, object]:
    _check_depth(depth)
    return {_field(name): encode_value(each, depth=depth + 1) for name, each in value.items()}


def _array(value: list[object] | tuple[object, ...], depth: int) -> list[object]:
    _check_depth(depth)
    if any(isinstance(each, list | tuple) for each in value):
        raise UnfitError("a list directly inside a list")
    return [encode_value(each, depth=depth + 1) for each in value]


def _check_depth(depth: int) -> None:
    if depth >= DEPTH:
        raise UnfitError(f"is nested deeper than {DEPTH} levels")


def _field(name: object) -> str:
    if not _is_field(name):
        raise UnfitError("a field name that is empty, too long or reserved")
    return str(name)


def _is_field(name: object) -> bool:
    if not isinstance(name, str) or _RESERVED.fullmatch(name):
        return False
    try:
        return 1 <= len(name.encode()) <= NAME_BYTES
    except UnicodeEncodeError:
        return False
