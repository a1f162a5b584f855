"""EventBus: publish and subscribe through Redis, by streams between hosts and by Pub/Sub with others."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

from redis.asyncio.client import PubSub

from leadboost.errors import MirrorError
from leadboost.mirror import keys
from leadboost.mirror.client import RedisClients, let_go

STREAM_ENTRIES = 100_000
READ_ENTRIES = 1_000
WAIT_S = 0.5

Fields = Mapping[bytes, bytes]
Handler = Callable[[Sequence[Fields]], None]
Read = Mapping[str, Sequence[Fields]]

PAYLOAD = b"payload"


class _RunTask(Protocol):
    def __call__(
        self, name: str, work: Coroutine[Any, Any, object], *, reported: bool
    ) -> "asyncio.Task[object]": ...


class EventBus:
    """Messages are fields; on a Pub/Sub channel the payload alone.

    A stream is bounded and read from one cursor, so that nothing is missed while the connection is made
    anew; Pub/Sub forgets what nobody hears. Handlers are called in turn by one loop and never wait.
    """

    def __init__(self, clients: RedisClients, *, run_task: _RunTask) -> None:
        """``run_task`` starts the reads, which somebody has to own."""
        self._clients = clients
        self._run_task = run_task
        self._handlers: dict[str, list[Handler]] = {}
        self._streams = _StreamReader(clients)
        self._channels = _ChannelReader(clients)

    def subscribe(self, channel: str, handler: Handler) -> None:
        """Have ``handler`` called with what comes on a stream or channel; several may be."""
        self._handlers.setdefault(channel, []).append(handler)

    async def publish(self, channel: str, *messages: Mapping[str, str | bytes | int]) -> None:
        """Send messages in one round trip. Raises MirrorError; it is then not known which arrived."""
        await self.publish_all([(channel, message) for message in messages])

    async def publish_all(
        self,
        messages: Sequence[tuple[str, Mapping[str, str | bytes | int]]],
        *,
        forget_before: datetime | None = None,
    ) -> None:
        """Send messages to several channels in one round trip, in order; also take events out of their stream
        that Redis got before a time. Raises MirrorError."""
        pipeline = self._clients.writing.pipeline(transaction=False)
        for channel, fields in messages:
            if channel in keys.STREAMS:
                pipeline.xadd(channel, _plain(fields), maxlen=STREAM_ENTRIES, approximate=True)
            else:
                pipeline.publish(channel, fields["payload"])
        if forget_before is not None:
            milliseconds = round(forget_before.timestamp() * 1000)
            pipeline.xtrim(keys.EVENTS, minid=f"{milliseconds}-0", approximate=False)
        async with self._clients.answering():
            await pipeline.execute()

    async def redis_listener(self) -> None:
        """Read streams and channels in one loop, until cancelled. Raises MirrorError when one of them fails.

        Call it again then: streams are read on from where they were, unless that is gone.
        """
        readers = (self._streams, self._channels)
        waiting: dict[asyncio.Task[object], _StreamReader | _ChannelReader] = {}
        try:
            for reader in readers:
                await reader.open()
            while True:
                for reader in readers:
                    if reader not in waiting.values():
                        waiting[self._run_task("redis read", reader.read(), reported=False)] = reader
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._dispatch(waiting.pop(task).take(task.result()))
        finally:
            await _break_off(waiting)
            await self._channels.close()

    def _dispatch(self, read: Read) -> None:
        for channel, messages in read.items():
            for handler in self._handlers.get(channel, ()):
                handler(messages)

    async def close(self) -> None:
        """Close the subscription and every connection."""
        await self._channels.close()
        await self._clients.close()


class _StreamReader:
    """XREAD of all streams at once, each from a cursor of its own."""

    def __init__(self, clients: RedisClients) -> None:
        self._clients = clients
        self._cursors: dict[str, bytes] = {}

    async def open(self) -> None:
        """Begin at the end, or go on from the cursor; one beyond the end is of a server that is gone."""
        async with self._clients.answering():
            for stream in keys.STREAMS:
                newest: Any = await self._clients.reading.xrevrange(stream, count=1)
                end: bytes = newest[0][0] if newest else b"0-0"
                self._cursors[stream] = min(self._cursors.get(stream, end), end, key=_place)

    async def read(self) -> object:
        """Wait for what is new, half a second at most."""
        async with self._clients.answering():
            found: object = await self._clients.reading.xread(
                _plain(self._cursors), count=READ_ENTRIES, block=round(WAIT_S * 1000)
            )
        return found

    def take(self, found: Any) -> Read:
        """Go on behind what was read: only here, for a read that was broken off may have read on."""
        read: dict[str, Sequence[Fields]] = {}
        for stream, entries in found:
            self._cursors[stream.decode()] = entries[-1][0]
            read[stream.decode()] = [fields for _, fields in entries]
        return read


class _ChannelReader:
    """The one subscription of this process. A broken one is not mended behind our back: what was missed
    meanwhile must be known to be missing."""

    def __init__(self, clients: RedisClients) -> None:
        self._clients = clients
        self._pubsub: PubSub | None = None

    async def open(self) -> None:
        """Subscribe anew."""
        await self.close()
        async with self._clients.answering():
            self._pubsub = self._clients.writing.pubsub(ignore_subscribe_messages=True)
            await self._pubsub.subscribe(*keys.CHANNELS)

    async def read(self) -> object:
        """Wait for what is new, half a second at most."""
        if self._pubsub is None:
            raise MirrorError("not subscribed")
        found: list[Any] = []
        async with self._clients.answering():
            wait_s = WAIT_S
            for _ in range(READ_ENTRIES):
                message = await self._pubsub.get_message(timeout=wait_s)
                if message is None and wait_s == 0.0:
                    break
                found.append(message)
                wait_s = 0.0
        return found

    def take(self, found: Any) -> Read:
        """Sort what was read by its channel."""
        read: dict[str, list[Fields]] = {}
        for message in found:
            if message is not None and message["type"] == "message":
                read.setdefault(message["channel"].decode(), []).append({PAYLOAD: message["data"]})
        return read

    async def close(self) -> None:
        """Let the subscription go: closing it politely can hang."""
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            await let_go(pubsub)


async def _break_off(tasks: Collection[asyncio.Task[object]]) -> None:
    """Cancel them; the driver's own wait_for may swallow that, but a read ends by itself soon."""
    for task in tasks:
        task.cancel()
    with suppress(TimeoutError):
        async with asyncio.timeout(2 * WAIT_S):
            await asyncio.gather(*tasks, return_exceptions=True)


def _plain(fields: Mapping[str, Any]) -> dict[Any, Any]:
    """As the driver's types want it."""
    return dict(fields)


def _place(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition(b"-")
    return int(milliseconds), int(number or 0)
