"""What the values of one column show together, gathered one value at a time."""

from collections import Counter
from collections.abc import Callable

from leadboost.domain.dates import split_date
from leadboost.domain.numerals import Mark, is_ambiguous, is_missing, parse_number, shown_mark
from leadboost.errors import InputError

MAX_DISTINCT = 50
MAX_CHARS = 256
MAX_NAME_CHARS = 64
_SMALL_FILE_ROWS = 10


def fold_value(text: str) -> str:
    """Fold a text value: outer blanks off, inner ones single, case folded."""
    return " ".join(text.split()).casefold()


class NumberEvidence:
    """The decimal marks that a column of numbers shows."""

    def __init__(self) -> None:
        self.marks: Counter[Mark] = Counter()
        self.example: str | None = None
        self._open: Counter[str] = Counter()

    def add(self, text: str) -> None:
        """Take one value into account."""
        if (mark := shown_mark(text)) is not None:
            self.marks[mark] += 1
        elif is_ambiguous(text):
            self._open["," if "," in text else "."] += 1
            self.example = self.example or text.strip()

    def decide(self, of_file: Counter[Mark], *, whole: bool) -> Mark:
        """Own evidence first, then the file's. In ``whole`` numbers an open mark can only group."""
        if self.marks:
            return self.marks.most_common(1)[0][0]
        if whole and self._open:
            return "." if self._open[","] >= self._open["."] else ","
        return of_file.most_common(1)[0][0] if of_file else "."


class TextEvidence:
    """Whether a column is text of few distinct values, fit for an attribute."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._rows = 0
        self._numbers = 0
        self._too_many = False

    def add(self, text: str) -> None:
        """Take one value into account."""
        value = fold_value(text)
        if self._too_many or is_missing(value):
            return
        self._rows += 1
        if value not in self._values:
            self._values.add(value)
            self._numbers += _reads(parse_number, value)
            self._too_many = len(self._values) > MAX_DISTINCT or len(value) > MAX_CHARS

    @property
    def is_attribute(self) -> bool:
        """At most 50 distinct values that repeat (in files above 10 rows), mostly not numbers, not dates."""
        if self._too_many or not self._values or self._numbers * 2 > len(self._values):
            return False
        if all(_reads(split_date, value) for value in self._values):
            return False
        return self._rows <= _SMALL_FILE_ROWS or len(self._values) < self._rows


def is_number(text: str) -> bool:
    """Tell whether the text reads as a number."""
    return _reads(parse_number, text)


def _reads(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except InputError:
        return False
    return True
