"""What an earlier server of the same data folder left behind, alive or dead."""

import asyncio
import os
from pathlib import Path

from leadboost.errors import EmbeddedServerError

_TIMEOUT_S = 30.0
_POLL_S = 0.05


async def await_old_server(pgdata: Path) -> None:
    """Wait until a server that an earlier daemon left behind has shut down. Raises EmbeddedServerError."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            while _live_pid(pgdata) is not None:  # noqa: ASYNC110 - a stranger's end is no event of ours
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise EmbeddedServerError(
            f"another PostgreSQL (process {_live_pid(pgdata)}) runs on {pgdata}: stop the daemon it is of"
        ) from None


def forget_zombie(pgdata: Path, sockets: Path | None) -> None:
    """Remove the lock files of a dead server whose zombie nobody collects.

    PostgreSQL takes a zombie for alive and would refuse for ever. It still refuses, by the shared
    memory, while any process of the dead server runs.
    """
    pid = _locking_pid(pgdata)
    if pid is None or _state(pid) != "Z":
        return
    (pgdata / "postmaster.pid").unlink(missing_ok=True)
    for trace in sockets.glob(".s.PGSQL.*") if sockets is not None else ():
        trace.unlink(missing_ok=True)


def _live_pid(pgdata: Path) -> int | None:
    """Return the process id of a live postmaster of this folder, None also for a zombie and for a
    process that merely got the same number."""
    pid = _locking_pid(pgdata)
    if pid is None or not _exists(pid):
        return None
    if not Path("/proc/self/stat").exists():
        return pid
    try:
        return pid if _state(pid) != "Z" and os.path.samefile(f"/proc/{pid}/cwd", pgdata) else None
    except OSError:
        return None


def _locking_pid(pgdata: Path) -> int | None:
    try:
        return int((pgdata / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _state(pid: int) -> str | None:
    """Return the one-letter state of proc(5), None where there is no such process or no /proc."""
    try:
        return (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()[0]
        )
    except OSError:
        return None
