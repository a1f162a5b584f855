"""A real Redis of the test's own, which may be killed, frozen, and started again empty."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.redis_server import find_binary
from bench.servers import end, lasting_port, spawn, wait_for
from leadboost.mirror.client import RedisClients


class RedisProcess:
    """In memory only, on the loopback; its port stays the same over restarts."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = lasting_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self._starts = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty."""
        binary = find_binary()
        assert binary is not None
        self._starts += 1
        log = self._folder / f"redis-{self.port}-{self._starts}.log"
        command = [
            binary,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        self._process = spawn([*command, "--dir", str(self._folder), *self._options], log)
        wait_for(lambda: "Ready to accept" in log.read_text(), "the start of Redis")

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Let it die and come back empty."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, frozen or not."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            end(self._process)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)


@contextmanager
def redis_process(*options: str) -> Iterator[RedisProcess]:
    """Run one; skips the test where no server is installed."""
    if find_binary() is None:
        pytest.skip("no Redis or Valkey server is installed")
    folder = Path(tempfile.mkdtemp(prefix="leadboost-redis-"))
    server = RedisProcess(folder, *options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def cut_subscriptions(clients: RedisClients) -> None:
    """CLIENT KILL TYPE pubsub."""
    driver: Any = clients.writing
    await driver.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
