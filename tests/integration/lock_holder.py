"""A host of its own, for trials of the lock: elects itself, writes under guard, and says each step on a line.

``writing EPOCH`` comes between the look at the lease and the write: whoever is stopped there wakes up stale.
"""

import asyncio
import sys

from leadboost.clock import Rng, SystemClock
from leadboost.errors import LeaseLostError, StoreError
from leadboost.mirror.client import RedisClients
from leadboost.mirror.election import RedisElection
from leadboost.mirror.lock import DistributedLock
from leadboost.ports import Lease
from leadboost.runtime import Runtime
from leadboost.store.database import Database
from leadboost.store.leases import PgLeaseStore, guard

WORK_S = 0.02
POLL_S = 0.03


async def main(dsn: str, redis_url: str, holder: str, ttl_s: float) -> None:
    clock, rng = SystemClock(), Rng()
    database = await Database.open(dsn, pool_size=2, clock=clock, rng=rng)
    election = RedisElection(RedisClients(redis_url, clock=clock), rng=rng, ttl_s=ttl_s)
    terms = PgLeaseStore(database, ttl_s=ttl_s)
    run_task = Runtime().run_task
    locks = DistributedLock(terms, election, clock=clock, run_task=run_task, ttl_s=ttl_s)
    lease: Lease | None = None
    while True:
        try:
            lease = await locks.keep("trial", holder, lease)
            if lease is not None and clock.monotonic() < lease.trusted_until:
                await write(database, lease)
        except LeaseLostError:
            say(f"refused {lease.epoch if lease else 0}")
        except StoreError as error:
            say(f"failed {error}")
        await asyncio.sleep(POLL_S)


async def write(database: Database, lease: Lease) -> None:
    say(f"writing {lease.epoch}")
    await asyncio.sleep(WORK_S)
    async with database.transaction() as session:
        await guard(session, lease)
        await session.execute("INSERT INTO trial_writes (epoch) VALUES ($1)", lease.epoch)
    say(f"wrote {lease.epoch}")


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
