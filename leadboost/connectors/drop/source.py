"""The folder as a polled source."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from leadboost.clock import Clock
from leadboost.connectors.client.aside import run_aside
from leadboost.connectors.drop.cursor import FileCursor
from leadboost.connectors.drop.folder import DONE, FILE_BYTES, REFUSED, Dropped, move, next_file
from leadboost.connectors.drop.parse import FileError, FileRow, read_rows
from leadboost.errors import SourceError
from leadboost.messages.scout import SignalsHeard
from leadboost.ports import Fetched

ROWS = 1_000
REPORTED = 1_000
FILES_S = 15.0
TROUBLE_S = 60.0

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Report:
    """What became of the rows of one file so far; the first thousand faults are named."""

    sha256: str
    good: int = 0
    rejected: int = 0
    faults: list[dict[str, object]] = field(default_factory=list)

    def add(self, faults: Sequence[tuple[int, str]]) -> None:
        """Note rejected rows: line and reason."""
        self.rejected += len(faults)
        room = max(REPORTED - len(self.faults), 0)
        self.faults += [{"line": line, "reason": reason} for line, reason in faults[:room]]

    def text(self, name: str) -> dict[str, object]:
        """Return JSON values to write down."""
        return {"file": name, "good": self.good, "rejected": self.rejected, "faults": self.faults}


class DropSource:
    """Files of ``folder``, the oldest first, a thousand rows a poll. A file is moved once all of its rows are
    committed: to ``done``, or to ``refused`` where nothing of it was good; a report beside it names the rows
    that were rejected. After a crash it goes on where it was, and its report may lack what came before.
    """

    kind = "drop"

    def __init__(self, *, name: str, folder: Path, clock: Clock, min_interval_s: float = 10.0) -> None:
        self.name = name
        self._folder = folder
        self._clock = clock
        self._min_interval_s = min_interval_s
        self._report = Report(sha256="")

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        """Read on. Raises SourceError."""
        dropped = await self._aside(partial(next_file, self._folder, self._clock.now()))
        if dropped is None:
            return Fetched(items=(), cursor={}, wait_s=self._min_interval_s)
        try:
            rows = await self._aside(partial(self._rows, dropped))
        except FileError as error:
            await self._aside(
                partial(move, dropped, REFUSED, {"file": dropped.path.name, "reason": str(error)})
            )
            note = f"{dropped.path.name} refused: {error}"
            return Fetched(items=(), cursor={}, wait_s=0.0, note=note)
        return self._part(dropped, rows, FileCursor.load(cursor, sha256=dropped.sha256))

    async def check(self) -> str:
        """Look for the next file. Raises SourceError."""
        dropped = await self._aside(partial(next_file, self._folder, self._clock.now()))
        return "no file waits" if dropped is None else f"next is {dropped.path.name}"

    def _rows(self, dropped: Dropped) -> list[FileRow]:
        if dropped.body is None:
            raise FileError(f"has more than {FILE_BYTES // 2**20} MiB; use `leadboost ingest signals`")
        return read_rows(dropped.suffix, dropped.body, source=self.name)

    def _part(self, dropped: Dropped, rows: Sequence[FileRow], state: FileCursor) -> Fetched:
        if self._report.sha256 != dropped.sha256:
            self._report = Report(sha256=dropped.sha256, good=state.done)
        part = rows[state.done : state.done + ROWS]
        done = state.done + len(part)
        return Fetched(
            items=[row.item for row in part if row.item is not None],
            cursor=FileCursor(sha256=dropped.sha256, done=done).dump(),
            wait_s=0.0,
            note=f"{dropped.path.name}: {done} of {len(rows)} rows",
            settle=partial(self._settle, dropped, part, done == len(rows)),
        )

    async def _settle(
        self, dropped: Dropped, part: Sequence[FileRow], is_last: bool, heard: SignalsHeard
    ) -> None:
        lines = [row.line for row in part if row.item is not None]
        report = self._report
        report.good += heard.accepted + heard.duplicates
        report.add([(row.line, row.fault) for row in part if row.item is None])
        report.add([(lines[each.index], each.reason) for each in heard.rejected])
        if is_last:
            place = DONE if report.good or not report.rejected else REFUSED
            text = report.text(dropped.path.name) if report.rejected else None
            await self._aside(partial(move, dropped, place, text))
            self._report = Report(sha256="")

    async def _aside(self, work: Callable[[], T]) -> T:
        """Work on files in a thread. Raises SourceError, and FileError as it is."""
        try:
            async with asyncio.timeout(FILES_S):
                return await run_aside(work)
        except TimeoutError:
            raise SourceError(self.name, f"does not answer within {FILES_S:g} s", TROUBLE_S) from None
        except OSError as error:
            reason = f"{error.filename or self._folder}: {error.strerror or error}"
            raise SourceError(self.name, reason, TROUBLE_S) from None
