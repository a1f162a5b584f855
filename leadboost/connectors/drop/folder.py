"""The folder itself: which file is next, and where each goes. Blocking calls, made in a thread."""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from leadboost.connectors.drop.parse import SUFFIXES

FILE_BYTES = 20 * 2**20
QUIET_S = 2.0
DONE, REFUSED = "done", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """One file as it was read; ``body`` is None where it is too large. ``mark`` tells it from another file
    that takes its name."""

    path: Path
    body: bytes | None = field(repr=False)
    sha256: str
    mark: tuple[int, int, int]

    @property
    def suffix(self) -> str:
        """Its ending, in lower case."""
        return self.path.suffix.lower()


def next_file(folder: Path, now: datetime) -> Dropped | None:
    """Read the oldest file that nobody has written to for two seconds; None when there is none.

    Links and what begins with a dot are left alone, other endings too: a program writes ``x.part`` and then
    renames. Raises OSError.
    """
    for name in (DONE, REFUSED):
        (folder / name).mkdir(exist_ok=True)
    with os.scandir(folder) as entries:
        found = sorted(
            (entry.stat(follow_symlinks=False).st_mtime, entry.name)
            for entry in entries
            if Path(entry.name).suffix.lower() in SUFFIXES
            and not entry.name.startswith(".")
            and entry.is_file(follow_symlinks=False)
        )
    for written_at, name in found:
        if now.timestamp() - written_at >= QUIET_S:
            return _read(folder / name)
    return None


def move(dropped: Dropped, place: str, report: Mapping[str, object] | None) -> None:
    """Move the file to ``done`` or ``refused``, its report beside it; a name that is taken gets a number.

    A file that took its name meanwhile stays, to be read itself. Raises OSError.
    """
    if _mark(dropped.path.lstat()) != dropped.mark:
        return
    target = _free(dropped.path.parent / place / dropped.path.name)
    if report is not None:
        text = json.dumps(report, ensure_ascii=False, indent=1)
        target.with_name(target.name + ".report").write_text(text, encoding="utf-8")
    dropped.path.rename(target)


def _read(path: Path) -> Dropped:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        mark = _mark(status)
        if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_BYTES:
            return Dropped(path=path, body=None, sha256="", mark=mark)
        body = file.read(FILE_BYTES)
    return Dropped(path=path, body=body, sha256=hashlib.sha256(body).hexdigest(), mark=mark)


def _mark(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_mtime_ns, status.st_size


def _free(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
