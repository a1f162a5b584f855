from collections.abc import AsyncIterator
from typing import Any

import pytest

from leadboost.console.auth import Role
from tests.integration.console_world import World, running_console
from tests.integration.session_world import PASSWORD, make, store_of


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


async def test_an_admin_creates_accounts_and_lists_them(world: World) -> None:
    headers = await world.signed_in(Role.ADMIN, "root")
    body = {"name": "Ana", "password": PASSWORD, "role": "approver"}

    created = await world.call("POST", "/api/accounts", role=None, headers=headers, json=body)

    listed = (await world.call("GET", "/api/accounts", role=None, headers=headers)).json()["items"]
    assert (created.status, created.json()) == (201, {**listed[1], "trace_id": created.headers["X-Trace-Id"]})
    assert [(each["name"], each["role"], each["last_login_at"] is None) for each in listed] == [
        ("root", "admin", False),
        ("Ana", "approver", True),
    ]
    assert listed[0].keys() == {"name", "role", "created_at", "last_login_at"}


async def test_a_name_is_taken_once_whatever_its_case(world: World) -> None:
    await make(world, "Ana")

    reply = await world.call(
        "POST", "/api/accounts", json={"name": "ANA", "password": PASSWORD, "role": "viewer"}
    )

    assert (reply.status, reply.json()["code"]) == (409, "account_exists")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " ana"),
        ("name", "a\x00b"),
        ("name", "a\nb"),
        ("name", "a\u202eb"),
        ("name", "a" * 65),
        ("password", "eleven char"),
        ("password", "a" * 257),
        ("password", "password1234"),
        ("password", "P@ssw0rd2024!"),
        ("password", "123456789012"),
        ("password", "aaaaaaaaaaaaaaaa"),
        ("password", "e\u0301" * 7),
        ("role", "root"),
        ("role", None),
    ],
)
async def test_a_bad_account_is_refused_by_field_and_never_repeated(
    world: World, field: str, value: Any
) -> None:
    body = {"name": "ana", "password": PASSWORD, "role": "viewer", field: value}

    reply = await world.call("POST", "/api/accounts", json=body)

    assert reply.status == 422
    assert [fault["field"] for fault in reply.json()["errors"]] == [field]
    assert field != "password" or str(value) not in reply.body.decode()
    assert store_of(world).accounts == {}


async def test_a_dry_run_creates_no_account(world: World) -> None:
    body = {"name": "ana", "password": PASSWORD, "role": "viewer"}

    reply = await world.call("POST", "/api/accounts?dry_run=true", json=body)

    assert (reply.status, reply.json()["valid"]) == (200, 1)
    assert store_of(world).accounts == {}
