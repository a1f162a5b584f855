"""Rows of files from bytes: ``.json`` (one signal, a list, or ``{items: [..]}``), ``.jsonl``, ``.csv``."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from leadboost.domain.signal_rows import SignalColumns
from leadboost.domain.tabular import Table
from leadboost.errors import InputError

SUFFIXES = (".json", ".jsonl", ".csv")


class FileError(Exception):
    """The file as a whole cannot be read; the text says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One row: ``line`` counts from 1. ``item`` is a raw item for Scout, or None where ``fault`` says why."""

    line: int
    item: Mapping[str, object] | None = None
    fault: str = ""


def read_rows(suffix: str, body: bytes, *, source: str) -> list[FileRow]:
    """Read all rows; those that name no source get ``source``. Raises FileError."""
    read = {".json": _json, ".jsonl": _lines, ".csv": _table}[suffix]
    try:
        rows = [_with_source(row, source) for row in read(body, source)]
    except InputError as error:
        raise FileError(str(error)) from None
    if not rows:
        raise FileError("holds no signal")
    return rows


def _json(body: bytes, _: str) -> Iterator[FileRow]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise FileError(f"is no JSON: {error}") from None
    if isinstance(value, dict):
        value = value.get("items", [value])
    if not isinstance(value, list):
        raise FileError("must hold one object, a list of objects, or {items: [..]}")
    for line, item in enumerate(value, 1):
        yield _row(line, item)


def _lines(body: bytes, _: str) -> Iterator[FileRow]:
    for line, text in enumerate(body.split(b"\n"), 1):
        if text.strip():
            try:
                yield _row(line, orjson.loads(text))
            except orjson.JSONDecodeError as error:
                yield FileRow(line=line, fault=f"is no JSON object: {error}")


def _table(body: bytes, source: str) -> Iterator[FileRow]:
    table = Table(lambda: io.BytesIO(body))
    columns = SignalColumns(table.columns, {}, source)
    for row in table:
        if row.fault:
            yield FileRow(line=row.line, fault=row.fault)
        else:
            yield FileRow(line=row.line, item=columns.to_object(row.cells))


def _row(line: int, item: object) -> FileRow:
    if not isinstance(item, dict):
        return FileRow(line=line, fault="must be an object such as {external_id, text}")
    return FileRow(line=line, item=item)


def _with_source(row: FileRow, source: str) -> FileRow:
    if row.item is None or row.item.get("source"):
        return row
    return FileRow(line=row.line, item={**row.item, "source": source})
