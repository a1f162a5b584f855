"""A daemon's stand-in for the kill tests: runs the embedded server until it is killed."""

import asyncio
import sys
from pathlib import Path

from leadboost.store.embedded import EmbeddedPostgres


async def main(folder: str) -> None:
    server = EmbeddedPostgres(Path(folder), no_sync=True)
    print(await server.start(), server.pid, flush=True)
    await server.wait_exit()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
