"""Delimited text of unknown origin as a header and rows: encoding, delimiter and header are detected.

A fault inside a row spoils that row alone. Only what makes the whole file unreadable raises InputError.
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from leadboost.domain.numerals import is_missing, parse_number
from leadboost.errors import InputError

DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 50
_MAX_LINE_CHARS = 1_000_000
_MAX_RECORD_LINES = 200
_MAX_SEARCHED_LINES = 10_000
_MAX_SEARCHED_CHARS = 4_000_000
_CHUNK_BYTES = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"
_FEW_CONTROLS = 4
_SIGNATURES = (
    (b"PK\x03\x04", "a zip or Excel file; save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file; save the sheet as CSV"),
    (b"\x1f\x8b", "compressed; unpack it first"),
    (b"%PDF", "a PDF; export the table as CSV"),
    (b"PAR1", "a Parquet file; export it as CSV"),
    (b"SQLite format 3", "a SQLite database; export the table as CSV"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One record. ``line`` counts from 1; ``cells`` are as wide as the header unless ``fault`` is set."""

    line: int
    cells: tuple[str, ...]
    fault: str | None = None


class Table:
    """A delimited file, read afresh on every iteration, so that it may be larger than memory.

    ``open_bytes`` opens the file at its start each time it is called. ``columns`` are the names in the
    header, trimmed; a repeated name gets `` (2)``, `` (3)`` and so on. ``skipped_lines`` came before it.
    """

    def __init__(self, open_bytes: Callable[[], BinaryIO]) -> None:
        self._open = open_bytes
        self.encoding = detect_encoding(open_bytes)
        self.delimiter, self._header_line, header = self._detect_header()
        self.columns = _unique_names(header)

    @property
    def skipped_lines(self) -> int:
        """Lines of title text before the header."""
        return self._header_line - 1

    def __iter__(self) -> Iterator[Row]:
        """Yield every row below the header that is not blank, faulty ones included."""
        with self._text() as text:
            for line, cells, fault in _records(text, self.delimiter):
                if line > self._header_line and (fault or any(cell.strip() for cell in cells)):
                    yield self._checked(line, cells, fault)

    def _checked(self, line: int, cells: Sequence[str], fault: str | None) -> Row:
        width = len(self.columns)
        while len(cells) > width and not cells[-1].strip():
            cells = cells[:-1]
        if fault is None and any("\0" in cell for cell in cells):
            fault = "holds a NUL character"
        if fault is None and len(cells) != width:
            fault = f"has {len(cells)} cells where the header has {width}"
        return Row(line, tuple(cells), fault)

    def _text(self) -> io.TextIOWrapper:
        # A byte that the encoding leaves undefined must not stop the file.
        return io.TextIOWrapper(self._open(), encoding=self.encoding, errors="replace", newline="")

    def _detect_header(self) -> tuple[str, int, Sequence[str]]:
        with self._text() as text:
            first = text.readline(_MAX_LINE_CHARS)
        stated = re.fullmatch(r"sep=(.)\s*", first, re.IGNORECASE)
        candidates = stated[1] if stated else DELIMITERS
        samples = {delimiter: self._sample(delimiter, skip=bool(stated)) for delimiter in candidates}
        if not any(samples.values()):
            raise InputError("file", "is empty; give it a header row and at least one row of data")
        delimiter = max(candidates, key=lambda mark: _regularity(samples[mark]))
        line, header = _find_header(samples[delimiter])
        return delimiter, line, header

    def _sample(self, delimiter: str, *, skip: bool) -> list[tuple[int, Sequence[str]]]:
        with self._text() as text:
            records = (
                (line, cells)
                for line, cells, fault in _records(text, delimiter)
                if fault is None and any(cell.strip() for cell in cells) and not (skip and line == 1)
            )
            return list(islice(records, _SAMPLE_ROWS))


