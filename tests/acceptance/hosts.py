"""Several daemons that share one database and one Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.ground import write_secret
from bench.servers import Daemon

SECRET = "5e" * 32


@asynccontextmanager
async def hosts(count: int, folder: Path, dsn: str, redis_url: str) -> AsyncIterator[list[Daemon]]:
    """Run so many, all ready."""
    daemons = []
    for number in range(count):
        data_dir = folder / f"host-{number}"
        write_secret(data_dir, SECRET)
        environment = {"REDIS_URL": redis_url, "LEADBOOST_PROFILE": "test"}
        environment["LEADBOOST_RADAR__AUTHOR_KEY"] = SECRET
        daemons.append(Daemon(data_dir, database_url=dsn, environment=environment))
    try:
        await asyncio.gather(*(asyncio.to_thread(each.start) for each in daemons))
        yield daemons
    finally:
        await asyncio.gather(*(asyncio.to_thread(each.stop) for each in daemons))
