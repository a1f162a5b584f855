"""A file of signals: one JSON object a line, a JSON array, or a delimited table."""

import asyncio
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import orjson

from leadboost.domain.signal_rows import SignalColumns
from leadboost.domain.tabular import Table, detect_encoding
from leadboost.errors import InputError
from leadboost.remote.client import Remote
from leadboost.remote.files import opener
from leadboost.remote.report import Progress, Reject, RejectsFile, Report, no_progress
from leadboost.remote.upload import BATCH_BYTES, Item, Reading, post_items, upload

MAX_ARRAY_BYTES = 512 * 2**20
_MAX_SHOWN_CHARS = 10_000


async def ingest_signals(
    remote: Remote,
    path: Path,
    stated: Mapping[str, Sequence[str]],
    source: str | None,
    *,
    fallback: Path,
    progress: Progress = no_progress,
) -> Report:
    """Send a file's signals as they are; ``stated`` and ``source`` speak of tables only.

    Raises InputError when the file as a whole cannot be used, RemoteError.
    """
    started_at = remote.clock.monotonic()
    columns, readings = await asyncio.to_thread(_read, path, stated, source)
    report = Report()
    with RejectsFile(path, fallback, columns, report) as rejects:
        await upload(
            readings, lambda items: post_items(remote, "/api/signals", items), report, rejects, progress
        )
    if not report.rows:
        raise InputError("file", f"{path} holds no signal")
    report.seconds = remote.clock.monotonic() - started_at
    return report


def _read(
    path: Path, stated: Mapping[str, Sequence[str]], source: str | None
) -> tuple[Sequence[str], Iterator[Reading]]:
    open_bytes = opener(path)
    encoding = detect_encoding(open_bytes)
    with _text(open_bytes, encoding) as text:
        first = next((line.strip() for line in text if line.strip()), "")
    if first.startswith(("[", "{")) and (stated or source is not None):
        option = "--map" if stated else "--platform"
        raise InputError(option, "is for tables; this file is JSON, whose items name their fields themselves")
    if first.startswith("["):
        return ("item",), _array(open_bytes, encoding)
    if first.startswith("{"):
        if _is_signal(first) or not _is_one_object(open_bytes, encoding):
            return ("item",), _lines(open_bytes, encoding)
        return ("item",), _array(open_bytes, encoding)
    table = Table(open_bytes)
    return table.columns, _rows(table, SignalColumns(table.columns, stated, source))


def _text(open_bytes: Callable[[], BinaryIO], encoding: str) -> io.TextIOWrapper:
    # JSON is UTF-8 (RFC 8259, section 8.1): a wrong byte spoils its line, not the reading of the others.
    encoding = "utf-8" if encoding == "cp1252" else encoding
    return io.TextIOWrapper(open_bytes(), encoding=encoding, errors="surrogateescape", newline="\n")


def _is_signal(text: str) -> bool:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and "items" not in value


def _whole(open_bytes: Callable[[], BinaryIO], encoding: str) -> object:
    with _text(open_bytes, encoding) as text:
        content = text.read(MAX_ARRAY_BYTES + 1)
    if len(content) > MAX_ARRAY_BYTES:
        raise InputError("file", "is too large for one JSON value; write one object a line")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InputError("file", f"is no JSON: {error}; write one object a line") from None


def _is_one_object(open_bytes: Callable[[], BinaryIO], encoding: str) -> bool:
    try:
        return isinstance(_whole(open_bytes, encoding), dict)
    except InputError:
        return False


def _array(open_bytes: Callable[[], BinaryIO], encoding: str) -> Iterator[Reading]:
    value = _whole(open_bytes, encoding)
    if isinstance(value, dict):
        value = value.get("items", [value])
    if not isinstance(value, list):
        raise InputError("file", "items must be an array of objects")
    for number, item in enumerate(value, 1):
        body = orjson.dumps(item)
        yield _reading(number, body.decode()[:_MAX_SHOWN_CHARS], item, body)


def _lines(open_bytes: Callable[[], BinaryIO], encoding: str) -> Iterator[Reading]:
    with _text(open_bytes, encoding) as text:
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            shown = line.strip()[:_MAX_SHOWN_CHARS].encode("utf-8", "replace").decode()
            try:
                item = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield Reject(number, f"is no JSON object: {error}", (shown,))
                continue
            yield _reading(number, shown, item, line.strip().encode())


def _reading(number: int, shown: str, item: object, body: bytes) -> Reading:
    if not isinstance(item, dict):
        return Reject(number, "must be a JSON object such as {source, external_id, text}", (shown,))
    if len(body) > BATCH_BYTES:
        return Reject(number, f"has {len(body)} bytes; send at most {BATCH_BYTES}", (shown,))
    return Item(number, (shown,), body)


def _rows(table: Table, columns: SignalColumns) -> Iterator[Reading]:
    for row in table:
        if row.fault:
            yield Reject(row.line, row.fault, row.cells)
        else:
            yield Item(row.line, row.cells, orjson.dumps(columns.to_object(row.cells)))
