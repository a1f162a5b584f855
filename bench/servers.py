"""Child processes that cannot outlive the bench, the daemon first of all."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import orjson

START_S = 60.0
STOP_S = 15.0
_PR_SET_PDEATHSIG = 1


class ServerDidNotStartError(Exception):
    """A child ended, or kept silent, before it was ready; the text holds the end of its log."""


def free_port() -> int:
    """Return a TCP port of the loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def lasting_port() -> int:
    """Return a port for a server that restarts while clients knock: below the range that the system
    gives out, because a client given the very port it knocks at would be connected to itself. Drawn at
    random, because two processes that look upwards from near each other meet at the same one."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("100 ports below 32000 are all taken")


def wait_for(fact: Callable[[], bool], what: str, *, seconds: float = START_S) -> None:
    """Poll every 20 ms until ``fact()``. Raises TimeoutError naming ``what``."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.02)


def spawn(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a child whose output goes to ``log``; it is killed when this process dies."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            preexec_fn=die_with_parent,
        )


def computed_s(pid: int) -> float:
    """Return the processor time, in seconds, that a process has used so far (Linux, proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def die_with_parent() -> None:
    """Run in a new child: have it terminated when this process dies (Linux; elsewhere it may linger)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a child to stop, then make it."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Daemon:
    """A real daemon on a data folder of its own, from this environment's command line."""

    def __init__(
        self,
        data_dir: Path,
        *,
        database_url: str | None = None,
        port: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None
        self._port = port
        self._environment = {"LEADBOOST_DATA_DIR": str(data_dir), **(environment or {})}
        if database_url:
            self._environment["DATABASE_URL"] = database_url

    def start(self, within_s: float = START_S) -> None:
        """Start it and wait until it is ready. Raises ServerDidNotStartError, TimeoutError."""
        command = [sys.executable, "-m", "leadboost", "up", "--data-dir", str(self.data_dir)]
        command += ["--host", "127.0.0.1", "--port", str(self._port)]
        self.process = spawn(command, self.log, self._environment)
        wait_for(lambda: self._is_ready() or self._has_ended(), "the daemon's start", seconds=within_s)
        if self._has_ended():
            raise ServerDidNotStartError(self.log.read_text()[-2000:])

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.data_dir.with_suffix(".log")

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self.process is not None:
            end(self.process)

    def _has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _is_ready(self) -> bool:
        with suppress(OSError, ValueError, KeyError):
            facts = orjson.loads((self.data_dir / "daemon.json").read_bytes())
            if self.process is None or facts["pid"] != self.process.pid:
                return False
            self.url = facts["url"].rstrip("/")
            return answers(self.url + "/readyz")
        return False


def answers(url: str) -> bool:
    """Whether a GET answers 200."""
    with suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=2) as answer:
        return bool(answer.status == 200)
    return False
