"""What an earlier server of the same data folder left behind, alive or dead."""

import asyncio
import os
from pathlib import Path

from leadboost.errors import EmbeddedServerError

_TIMEOUT_S = 30.0
_POLL_S = 0.05
_PID_END = 2**31
_HAS_PROC = Path("/proc/self/stat").exists()


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


def forget_dead_server(pgdata: Path, sockets: Path | None) -> None:
    """Remove the lock files of a dead server. Call it only while holding the data folder's own lock.

    PostgreSQL itself takes a zombie, or a stranger that was given the old number, for a live server,
    stumbles over a file without number, and would refuse for ever. It still refuses, by the shared
    memory, while any process of the dead server runs. Where the system denies the look, all stays.
    """
    if not (pgdata / "postmaster.pid").exists() or not _is_dead(pgdata):
        return
    (pgdata / "postmaster.pid").unlink(missing_ok=True)
    for trace in sockets.glob(".s.PGSQL.*") if sockets is not None else ():
        trace.unlink(missing_ok=True)


def _is_dead(pgdata: Path) -> bool:
    try:
        pid = _locking_pid(pgdata)
        return pid is None or (_HAS_PROC and _exists(pid) and not _serves(pid, pgdata))
    except OSError:
        return False


def _live_pid(pgdata: Path) -> int | None:
    """Return the process id of a live postmaster of this folder, None also for a zombie and for a
    process that merely got the same number."""
    try:
        pid = _locking_pid(pgdata)
        return pid if pid is not None and _exists(pid) and (not _HAS_PROC or _serves(pid, pgdata)) else None
    except OSError:
        return None


def _locking_pid(pgdata: Path) -> int | None:
    """Return the number in the lock file, None where there is no such file, or no number in it."""
    try:
        pid = abs(int((pgdata / "postmaster.pid").read_bytes().split(b"\n", 1)[0]))  # negative: --single
    except (FileNotFoundError, ValueError):
        return None
    return pid if 0 < pid < _PID_END else None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _serves(pid: int, pgdata: Path) -> bool:
    """Tell whether a process is a PostgreSQL at work in ``pgdata``. Raises OSError when not allowed."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_bytes().partition(b"(")[2].rpartition(b")")
        if name != b"postgres" or rest.split()[0] == b"Z":
            return False
        return os.path.samefile(f"/proc/{pid}/cwd", pgdata)
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return False
