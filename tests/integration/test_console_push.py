"""Messages that other systems push: who is let in, and that each is taken in once."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from leadboost.console.api_push import BODY_BYTES
from leadboost.domain.webhook import sign
from leadboost.errors import StoreUnavailableError
from leadboost.messages.scout import HearSignals, ListSources, SignalRejection, SignalsHeard
from tests.integration.console_world import PUSH_SECRET, SOURCE, Reply, World, running_console

BODY = b'[{"external_id": "1", "text": "A fan"}, {"external_id": "2", "text": "Two fans", "source": "x"}]'


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        world.replies[HearSignals] = lambda message: SignalsHeard(
            accepted=len(message.items), duplicates=0, rejected=()
        )
        yield world


async def push(
    world: World,
    body: bytes = BODY,
    *,
    id: str = "msg_1",
    sender: str = "crm",
    secret: bytes = PUSH_SECRET,
    late_s: int = 0,
    signature: str | None = None,
) -> Reply:
    timestamp = str(int(world.clock.now().timestamp()) - late_s)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature or sign(secret, id=id, timestamp=timestamp, body=body),
    }
    return await world.call("POST", f"/hooks/signals/{sender}", data=body, headers=headers, role=None)


def heard(world: World) -> list[HearSignals]:
    return [each for each in world.probe.received if isinstance(each, HearSignals)]


async def test_signals_of_a_signed_message_are_heard_as_the_senders(world: World) -> None:
    reply = await push(world)

    assert (reply.status, reply.json()) == (202, {"accepted": 2, "duplicates": 0, "rejected": []})
    (command,) = heard(world)
    assert [item["source"] for item in command.items] == ["push.crm", "push.crm"]
    assert [item["external_id"] for item in command.items] == ["1", "2"]


async def test_one_signal_may_come_alone(world: World) -> None:
    reply = await push(world, b'{"external_id": "1", "text": "A fan, please"}')

    assert reply.json()["accepted"] == 1


async def test_a_replay_gets_the_same_answer_and_is_not_heard_again(world: World) -> None:
    first = await push(world)
    world.replies[HearSignals] = lambda _: SignalsHeard(accepted=0, duplicates=2, rejected=())

    second = await push(world)

    assert (second.status, second.body, len(heard(world))) == (202, first.body, 1)


async def test_of_several_deliveries_at_once_one_is_heard_and_the_others_come_again(world: World) -> None:
    replies = await asyncio.gather(*(push(world) for _ in range(5)))
    again = await push(world)

    assert len(heard(world)) == 1
    assert {reply.body for reply in replies if reply.status == 202} == {again.body}
    assert {reply.status for reply in replies} <= {202, 503}


async def test_a_message_that_is_being_taken_in_is_not_heard_again(world: World) -> None:
    await world.receipts.claim("crm", "msg_1", hashlib.sha256(BODY).digest())

    same, other = await push(world), await push(world, b'{"external_id": "3", "text": "Three fans"}')

    assert (same.status, same.json()["code"], same.headers["Retry-After"]) == (503, "in_progress", "1")
    assert (other.status, other.json()["code"], heard(world)) == (409, "id_reused", [])


async def test_of_two_bodies_at_once_under_one_id_one_alone_is_heard(world: World) -> None:
    other = b'{"external_id": "3", "text": "Three fans"}'

    replies = await asyncio.gather(push(world), push(world, other))

    assert sorted(reply.status for reply in replies) == [202, 409]
    assert len(heard(world)) == 1


async def test_another_message_under_the_same_id_is_a_conflict(world: World) -> None:
    await push(world)

    reply = await push(world, b'{"external_id": "3", "text": "Three fans"}')

    assert (reply.status, reply.json()["code"], len(heard(world))) == (409, "id_reused", 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": b"another secret of 24 bytes."},
        {"sender": "nobody"},
        {"late_s": 400},
        {"late_s": -400},
        {"signature": "v1,AAAA"},
        {"id": "a b"},
    ],
    ids=str,
)
async def test_nothing_is_heard_without_a_right_signature(world: World, wrong: dict[str, object]) -> None:
    reply = await push(world, **wrong)  # type: ignore[arg-type]  # one argument each

    assert (reply.status, reply.json()["code"], heard(world)) == (401, "unauthorized", [])
    assert reply.headers["WWW-Authenticate"] == "StandardWebhooks"


@pytest.mark.parametrize("header", [b"webhook-id", b"webhook-timestamp", b"webhook-signature"])
async def test_headers_that_are_no_text_are_no_right_signature(world: World, header: bytes) -> None:
    timestamp = str(int(world.clock.now().timestamp())).encode()
    headers = {b"webhook-id": b"msg_1", b"webhook-timestamp": timestamp, b"webhook-signature": b"v1,AAAA"}
    headers[header] += b"\xff\xfe"
    headers |= {b"Host": b"x", b"Connection": b"close", b"Content-Length": b"2"}
    headers[b"Content-Type"] = b"application/json"
    lines = b"".join(b"%s: %s\r\n" % each for each in headers.items())

    reply = await world.raw(b"POST /hooks/signals/crm HTTP/1.1\r\n" + lines + b"\r\n[]")

    assert reply.startswith(b"HTTP/1.1 401 ")


async def test_a_message_beyond_256_kib_is_refused(world: World) -> None:
    reply = await push(world, b'{"text": "' + b"x" * BODY_BYTES + b'"}')

    assert (reply.status, heard(world)) == (413, [])


async def test_what_is_no_signal_is_rejected_in_its_place(world: World) -> None:
    world.replies[HearSignals] = lambda _: SignalsHeard(
        accepted=0, duplicates=0, rejected=(SignalRejection(index=0, reason="text: is empty"),)
    )

    reply = await push(world, b'[7, {"external_id": "1"}]')

    assert [each["index"] for each in reply.json()["rejected"]] == [0, 1]


async def test_there_is_no_receipt_for_what_was_not_stored(world: World) -> None:
    world.fail(HearSignals, StoreUnavailableError("the database is away"))

    reply = await push(world)

    assert (reply.status, world.receipts.kept) == (503, {})


async def test_a_muted_sender_is_told_to_come_again_and_nothing_of_it_is_heard(world: World) -> None:
    world.replies[ListSources] = lambda _: [replace(SOURCE, name="push.crm", muted=True)]

    reply = await push(world)

    assert (reply.status, reply.json()["code"], reply.headers["Retry-After"]) == (503, "muted", "300")
    assert (heard(world), world.receipts.kept) == ([], {})
