from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from leadboost.console import replies
from leadboost.console.auth import Role
from leadboost.domain.rules.money import TotalSpendCap
from leadboost.domain.rules.rule import Mode, Origin
from leadboost.errors import InputError, StoreUnavailableError
from leadboost.messages.safety import ListRules, PreviewRules, ReplaceRules, ReplayRules
from tests.integration.console_world import LOOKED, REPLAYED, RULES, World, running_console

CAP = {"name": "cap", "kind": "total_spend_cap", "limit": 99.5, "since": "2026-01-01", "mode": "shadow"}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


def told(world: World, kind: type) -> list[Any]:
    return [message for message in world.probe.received if isinstance(message, kind)]


async def test_rules_are_shown_with_what_became_of_them(world: World) -> None:
    reply = await world.call("GET", "/api/rules", role=Role.VIEWER)

    TypeAdapter(replies.RulesReply).validate_python(reply.json())
    floor, cap = reply.json()["items"]
    assert (floor["origin"], floor["looks"], floor["last_fired"]) == ("built_in", [], None)
    assert (cap["clear"], [each["outcome"] for each in cap["looks"]]) == (1, ["fired", "skipped", "errored"])
    assert cap["looks"][1]["skip"] == "cooldown"
    assert cap["written"]["limit"] == "99.5"
    assert cap["last_fired"]["shadow"] is True
    assert reply.json()["file_problem"].startswith("rules[0].days")


async def test_a_rule_as_it_is_shown_can_be_sent_back(world: World) -> None:
    shown = (await world.call("GET", "/api/rules")).json()["items"]

    reply = await world.call("PUT", "/api/rules", json={"rules": [each["written"] for each in shown]})

    assert (reply.status, reply.json()["rules"]) == (200, 2)
    (command,) = told(world, ReplaceRules)
    assert [each.kind for each in command.rules] == [each.kind for each in RULES.rules]


async def test_an_admin_sets_rules(world: World) -> None:
    reply = await world.call("PUT", "/api/rules", role=Role.ADMIN, json={"rules": [CAP]})

    assert reply.status == 200
    (command,) = told(world, ReplaceRules)
    (rule,) = command.rules
    assert isinstance(rule.kind, TotalSpendCap)
    assert (command.by, rule.mode, rule.origin) == ("ana", Mode.SHADOW, Origin.API)
    assert rule.kind.limit_micros == 99_500_000


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.APPROVER])
async def test_nobody_else_does(world: World, role: Role) -> None:
    reply = await world.call("PUT", "/api/rules", role=role, json={"rules": [CAP]})

    assert (reply.status, told(world, ReplaceRules)) == (403, [])


async def test_a_dry_run_sets_nothing(world: World) -> None:
    reply = await world.call("PUT", "/api/rules?dry_run=true", json={"rules": [CAP]})

    assert (reply.json()["valid"], told(world, ReplaceRules)) == (1, [])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"limit": -1}, "rules[0].limit"),
        ({"limit": "much"}, "rules[0].limit"),
        ({"since": "yesterday"}, "rules[0].since"),
        ({"name": "Cap!"}, "rules[0].name"),
        ({"kind": "luck"}, "rules[0]"),
        ({"scope": "galaxy"}, "rules[0].scope"),
        ({"mode": "maybe"}, "rules[0].mode"),
        ({"protections": {"breaker": 0}}, "rules[0].protections.breaker"),
        ({"colour": "red"}, "rules[0].colour"),
    ],
)
async def test_a_fault_is_told_by_its_field(world: World, changed: dict[str, Any], field: str) -> None:
    reply = await world.call("PUT", "/api/rules", json={"rules": [CAP | changed]})

    assert (reply.status, [each["field"] for each in reply.json()["errors"]]) == (422, [field])


async def test_two_rules_of_one_name_are_refused(world: World) -> None:
    reply = await world.call("PUT", "/api/rules", json={"rules": [CAP, CAP]})

    assert (reply.status, reply.json()["errors"][0]["field"]) == (422, "rules[1].name")


async def test_a_preview_tells_what_would_fire_what_is_held_back_and_what_failed(world: World) -> None:
    reply = await world.call("POST", "/api/rules/preview", role=Role.VIEWER, json={})

    body = reply.json()
    assert body["evaluated"] == len(LOOKED.verdicts)
    assert [len(body[each]) for each in ("matched", "skipped", "errored")] == [1, 1, 1]
    assert told(world, PreviewRules) == [PreviewRules()]


async def test_a_preview_judges_the_rules_that_are_sent(world: World) -> None:
    await world.call("POST", "/api/rules/preview", json={"rules": [CAP]})

    (asked,) = told(world, PreviewRules)
    assert [each.name for each in asked.rules] == ["cap"]


async def test_a_replay_tells_exact_money(world: World) -> None:
    reply = await world.call(
        "POST", "/api/rules/replay", role=Role.VIEWER, json={"since": "90d", "hold_days": 3}
    )

    assert told(world, ReplayRules) == [ReplayRules(days=90, hold_days=3)]
    (item,) = reply.json()["items"]
    assert b'"saved":-7.654322' in reply.body
    assert (item["fired"], item["false_pauses"], item["skipped"]) == (1, 1, {"pending": 7})
    assert (item["days"], reply.json()["currency"]) == (REPLAYED.days, "EUR")


@pytest.mark.parametrize("body", [{"since": "0d"}, {"since": "367d"}, {"since": "30"}, {"hold_days": 0}])
async def test_a_replay_of_no_days_is_refused(world: World, body: dict[str, Any]) -> None:
    assert (await world.call("POST", "/api/rules/replay", json=body)).status == 422


async def test_a_past_too_long_is_told_by_its_field(world: World) -> None:
    world.fail(ReplayRules, InputError("since", "reaches over more than 200,000 rows"))

    reply = await world.call("POST", "/api/rules/replay", json={})

    assert (reply.status, reply.json()["errors"][0]["field"]) == (422, "since")


async def test_rules_that_could_not_be_stored_are_told(world: World) -> None:
    world.fail(ReplaceRules, StoreUnavailableError("away"))

    assert (await world.call("PUT", "/api/rules", json={"rules": []})).status == 503
    assert (await world.call("GET", "/api/rules")).status == 200
    assert told(world, ListRules)
