"""One child process of the embedded server: it dies with us, and its log is bounded."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import BinaryIO

from leadboost.errors import EmbeddedServerError
from leadboost.store.account import Account

_PR_SET_PDEATHSIG = 1
_READY = b"database system is ready to accept connections"
_LOG_BYTES = 4 * 1024 * 1024
_TAIL_LINES = 8
_FAST_STOP_S = 2.0
_IMMEDIATE_STOP_S = 0.5
# A private environment: PG* variables of the user would steer the server.
_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin"}


def spawn(
    command: Sequence[str], *, account: Account | None, death_signal: signal.Signals
) -> "subprocess.Popen[bytes]":
    """Start a child in a session of its own (so that Ctrl-C reaches only us), output in one pipe.

    Call it from the main thread: the death signal follows the thread that spawned. Raises
    EmbeddedServerError.
    """
    if threading.current_thread() is not threading.main_thread():
        raise EmbeddedServerError("the embedded PostgreSQL must be started from the main thread")
    try:
        with warnings.catch_warnings():
            # From Python 3.12 a fork beside threads warns; the child makes one system call and execs.
            warnings.simplefilter("ignore", DeprecationWarning)
            return _popen(command, account, death_signal)
    except (OSError, subprocess.SubprocessError) as error:
        who = f" as user {account.name}" if account else ""
        reason = f"{command[0]} cannot be started{who}: {error}; set DATABASE_URL"
        raise EmbeddedServerError(reason) from error


def _popen(
    command: Sequence[str], account: Account | None, death_signal: signal.Signals
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=_ENVIRONMENT,
        umask=0o077,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=_die_with_parent(death_signal),
    )


def _has_death_signal() -> bool:
    return sys.platform == "linux"


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if not _has_death_signal():
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # loaded before the fork
    parent = os.getpid()

    def arm() -> None:  # runs in the child, after privileges were dropped, which clears the setting
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arm


class ServerProcess:
    """A running ``postgres``. Two daemon threads follow its output and its end: no loop is needed."""

    def __init__(self, command: Sequence[str], *, account: Account | None, log: Path) -> None:
        self._process = spawn(command, account=account, death_signal=signal.SIGINT)
        self._watcher = None if _has_death_signal() else _watch_parent(self._process.pid, account)
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._ready: Future[None] = Future()
        self._exit: Future[int] = Future()
        for future in (self._ready, self._exit):
            future.set_running_or_notify_cancel()  # a cancelled waiter must not cancel the fact
        self._follower = threading.Thread(
            target=self._follow_output, args=(log,), name="embedded-postgres-log", daemon=True
        )
        self._follower.start()
        threading.Thread(target=self._await_exit, name="embedded-postgres-exit", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id of the postmaster."""
        return self._process.pid

    async def wait_ready(self) -> None:
        """Return when connections are accepted. Raises EmbeddedServerError with the log's last lines."""
        await asyncio.wrap_future(self._ready)

    async def wait_exit(self) -> int:
        """Return the exit code once the process has ended; negative is a signal's number."""
        return await asyncio.wrap_future(self._exit)

    async def stop(self) -> None:
        """Shut down fast within 2 s, else at once, else kill."""
        steps = ((signal.SIGINT, _FAST_STOP_S), (signal.SIGQUIT, _IMMEDIATE_STOP_S), (signal.SIGKILL, None))
        for number, patience_s in steps:
            self._process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self.wait_exit()
                    return

    def _follow_output(self, log: Path) -> None:
        output = self._process.stdout
        if output is None:
            return
        with output, _BoundedLog(log) as file:
            for line in output:
                file.write(line)
                self._tail.append(line.decode(errors="replace").strip())
                if _READY in line and not self._ready.done():
                    self._ready.set_result(None)

    def _await_exit(self) -> None:
        code = self._process.wait()
        self._follower.join(timeout=1)
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.wait()
        if not self._ready.done():
            self._ready.set_exception(
                EmbeddedServerError(f"PostgreSQL ended with code {code}: {' | '.join(self._tail)}")
            )
        self._exit.set_result(code)


def _watch_parent(pid: int, account: Account | None) -> "subprocess.Popen[bytes]":
    """Stop ``pid`` when our end of a pipe closes, where no death signal exists."""
    return subprocess.Popen(
        ["/bin/sh", "-c", 'read -r line; kill -INT "$0"', str(pid)],
        stdin=subprocess.PIPE,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


class _BoundedLog:
    """Two files of at most 4 MiB: ``log`` and the one before it, ``log.1``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open()

    def __enter__(self) -> "_BoundedLog":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._file.close()

    def write(self, line: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk must not block the server's output
            if self._file.tell() > _LOG_BYTES:
                self._file.close()
                self._path.replace(f"{self._path}.1")
                self._file = self._open()
            self._file.write(line)

    def _open(self) -> BinaryIO:
        return open(self._path, "ab", buffering=0, opener=lambda path, flags: os.open(path, flags, 0o600))
