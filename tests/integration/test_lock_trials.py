"""Holders of the lock that are stopped past their lease, and wake up believing that they lead."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from leadboost.store.database import Database
from tests.redis_process import redis_process

TTL_S = 0.3


@dataclass
class Holder:
    process: Process

    async def heard(self, *words: str, above: int = 0) -> tuple[str, int]:
        """Wait for a line that begins with one of ``words``, of a later epoch than ``above``."""
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            while line := (await self.process.stdout.readline()).decode():
                word, _, rest = line.strip().partition(" ")
                if word in words and int(rest) > above:
                    return word, int(rest)
        raise AssertionError("the holder ended")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@asynccontextmanager
async def holder(*arguments: str) -> AsyncIterator[Holder]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.lock_holder", *arguments, str(TTL_S), stdout=PIPE
    )
    try:
        yield Holder(process)
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        await process.wait()


async def stop_past_the_lease(trials: int, dsn: str, database: Database) -> tuple[int, int]:
    """Stop whoever leads just before it writes, until another has written; returns writes accepted of an
    older term than one before them, and refusals."""
    async with database.session() as session:
        await session.execute(
            "CREATE TABLE trial_writes (seq bigint GENERATED ALWAYS AS IDENTITY, epoch bigint)"
        )
    refused = 0
    with redis_process() as redis:
        async with AsyncExitStack() as stack:
            leader = await stack.enter_async_context(holder(dsn, redis.url, "one"))
            _, epoch = await leader.heard("wrote")
            other = await stack.enter_async_context(holder(dsn, redis.url, "two"))
            for _ in range(trials):
                _, epoch = await leader.heard("writing", above=epoch - 1)
                leader.send(signal.SIGSTOP)
                _, newer = await other.heard("wrote", above=epoch)
                leader.send(signal.SIGCONT)
                said, _ = await leader.heard("wrote", "refused")
                refused += said == "refused"
                leader, other, epoch = other, leader, newer
    async with database.session() as session:
        stale = await session.fetchval(
            "SELECT count(*) FROM (SELECT epoch, max(epoch) OVER (ORDER BY seq) AS newest FROM trial_writes)"
            " AS writes WHERE epoch < newest"
        )
    return stale, refused


async def test_a_holder_stopped_past_its_lease_writes_nothing_any_more(dsn: str, database: Database) -> None:
    stale, refused = await stop_past_the_lease(5, dsn, database)

    assert stale == 0
    assert refused >= 4


@pytest.mark.drill
async def test_of_a_thousand_stopped_holders_none_writes(dsn: str, database: Database) -> None:
    stale, refused = await stop_past_the_lease(1_000, dsn, database)

    print(f"1000 holders stopped past their lease: {stale} stale writes accepted, {refused} refused")
    assert stale == 0
    assert refused >= 950
