import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from leadboost.clock import SystemClock
from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Halt, HaltItem, Scope
from leadboost.errors import MirrorError
from leadboost.messages.events import EventsCommitted, EventsNumbered, ForeignSaid, HaltTripped
from leadboost.messages.journal import JournalEvent
from leadboost.messages.mirror import Echoed, HostNews
from leadboost.mirror import keys, wire
from leadboost.mirror.bus import EventBus, Fields
from leadboost.mirror.client import RedisClients
from leadboost.mirror.link import EVENTS_KEPT, RedisLink
from leadboost.runtime import Runtime
from tests.redis_process import RedisProcess, cut_subscriptions, redis_process

FAR = "99999999999999-1"
KEY = b"k" * 32


class Ear:
    """Keeps what a handler is called with, and lets a test wait for it."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self._grown = asyncio.Event()

    def __call__(self, messages: Sequence[Fields]) -> None:
        for each in messages:
            self.take(each[b"payload"])

    def take(self, one: object) -> None:
        self.heard.append(one)
        self._grown.set()

    async def has(self, count: int) -> list[Any]:
        async with asyncio.timeout(10):
            while len(self.heard) < count:
                self._grown.clear()
                await self._grown.wait()
        return self.heard


@asynccontextmanager
async def running(url: str) -> AsyncIterator[tuple[EventBus, RedisClients]]:
    clients = RedisClients(url, clock=SystemClock())
    bus = EventBus(clients, run_task=Runtime().run_task)
    try:
        yield bus, clients
    finally:
        await bus.close()


@asynccontextmanager
async def listening(
    listen: Callable[[], Coroutine[Any, Any, None]], ready: Callable[[], Awaitable[None]]
) -> AsyncIterator[asyncio.Task[None]]:
    """Listen for as long as the block lasts; ``ready`` returns once that works."""
    task = asyncio.get_running_loop().create_task(listen())
    await ready()
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError, MirrorError):
        await task


def subscribed(clients: RedisClients, count: int = 1) -> Callable[[], Awaitable[None]]:
    async def wait() -> None:
        heard = 0
        async with asyncio.timeout(5):
            while heard < count:
                with suppress(MirrorError):
                    async with clients.answering():
                        heard = await clients.writing.publish(keys.ECHO, "a test")

    return wait


async def test_every_handler_of_a_channel_hears_every_message_in_order(
    redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    ears = {channel: (Ear(), Ear()) for channel in (keys.EVENTS, keys.SYSTEM_EVENTS)}
    async with running(shared_redis.url) as (bus, _):
        for channel, pair in ears.items():
            for ear in pair:
                bus.subscribe(channel, ear)
        async with listening(bus.redis_listener, subscribed(redis_clients)):
            for channel in ears:
                await bus.publish(channel, *({"payload": f"{number}"} for number in range(50)))

            for ear in (each for pair in ears.values() for each in pair):
                assert await ear.has(50) == [str(number).encode() for number in range(50)]


async def test_a_stream_is_read_on_from_where_it_was(
    redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    ear = Ear()
    async with running(shared_redis.url) as (bus, _):
        bus.subscribe(keys.EVENTS, ear)
        async with listening(bus.redis_listener, subscribed(redis_clients)):
            await bus.publish(keys.EVENTS, {"payload": "one"})
            await ear.has(1)
        await bus.publish(keys.EVENTS, {"payload": "two"})
        async with listening(bus.redis_listener, subscribed(redis_clients)):
            assert await ear.has(2) == [b"one", b"two"]


async def test_a_cursor_beyond_the_end_of_a_stream_is_set_back(
    redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    ear = Ear()
    async with running(shared_redis.url) as (bus, _):
        bus.subscribe(keys.EVENTS, ear)
        async with listening(bus.redis_listener, subscribed(redis_clients)):
            await redis_clients.writing.xadd(
                keys.EVENTS, {"payload": "of a fast clock"}, id="99999999999999-1"
            )
            await ear.has(1)
        await redis_clients.writing.flushall()  # as a replica takes over that never had it
        async with listening(bus.redis_listener, subscribed(redis_clients)):
            await bus.publish(keys.EVENTS, {"payload": "after"})

            assert await ear.has(2) == [b"of a fast clock", b"after"]


async def test_listening_ends_when_the_subscription_is_cut(
    redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    async with (
        running(shared_redis.url) as (bus, _),
        listening(bus.redis_listener, subscribed(redis_clients)) as task,
    ):
        await cut_subscriptions(redis_clients)

        with pytest.raises(MirrorError):
            async with asyncio.timeout(5):
                await task


async def test_listening_ends_with_its_server_and_works_again_with_the_next() -> None:
    with redis_process() as server:
        ear = Ear()
        async with running(server.url) as (bus, clients):
            bus.subscribe(keys.SYSTEM_EVENTS, ear)
            async with listening(bus.redis_listener, subscribed(clients)) as task:
                await asyncio.to_thread(server.restart)
                with pytest.raises(MirrorError):
                    await task
            async with listening(bus.redis_listener, subscribed(clients)):
                await bus.publish(keys.SYSTEM_EVENTS, {"payload": "here again"})

                assert await ear.has(1) == [b"here again"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--maxmemory", "1", "--maxmemory-policy", "noeviction"), "out of memory"),
        (("--replicaof", "127.0.0.1 1"), "is a replica"),
    ],
)
async def test_a_server_that_takes_no_writes_says_so(options: tuple[str, ...], reason: str) -> None:
    with redis_process(*options) as server:
        async with running(server.url) as (bus, _):
            with pytest.raises(MirrorError, match=reason):
                await bus.publish(keys.EVENTS, {"payload": "x"})


# -- the link -------------------------------------------------------------------------------------


def event(offset: int, **data: object) -> JournalEvent:
    return JournalEvent(epoch="e1", offset=offset, kind="test.event", at=datetime.now(UTC), data=data)


@asynccontextmanager
async def linked(
    url: str, origin: str, key: bytes = KEY
) -> AsyncIterator[tuple[RedisLink, Ear, RedisClients]]:
    ear = Ear()
    async with running(url) as (bus, clients):
        link = RedisLink(bus, key=key, origin=origin, clock=SystemClock(), hear=ear.take)
        others: int = await clients.writing.publish(keys.ECHO, "a test")
        async with listening(link.listen, subscribed(clients, others + 1)):
            yield link, ear, clients


async def test_events_leave_redis_after_an_hour_and_are_heard_on(
    redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    old = int((datetime.now(UTC) - EVENTS_KEPT).timestamp() * 1000) - 1
    await redis_clients.writing.xadd(keys.EVENTS, {"payload": "what somebody said"}, id=f"{old}-0")
    async with linked(shared_redis.url, "a") as (one, near, _), linked(shared_redis.url, "b") as (_, far, _):
        await one.send(HostNews(beat=True))
        await near.has(1)
        assert await redis_clients.reading.xlen(keys.EVENTS) == 0

        await one.send(HostNews(events=(event(1),), beat=True))

        assert [each.events[0].offset for each in await far.has(1)] == [1]
        assert await redis_clients.reading.xlen(keys.EVENTS) == 1


async def test_a_host_hears_others_and_of_itself_the_echo_alone(
    redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    async with linked(shared_redis.url, "a") as (one, near, _), linked(shared_redis.url, "b") as (_, far, _):
        await redis_clients.writing.publish(keys.SYSTEM_EVENTS, "from outside")
        told = event(1, text="a")
        await one.send(HostNews(events=(told,), committed=True, beat=True))

        await far.has(3)
        await near.has(2)
        assert EventsNumbered(events=(told,)) in far.heard
        assert EventsCommitted() in far.heard
        assert {type(each) for each in far.heard} == {EventsNumbered, EventsCommitted, ForeignSaid}
        assert {type(each) for each in near.heard} == {Echoed, ForeignSaid}


async def test_other_software_hears_our_events_under_our_origin(
    redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    pubsub = redis_clients.reading.pubsub(ignore_subscribe_messages=True)
    await pubsub.subscribe("system_events")
    step = JournalEvent(
        epoch="e1",
        offset=7,
        kind="pipeline.step",
        at=datetime.now(UTC),
        data={"run_id": "r", "step": "radar", "state": "COMPLETE", "detail": None},
    )
    async with linked(shared_redis.url, "a") as (one, _, _):
        await one.send(HostNews(events=(step,)))
        message = None
        async with asyncio.timeout(5):
            while message is None:
                message = await pubsub.get_message(timeout=1)
    await pubsub.aclose()  # type: ignore[no-untyped-call]

    said = json.loads(message["data"])
    assert (said["step"], said["state"], said["offset"]) == ("radar", "COMPLETE", 7)
    assert said["origin"] == "leadboost:a"


async def test_what_is_too_large_for_a_stream_is_told_by_its_offset_alone(
    redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    async with linked(shared_redis.url, "a") as (one, _, _), linked(shared_redis.url, "b") as (_, far, _):
        await one.send(HostNews(events=(event(1, text="x" * 70_000), event(2))))

        (heard,) = await far.has(1)
        assert [each.offset for each in heard.events] == [2]  # a gap, which is read from the journal


@pytest.mark.parametrize(
    "fields",
    [
        {"payload": "no JSON", "offset": "1", "epoch": "e"},
        {
            "payload": '{"kind":"x","at":"2026-01-01T00:00:00Z","data":{}}',
            "offset": "no number",
            "epoch": "e",
        },
        {"payload": '{"kind":"x","at":"yesterday","data":{}}', "offset": "1", "epoch": "e"},
        {"payload": '{"kind":"x","at":"2026-01-01T00:00:00","data":{}}', "offset": "1", "epoch": "e"},
        {"payload": '{"kind":"","at":"2026-01-01T00:00:00Z","data":[]}', "offset": "1", "epoch": "e"},
        {"other": "fields"},
    ],
)
async def test_an_unsound_entry_is_left_out(
    redis_clients: RedisClients, shared_redis: RedisProcess, fields: dict[Any, Any]
) -> None:
    async with linked(shared_redis.url, "a") as (one, _, _), linked(shared_redis.url, "b") as (_, far, _):
        for sealed in (fields, wire.sealed(KEY, fields)):
            await redis_clients.writing.xadd(keys.EVENTS, dict[Any, Any](sealed))
            await redis_clients.writing.xadd(keys.CONTROL, dict[Any, Any](sealed))
        await one.send(HostNews(events=(event(2),)))

        (heard,) = await far.has(1)
        assert [each.offset for each in heard.events] == [2]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b'{"step":"analyst","state":"PROCESSING"}', {"step": "analyst", "state": "PROCESSING"}),
        (b"plain words", "plain words"),
        (b"[1, 2]", [1, 2]),
        (b'{"n":123456789012345678901234567890}', {"n": "123456789012345678901234567890"}),
        (b'{"n":NaN}', {"n": None}),
        (b'{"text":"a\\u0000b"}', {"text": "ab"}),
        (b'{"broken": "\\ud800"}', '{"broken": "\\ud800"}'),
        (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
async def test_whatever_other_software_says_is_data(
    redis_clients: RedisClients, shared_redis: RedisProcess, payload: bytes, message: object
) -> None:
    async with linked(shared_redis.url, "a") as (_, ear, _):
        await redis_clients.writing.publish(keys.SYSTEM_EVENTS, payload)

        (said,) = await ear.has(1)
        assert said.message == message


@pytest.mark.parametrize(
    "payload",
    [
        b"x" * 65_537,
        b"\xff\xfe",
        b"",
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"origin":"leadboost:another","step":"radar","state":"ERROR"}',
    ],
    ids=["large", "no text", "empty", "deep", "ours"],
)
async def test_what_is_no_message_of_other_software_is_not_heard(
    redis_clients: RedisClients, shared_redis: RedisProcess, payload: bytes
) -> None:
    async with linked(shared_redis.url, "a") as (_, ear, _):
        await redis_clients.writing.publish(keys.SYSTEM_EVENTS, payload)
        await redis_clients.writing.publish(keys.SYSTEM_EVENTS, "sound")

        (said,) = await ear.has(1)
        assert said.message == "sound"


async def test_listening_ends_when_a_beat_does_not_come_back(
    redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    ear = Ear()
    async with running(shared_redis.url) as (bus, clients):
        link = RedisLink(bus, key=KEY, origin="a", clock=SystemClock(), hear=ear.take)
        async with listening(link.listen, subscribed(clients)) as task:
            await redis_clients.writing.xadd(keys.CONTROL, {"payload": ""}, id=FAR)
            await link.send(HostNews(beat=True))
            assert await ear.has(1) == [Echoed()]
            await redis_clients.writing.delete(keys.CONTROL)
            await link.send(HostNews(beat=True))  # its place is before the cursor

            with pytest.raises(MirrorError, match="did not come back"):
                async with asyncio.timeout(5):
                    await task


def halt(scope: str = "sku:fan", *campaign_ids: str) -> Halt:
    campaigns = [Campaign(platform="meta_ads", campaign_id=each) for each in campaign_ids]
    return Halt(
        id=uuid4(),
        scope=Scope.parse(scope),
        reason="sold out",
        tripped_by="ana",
        tripped_at=datetime(2026, 1, 1, tzinfo=UTC),
        items=tuple(HaltItem(campaign=each) for each in campaigns),
    )


async def test_a_halt_goes_first_and_arrives_whole(
    redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    tripped = halt("sku:fan", "1", "2")
    async with linked(shared_redis.url, "a") as (one, _, _), linked(shared_redis.url, "b") as (_, far, _):
        await one.send(HostNews(trips=(tripped,), events=(event(1),)))

        assert (await far.has(2))[0] == HaltTripped(halt=tripped)


def test_of_a_halt_with_very_many_campaigns_the_news_is_its_scope() -> None:
    tripped = halt("global", *(f"{number:020d}" for number in range(5_000)))

    heard = wire.trip_of(wire.trip_payload(tripped))

    assert heard is not None
    assert (heard.id, heard.scope, heard.items) == (tripped.id, tripped.scope, ())


@pytest.mark.parametrize(
    "change",
    [
        {"scope": "everything"},
        {"scope": "campaign:meta_ads:" + "9" * 500},
        {"id": "no id"},
        {"tripped_at": "2026-01-01T00:00:00"},
        {"tripped_by": ""},
        {"campaigns": [["meta_ads"]]},
        {"campaigns": [["meta_ads", "a b\n"]]},
    ],
)
def test_news_of_a_halt_that_is_unsound_is_none(change: dict[str, object]) -> None:
    body = json.loads(wire.trip_payload(halt())) | change

    assert wire.trip_of(json.dumps(body).encode()) is None


async def test_what_no_host_of_this_database_sealed_is_not_heard(
    redis_clients: RedisClients, shared_redis: RedisProcess
) -> None:
    async with (
        linked(shared_redis.url, "a") as (one, _, _),
        linked(shared_redis.url, "forger", b"another key") as (forger, _, _),
        linked(shared_redis.url, "b") as (_, far, _),
    ):
        await forger.send(HostNews(trips=(halt("global"),), events=(event(1),), committed=True))
        altered = wire.sealed(KEY, wire.event_fields(event(2), "leadboost:a")) | {"offset": b"3"}
        await redis_clients.writing.xadd(keys.EVENTS, dict[Any, Any](altered))
        await one.send(HostNews(events=(event(4),)))

        (heard,) = await far.has(1)
        assert [each.offset for each in heard.events] == [4]
