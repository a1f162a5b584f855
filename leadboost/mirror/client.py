"""The one way to Redis: every call has a deadline, and no write is ever repeated by the driver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff, NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from leadboost.clock import Clock
from leadboost.mirror.breaker import Breaker
from leadboost.mirror.errors import DRIVER_ERRORS, is_silence, translate

ANSWER_WITHIN_S = 1.0
CALL_WITHIN_S = 2.0
_CLOSE_WITHIN_S = 0.25
_RETRY_PAUSE_S = 0.05


class RedisClients:
    """Two clients of one server. ``reading`` tries a call three times; ``writing`` once, because the driver
    would repeat what is not idempotent when only the reply was lost."""

    def __init__(self, url: str, *, clock: Clock) -> None:
        """Connects at the first call. Raises ValueError for a bad URL."""
        self._breaker = Breaker(clock)
        self.reading = _client(url, Retry(ConstantBackoff(_RETRY_PAUSE_S), 2))
        self.writing = _client(url, Retry(NoBackoff(), 0))

    @asynccontextmanager
    async def answering(self, within_s: float = CALL_WITHIN_S) -> AsyncIterator[None]:
        """Bound the calls of a block, and raise MirrorError for whatever the driver raises in it.

        After three blocks in a row without answer the next ones fail at once, for two seconds.
        """
        self._breaker.check()
        try:
            async with asyncio.timeout(within_s):
                yield
        except DRIVER_ERRORS as error:
            self._breaker.note(answered=not is_silence(error))
            translated = translate(error)
            if translated is error:
                raise
            raise translated from error
        self._breaker.note(answered=True)

    async def ping(self) -> None:
        """Ask the server for a sign of life. Raises MirrorError."""
        async with self.answering():
            await self.reading.ping()

    async def close(self) -> None:
        """Close every connection, or let it go where that takes long."""
        for client in (self.reading, self.writing):
            await let_go(client)


async def let_go(what: Redis | PubSub) -> None:
    """Close a client or a subscription; that may hang, or fail, and nobody minds."""
    with suppress(*DRIVER_ERRORS):
        async with asyncio.timeout(_CLOSE_WITHIN_S):
            await what.aclose()


def _client(url: str, retry: Retry) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
        health_check_interval=10,
        retry=retry,
        max_connections=16,
        client_name="leadboost",
        protocol=2,
        # They would turn off the check that a pooled connection is still alive, and stretch our timeouts.
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
