"""Erasure on request, as it is asked for over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from leadboost.console.auth import Role
from leadboost.messages.retention import EraseSignals
from tests.integration.console_world import PROOF, World, running_console


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


@pytest.mark.parametrize(
    "body", [{"handle": "@ada"}, {"handle": "ada", "source": "x"}, {"source": "x", "external_id": "7"}]
)
async def test_an_erasure_is_done_in_the_callers_name(world: World, body: dict[str, Any]) -> None:
    reply = await world.call("POST", "/api/signals/erase", json=body)

    assert (reply.status, reply.json()["signals"], reply.json()["deletion"]) == (200, 3, str(PROOF))
    assert world.probe.received == [EraseSignals(by="ana", **body)]


async def test_source_and_item_are_looked_for_as_signals_carry_them(world: World) -> None:
    await world.call("POST", "/api/signals/erase", json={"source": " Reddit ", "external_id": " 7\n"})

    assert world.probe.received == [EraseSignals(by="ana", source="reddit", external_id="7")]


async def test_a_dry_run_only_counts(world: World) -> None:
    reply = await world.call("POST", "/api/signals/erase?dry_run=true", json={"handle": "ada"})

    assert (reply.json()["dry_run"], reply.json()["deletion"]) == (True, None)
    assert world.probe.received == [EraseSignals(handle="ada", by="ana", dry_run=True)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "handle"),
        ({"source": "x"}, "handle"),
        ({"handle": "ada", "external_id": "7", "source": "x"}, "handle"),
        ({"external_id": "7"}, "source"),
        ({"handle": ""}, "handle"),
        ({"handle": "a" * 257}, "handle"),
        ({"handle": "ada", "source": "no source"}, "source"),
        ({"external_id": "7" * 513, "source": "x"}, "external_id"),
    ],
)
async def test_what_does_not_say_whom_is_refused_by_field(
    world: World, body: dict[str, Any], field: str
) -> None:
    reply = await world.call("POST", "/api/signals/erase", json=body)

    assert (reply.status, [fault["field"] for fault in reply.json()["errors"]]) == (422, [field])
    assert world.probe.received == []


async def test_only_admins_erase(world: World) -> None:
    reply = await world.call("POST", "/api/signals/erase", role=Role.APPROVER, json={"handle": "ada"})

    assert reply.status == 403
