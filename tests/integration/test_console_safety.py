from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from pydantic import TypeAdapter

from leadboost.console import replies
from leadboost.console.auth import Role
from leadboost.domain.halt import Scope
from leadboost.errors import ActorStoppedError, HaltError, StoreUnavailableError
from leadboost.messages.panic import TripHalt
from leadboost.messages.release import ApproveResume, ResumeApproved
from tests.integration.console_world import HALT, World, running_console


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


def told(world: World, kind: type) -> list[Any]:
    return [message for message in world.probe.received if isinstance(message, kind)]


async def test_a_stop_closes_the_gate_and_is_answered_at_once(world: World) -> None:
    reply = await world.call("POST", "/api/panic", role=Role.OPERATOR, json={"reason": " too much "})

    assert (reply.status, reply.json()["id"]) == (202, str(HALT.id))
    assert world.tripped == [Scope("global")]
    assert told(world, TripHalt) == [TripHalt(scope=Scope("global"), reason="too much", by="ana")]


async def test_a_stop_whose_actor_is_gone_leaves_the_gate_closed(world: World) -> None:
    world.fail(TripHalt, ActorStoppedError("panic"))

    reply = await world.call("POST", "/api/panic", json={"reason": "x"})

    assert reply.status == 503
    assert world.tripped == [Scope("global")]


async def test_a_dry_run_stops_nothing(world: World) -> None:
    reply = await world.call("POST", "/api/panic?dry_run=true", json={"reason": "x"})

    assert reply.status == 200
    assert (world.tripped, told(world, TripHalt)) == ([], [])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "   "}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "x", "scope": "everything"}, "scope"),
        ({"reason": "x", "scope": ""}, "scope"),
        ({"reason": "x", "scope": "sku:" + "x" * 500}, "scope"),
        ({"reason": "x", "scope": 7}, "scope"),
        ({"reason": "x", "now": True}, "now"),
    ],
)
async def test_a_stop_that_cannot_be_read_names_the_field(
    world: World, body: Mapping[str, object], field: str
) -> None:
    reply = await world.call("POST", "/api/panic", json=body)

    assert reply.status == 422
    assert [fault["field"] for fault in reply.json()["errors"]] == [field]
    assert world.tripped == []


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/safety", replies.SafetyReply),
        (f"/api/panic/{HALT.id}", replies.HaltReply),
        ("/api/campaigns", replies.CampaignsReply),
    ],
)
async def test_what_is_shown_is_what_the_api_document_describes(world: World, path: str, kind: Any) -> None:
    reply = await world.call("GET", path, role=Role.VIEWER)

    shown = reply.json()
    described: TypeAdapter[Any] = TypeAdapter(kind)
    told_again = described.dump_python(described.validate_python(shown), mode="json")
    assert _keys(told_again) == _keys(shown)


async def test_a_halt_tells_each_campaign_with_its_budget_in_units(world: World) -> None:
    reply = await world.call("GET", f"/api/panic/{HALT.id}")

    item = reply.json()["items"][0]
    assert (item["status"], item["daily_budget"], item["confirmed_at"]) == ("accepted", 25.5, None)


@pytest.mark.parametrize(
    ("id", "status"), [("01890000-0000-7000-8000-00000000000f", 404), ("1", 422), ("%00", 422)]
)
async def test_a_halt_that_is_not_there_is_told(world: World, id: str, status: int) -> None:
    assert (await world.call("GET", f"/api/panic/{id}")).status == status


async def test_an_approval_is_accepted_while_others_are_missing(world: World) -> None:
    body = {"halt_id": str(HALT.id), "reason": "restocked"}

    reply = await world.call("POST", "/api/resume", role=Role.APPROVER, json=body)

    assert (reply.status, reply.json()["approvals"], reply.json()["needed"]) == (202, 1, 2)
    assert told(world, ApproveResume) == [ApproveResume(halt_id=HALT.id, reason="restocked", by="ana")]


async def test_the_last_approval_is_answered_with_200(world: World) -> None:
    world.replies[ApproveResume] = lambda _: ResumeApproved(approvals=2, needed=2, resumed=True)

    reply = await world.call("POST", "/api/resume", json={"halt_id": str(HALT.id), "reason": "x"})

    assert (reply.status, reply.json()["resumed"]) == (200, True)


@pytest.mark.parametrize(
    ("code", "status"),
    [("not_found", 404), ("already_resumed", 409), ("still_at_floor", 409), ("cooling_off", 409)],
)
async def test_a_resume_that_may_not_be_says_why(world: World, code: str, status: int) -> None:
    world.fail(ApproveResume, HaltError(code, "because"))

    reply = await world.call("POST", "/api/resume", json={"halt_id": str(HALT.id), "reason": "x"})

    assert (reply.status, reply.json()["code"], reply.json()["detail"]) == (status, code, "because")


async def test_a_resume_waits_for_the_database(world: World) -> None:
    world.fail(ApproveResume, StoreUnavailableError("away"))

    reply = await world.call("POST", "/api/resume", json={"halt_id": str(HALT.id), "reason": "x"})

    assert (reply.status, reply.headers["Retry-After"]) == (503, "1")


async def test_in_safe_mode_the_stop_works_and_nothing_else_does(world: World) -> None:
    world.console.close_intake()

    stop = await world.call("POST", "/api/panic", json={"reason": "x"})
    safety = await world.call("GET", "/api/safety")
    resume = await world.call("POST", "/api/resume", json={"halt_id": str(HALT.id), "reason": "x"})

    assert (stop.status, safety.status, resume.status) == (202, 200, 503)


async def test_before_the_kill_switch_is_up_a_stop_is_refused_and_told() -> None:
    async with running_console(opened=False) as world:
        reply = await world.call("POST", "/api/panic", json={"reason": "x"})

    assert (reply.status, reply.json()["code"]) == (503, "starting")


def _keys(value: object) -> object:
    """The shape of a JSON value: its names, without what they hold."""
    if isinstance(value, dict):
        return {name: _keys(part) for name, part in value.items()}
    return [_keys(part) for part in value] if isinstance(value, list) else None
