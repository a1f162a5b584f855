"""What came of a file: counts that add up, and every rejected row in a file beside it."""

import csv
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TextIO

SHOWN_REJECTS = 1000
SHOWN_ON_SCREEN = 20

Progress = Callable[[str, int, int | None], None]  # what is being done, how much of it, of how much


def no_progress(doing: str, done: int, total: int | None) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True, order=True)
class Reject:
    """A rejected row: its line in the file, why, and its cells as they were."""

    line: int
    reason: str
    cells: tuple[str, ...] = field(compare=False)


@dataclass(slots=True, kw_only=True)
class Report:
    """``rows`` is the sum of ``new``, ``known``, ``skipped`` and ``rejected``.

    ``changed`` of the new rows replaced known ones. ``rejects`` holds the first SHOWN_REJECTS, the file
    all.
    """

    rows: int = 0
    new: int = 0
    changed: int = 0
    known: int = 0
    skipped: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    rejects_file: Path | None = None
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self, new: str, known: str) -> dict[str, object]:
        """Return JSON values, with the words that this kind of file has for new and known rows."""
        return {
            "rows": self.rows,
            new: self.new,
            "changed": self.changed,
            known: self.known,
            "skipped": self.skipped,
            "rejected": self.rejected,
            "rejects_file": None if self.rejects_file is None else str(self.rejects_file),
            "rejects_shown": len(self.rejects),
            "rejects": [{"line": reject.line, "reason": reject.reason} for reject in self.rejects],
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }


def describe(report: Report, new: str, known: str) -> str:
    """Write the report for a person, with the first SHOWN_ON_SCREEN rejects."""
    counts = (
        f"{report.new} {new}, {report.known} {known}, {report.skipped} skipped, {report.rejected} rejected"
    )
    lines = [f"{report.rows} rows: {counts} ({report.seconds:.1f} s)"]
    lines += [f"note: {note}" for note in report.notes]
    lines += [f"rejected line {each.line}: {each.reason}" for each in report.rejects[:SHOWN_ON_SCREEN]]
    if report.rejects_file is not None:
        lines.append(f"all {report.rejected} rejected rows: {report.rejects_file}")
    return "\n".join(lines)


class RejectsFile:
    """``FILE.rejects.csv`` beside the file, or in ``fallback`` where that cannot be written.

    It is made with the first reject. A run that ends well removes what an earlier one left.
    """

    def __init__(self, source: Path, fallback: Path, columns: Sequence[str], report: Report) -> None:
        name = f"{source.name}.rejects.csv"
        self._places = (source.absolute().parent / name, fallback / name)
        self._columns = columns
        self._report = report
        self._file: TextIO | None = None

    def __enter__(self) -> "RejectsFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        if error is None:
            self._remove_stale()

    def write(self, rejects: Sequence[Reject]) -> None:
        """Count and keep rejected rows. Raises OSError where neither place can be written."""
        if not rejects:
            return
        report = self._report
        report.rejected += len(rejects)
        report.rejects.extend(rejects[: max(SHOWN_REJECTS - len(report.rejects), 0)])
        writer = csv.writer(self._opened())
        writer.writerows([reject.line, reject.reason, *reject.cells] for reject in rejects)

    def _opened(self) -> TextIO:
        if self._file is None:
            path, self._file = _open_first(self._places)
            self._report.rejects_file = path
            csv.writer(self._file).writerow(["line", "reason", *self._columns])
        return self._file

    def _remove_stale(self) -> None:
        beside, fallback = self._places
        # Files of one name from many folders share the fallback: it is ours only where nothing else is.
        stale = beside if os.access(beside.parent, os.W_OK) else fallback
        if stale != self._report.rejects_file:
            with suppress(OSError):
                stale.unlink(missing_ok=True)


def _open_first(places: Sequence[Path]) -> tuple[Path, TextIO]:
    *first, last = places
    for path in first:
        try:
            return path, path.open("w", encoding="utf-8", newline="")
        except OSError:
            continue
    last.parent.mkdir(parents=True, exist_ok=True)
    return last, last.open("w", encoding="utf-8", newline="")
