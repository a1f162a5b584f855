"""The documents, and writes to them: preconditions, masks and transforms."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias, cast

from leadboost.clock import Clock
from leadboost.standins.firestore.status import EXISTS, FAILED_PRECONDITION, INVALID, NOT_FOUND, StatusError
from leadboost.standins.firestore.values import (
    Typed,
    Value,
    check_size,
    decode,
    decode_fields,
    encode,
    encode_fields,
    stamp,
)

Path: TypeAlias = Sequence[str]

_STEP = timedelta(microseconds=1)
_PART = re.compile(r"`((?:[^`\\]|\\.)+)`|([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document; ``name`` is the full one."""

    name: str
    fields: Mapping[str, Value]
    created_at: datetime
    updated_at: datetime

    def as_json(self) -> dict[str, object]:
        """The document as answers hold it."""
        return {
            "name": self.name,
            "fields": encode_fields(self.fields),
            "createTime": stamp(self.created_at),
            "updateTime": stamp(self.updated_at),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write, its values read: ``fields`` is None for a delete, ``mask`` None for a whole document."""

    name: str
    fields: Mapping[str, Value] | None
    mask: Sequence[Path] | None
    transforms: Sequence[Mapping[str, object]]
    precondition: Mapping[str, object]


class Documents:
    """All documents of one database, whose full name begins with ``root``.

    ``created`` counts how often each name came into being, ``overwritten`` how often it was written again.
    """

    def __init__(self, root: str, clock: Clock) -> None:
        self.held: dict[str, Document] = {}
        self.created: Counter[str] = Counter()
        self.overwritten: Counter[str] = Counter()
        self._root = root
        self._clock = clock
        self._last = clock.now()

    def now(self) -> datetime:
        """An instant later than every one before it."""
        self._last = max(self._clock.now(), self._last + _STEP)
        return self._last

    def read(self, write: object) -> Write:
        """Read a write of a request. Raises StatusError."""
        if not isinstance(write, dict) or ("update" in write) == ("delete" in write):
            raise StatusError(INVALID, "a write must be either update or delete")
        update = _object(write.get("update"))
        mask = _object(write.get("updateMask")).get("fieldPaths")
        return Write(
            name=self._name(update.get("name") if "update" in write else write["delete"]),
            fields=decode_fields(update.get("fields", {})) if "update" in write else None,
            mask=None if mask is None else [split_path(str(path)) for path in cast(Sequence[object], mask)],
            transforms=[_object(each) for each in write.get("updateTransforms") or ()],
            precondition=_object(write.get("currentDocument")),
        )

    def commit(self, writes: Sequence[Write]) -> list[dict[str, object]]:
        """Do all writes or none; returns their results. Raises StatusError."""
        before = dict(self.held), self.created.copy(), self.overwritten.copy()
        at = self.now()
        try:
            return [self.apply(each, at) for each in writes]
        except StatusError:
            self.held, self.created, self.overwritten = before
            raise

    def apply(self, write: Write, at: datetime) -> dict[str, object]:
        """Do one write; returns its result. Raises StatusError, with nothing written."""
        self._check(write)
        if write.fields is None:
            self.held.pop(write.name, None)
            return {}
        fields = dict(write.fields) if write.mask is None else self._masked(write, write.fields, write.mask)
        results = [_transform(fields, each, at) for each in write.transforms]
        check_size(write.name.removeprefix(self._root), fields)
        self._put(write.name, fields, at)
        return {"updateTime": stamp(at)} | ({"transformResults": results} if results else {})

    def _name(self, name: object) -> str:
        if not isinstance(name, str) or not name.startswith(self._root):
            raise StatusError(INVALID, "a document's name must lie in the database that is written to")
        path = name.removeprefix(self._root).split("/")
        if len(path) % 2 or not all(_is_id(part) for part in path):
            raise StatusError(INVALID, f"{name} is no name of a document")
        return name

    def _check(self, write: Write) -> None:
        wanted, found = write.precondition, self.held.get(write.name)
        if wanted.get("exists") is False and found is not None:
            raise StatusError(EXISTS, f"Document already exists: {write.name}")
        if wanted.get("exists") is True and found is None:
            raise StatusError(NOT_FOUND, f"No document to update: {write.name}")
        if "updateTime" in wanted and (found is None or stamp(found.updated_at) != wanted["updateTime"]):
            raise StatusError(FAILED_PRECONDITION, "the stored version does not match the required one")

    def _masked(self, write: Write, given: Mapping[str, Value], mask: Sequence[Path]) -> dict[str, Value]:
        fields = _copy(self.held[write.name].fields) if write.name in self.held else {}
        for path in mask:
            found, value = _find(given, path)
            _put_at(fields, path, value if found else None, drop=not found)
        return fields

    def _put(self, name: str, fields: Mapping[str, Value], at: datetime) -> None:
        old = self.held.get(name)
        (self.created if old is None else self.overwritten)[name] += 1
        self.held[name] = Document(
            name=name, fields=fields, created_at=at if old is None else old.created_at, updated_at=at
        )


def split_path(path: str) -> list[str]:
    """Take a field path apart; odd names stand in backticks. Raises StatusError."""
    parts, at = [], 0
    while match := _PART.match(path, at):
        parts.append(match[2] or re.sub(r"\\(.)", r"\1", match[1]))
        at = match.end()
        if at == len(path):
            return parts
        if path[at] != ".":
            break
        at += 1
    raise StatusError(INVALID, f"{path} is no field path")


def _is_id(part: str) -> bool:
    return 1 <= len(part.encode()) <= 1_500 and part not in (".", "..") and not re.fullmatch(r"__.*__", part)


def _copy(fields: Mapping[str, Value]) -> dict[str, Value]:
    return {name: _copy(each) if isinstance(each, Mapping) else each for name, each in fields.items()}


def _find(fields: Mapping[str, Value], path: Path) -> tuple[bool, Value]:
    for part in path[:-1]:
        inner = fields.get(part)
        if not isinstance(inner, Mapping):
            return False, None
        fields = inner
    return path[-1] in fields, fields.get(path[-1])


def _put_at(fields: dict[str, Value], path: Path, value: Value, *, drop: bool = False) -> None:
    for part in path[:-1]:
        inner = fields.get(part)
        fields[part] = inner = dict(inner) if isinstance(inner, Mapping) else {}
        fields = inner
    if drop:
        fields.pop(path[-1], None)
    else:
        fields[path[-1]] = value


def _transform(fields: dict[str, Value], transform: Mapping[str, object], at: datetime) -> Typed:
    path = split_path(str(transform.get("fieldPath", "")))
    if transform.get("setToServerValue") == "REQUEST_TIME":
        _put_at(fields, path, at)
        return encode(at)
    for kind, change in _TRANSFORMS.items():
        if kind in transform:
            new = change(_find(fields, path)[1], transform[kind])
            _put_at(fields, path, new)
            return {"nullValue": None} if isinstance(new, list) else encode(new)
    raise StatusError(INVALID, "a transform of no known kind")


def _increment(old: Value, given: object) -> Value:
    total = (_number(old) or 0) + _operand(given)
    return max(min(total, 2**63 - 1), -(2**63)) if isinstance(total, int) else total


def _maximum(old: Value, given: object) -> Value:
    before, new = _number(old), _operand(given)
    return new if before is None else max(before, new)


def _minimum(old: Value, given: object) -> Value:
    before, new = _number(old), _operand(given)
    return new if before is None else min(before, new)


def _append(old: Value, given: object) -> Value:
    kept = list(old) if isinstance(old, list) else []
    return kept + [each for each in _elements(given) if each not in kept]


def _remove(old: Value, given: object) -> Value:
    gone = _elements(given)
    return [each for each in (old if isinstance(old, list) else []) if each not in gone]


def _elements(given: object) -> list[Value]:
    return cast(list[Value], decode({"arrayValue": given}))


def _operand(given: object) -> int | float:
    number = _number(decode(given))
    if number is None:
        raise StatusError(INVALID, "the transform takes a number")
    return number


def _number(value: Value) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


_TRANSFORMS: Mapping[str, Callable[[Value, object], Value]] = {
    "increment": _increment,
    "maximum": _maximum,
    "minimum": _minimum,
    "appendMissingElements": _append,
    "removeAllFromArray": _remove,
}