def detect_encoding(open_bytes: Callable[[], BinaryIO]) -> str:
    """Find the encoding: a BOM, UTF-16 by its NULs, UTF-8 where all bytes are, else Windows-1252.

    Raises InputError for what is no text.
    """
    with open_bytes() as file:
        head = file.read(4096)
        for signature, what in _SIGNATURES:
            if head.startswith(signature):
                raise InputError("file", f"is {what}")
        for bom, encoding in _BOMS:
            if head.startswith(bom):
                return encoding
        nuls = head.count(0)
        if nuls * 4 > len(head):
            return _utf16_without_bom(head)
        _refuse_binary(head)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(head)
            while chunk := file.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _refuse_binary(head: bytes) -> None:
    """A stray control character spoils its row; a fiftieth of them is no text at all."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > _FEW_CONTROLS and controls * 50 > len(head):
        raise InputError("file", "is binary, not a table of text; save it as CSV")


def _utf16_without_bom(head: bytes) -> str:
    if head[1::2].count(0) > len(head) // 3:
        return "utf-16-le"
    if head[0::2].count(0) > len(head) // 3:
        return "utf-16-be"
    raise InputError("file", "is binary, not a table of text; save it as CSV")


def _regularity(sample: Sequence[tuple[int, Sequence[str]]]) -> tuple[float, int]:
    """Score a delimiter: the share of rows of the usual width if that is above one cell, then the width."""
    widths = Counter(len(cells) for _, cells in sample)
    if not widths:
        return 0.0, 0
    width, count = max(widths.items(), key=lambda item: (item[1] if item[0] > 1 else 0, item[0]))
    return (count / len(sample), width) if width > 1 else (0.0, width)


def _find_header(sample: Sequence[tuple[int, Sequence[str]]]) -> tuple[int, Sequence[str]]:
    if max(len(cells) for _, cells in sample) < 2:
        raise InputError("file", "is not a table: no comma, semicolon, tab or bar separates columns")
    usual = Counter(len(cells) for _, cells in sample if len(cells) > 1).most_common(1)[0][0]
    wide = [(line, cells) for line, cells in sample if len(cells) > 1]
    line, cells = next((item for item in wide if len(item[1]) == usual and _names_columns(item[1])), wide[0])
    # A header of another width than most rows still stands first: then the rows are ragged, not it.
    if len(wide[0][1]) >= len(cells) and _names_columns(wide[0][1]):
        line, cells = wide[0]
    if not _names_columns(cells):
        raise InputError("file", f"line {line} does not name the columns; put a header row on top")
    return line, cells


def _names_columns(cells: Sequence[str]) -> bool:
    named = [cell for cell in cells if cell.strip()]
    return len(named) > 1 and not any(_is_number(cell) for cell in named)


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except InputError:
        return False
    return not is_missing(text)


def _unique_names(header: Sequence[str]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    names: list[str] = []
    for position, cell in enumerate(header, 1):
        name = " ".join(cell.split()) or f"column {position}"
        seen[name.casefold()] += 1
        count = seen[name.casefold()]
        names.append(name if count == 1 else f"{name} ({count})")
    return tuple(names)


class _OpenQuoteError(Exception):
    """A record is still open at the end of the file or after too many lines."""


class _Lines:
    """Physical lines with their numbers; those that an open quote swallowed can be given back."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._pending: list[str] = []
        self._taken: list[str] = []
        self.number = 0
        self.too_long = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._pending.pop() if self._pending else self._read()
        if not line and not self._taken:
            raise StopIteration
        if not line or len(self._taken) >= _MAX_RECORD_LINES:
            self._pending.extend([line] if line else [])
            raise _OpenQuoteError
        self._taken.append(line)
        return line

    def start(self) -> int:
        """Begin a record; returns the number of its first line."""
        self.number += len(self._taken)
        self._taken.clear()
        self.too_long = False
        return self.number + 1

    def reaches_close(self, delimiter: str) -> bool:
        """Take the lines up to the end of the quoted cell; tell whether it ends soon and as it should."""
        quotes = sum(line.count('"') for line in self._taken)
        room = _MAX_SEARCHED_CHARS
        if quotes % 2 == 0:
            return False
        while quotes % 2 and room > 0 and len(self._taken) < _MAX_SEARCHED_LINES:
            line = self._pending.pop() if self._pending else self._read()
            if not line:
                return False
            self._taken.append(line)
            quotes += line.count('"')
            room -= len(line)
        rest = self._taken[-1].replace('""', "").partition('"')[2].rstrip("\r\n")
        return quotes % 2 == 0 and (not rest or rest.startswith(delimiter))

    @property
    def first(self) -> str:
        """The first line of the record."""
        return self._taken[0]

    def give_back(self) -> str:
        """Keep the first line of the record only and return it; the others are read again."""
        self._pending.extend(reversed(self._taken[1:]))
        del self._taken[1:]
        return self._taken[0]

    def _read(self) -> str:
        line = self._text.readline(_MAX_LINE_CHARS)
        if len(line) == _MAX_LINE_CHARS and not line.endswith(("\n", "\r")):
            self.too_long = True
            while (rest := self._text.readline(_MAX_LINE_CHARS)) and not rest.endswith(("\n", "\r")):
                pass
            return line[:200]
        return line


def _records(text: io.TextIOBase, delimiter: str) -> Iterator[tuple[int, list[str], str | None]]:
    """Yield line number, cells and fault of each record, blank ones included."""
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line = lines.start()
        try:
            cells, fault = next(reader), None
        except StopIteration:
            return
        except _OpenQuoteError:
            cells, fault = _endless(lines, delimiter)
            reader = csv.reader(lines, delimiter=delimiter)
        except csv.Error as error:
            cells, fault = [lines.give_back().rstrip("\r\n")], f"cannot be read: {error}"
            reader = csv.reader(lines, delimiter=delimiter)
        if lines.too_long:
            fault = f"is longer than {_MAX_LINE_CHARS} characters"
        yield line, cells, fault


def _endless(lines: _Lines, delimiter: str) -> tuple[list[str], str]:
    """Tell a cell of too many lines, which is one fault, from an open quote, which spoils its line."""
    if lines.reaches_close(delimiter):
        return [lines.first.rstrip("\r\n")], f"holds a cell of more than {_MAX_RECORD_LINES} lines"
    return [lines.give_back().rstrip("\r\n")], "opens a quote that is never closed"
