"""A daemon with its own database that is killed and comes back on the same data."""

import asyncio
import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bench.ground import issue_token
from bench.servers import Daemon
from tests.acceptance.ad_world import request

SECRET = "5e" * 32


@dataclass
class Mortal:
    """Keeps its folder and its port from one life to the next."""

    data_dir: Path
    port: int
    daemon: Daemon | None = None

    def start(self, crash: str | None = None) -> None:
        """Begin a life, which ends at the crash point named."""
        environment = {"LEADBOOST_PROFILE": "test", "LEADBOOST_TESTING__CRASH_POINTS": "true"}
        if crash:
            environment["LEADBOOST_CRASH"] = crash
        self.daemon = Daemon(self.data_dir, port=self.port, environment=environment)
        self.daemon.start()

    def kill(self) -> None:
        if self.daemon is not None:
            self.daemon.kill()

    def await_death(self) -> None:
        """Wait for the crash point to end it."""
        assert self.daemon is not None
        assert self.daemon.process is not None
        assert self.daemon.process.wait(30) == -signal.SIGKILL

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Raises OSError when a kill cuts it off."""
        url = f"http://127.0.0.1:{self.port}{path}"
        return request(url, token=issue_token(SECRET), method=method, body=body)

    def ask(self, query: str) -> list[asyncpg.Record]:
        """Read its database."""
        record = json.loads((self.data_dir / "postgres.json").read_text())
        dsn = f"postgresql://leadboost:{record['password']}@127.0.0.1:{record['port']}/leadboost"
        return asyncio.run(_fetch(dsn, query))


async def _fetch(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()
