"""The stand-in of Firestore alone: what the connector does not ask for, and what nobody gets away with."""

import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from leadboost.clock import SystemClock
from leadboost.connectors.firestore.access import GRANT, SCOPE
from leadboost.standins.firestore import FirestoreServer
from tests.contract.firestore_world import account_key, firestore_world


class Caller:
    """Plain requests to the server, with a token of its own."""

    def __init__(self, server: FirestoreServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.headers: dict[str, str] = {}

    async def sign_in(self, **changes: object) -> tuple[int, dict[str, Any]]:
        now = int(time.time())
        claims: dict[str, object] = {"iss": account_key().email, "scope": SCOPE, "aud": self.server.token_uri}
        signed = jwt.encode(
            {**claims, "iat": now, "exp": now + 3_600, **changes}, account_key().private, "RS256"
        )
        form = {"grant_type": GRANT, "assertion": signed}
        async with self.session.post(self.server.token_uri, data=form) as response:
            body = await response.json()
        self.headers = {"Authorization": f"Bearer {body.get('access_token')}"}
        return response.status, body

    async def ask(self, method: str, path: str, body: object = None, **params: str) -> tuple[int, Any]:
        url = f"{self.server.url}/v1/{self.server.root.rstrip('/')}{path}"
        headers = self.headers | {"Content-Type": "application/json"}
        data = None if body is None else io.BytesIO(json.dumps(body).encode())
        async with self.session.request(method, url, data=data, headers=headers, params=params) as response:
            return response.status, await response.json()

    async def commit(self, *writes: dict[str, object]) -> tuple[int, Any]:
        return await self.ask("POST", ":commit", {"writes": writes})

    def update(self, path: str, fields: dict[str, object], **rest: object) -> dict[str, object]:
        return {"update": {"name": self.server.root + path, "fields": fields}, **rest}


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    async with firestore_world(tmp_path, SystemClock()) as world, aiohttp.ClientSession() as session:
        caller = Caller(world.server, session)
        await caller.sign_in()
        yield caller


def text(value: str) -> dict[str, object]:
    return {"stringValue": value}


def number(value: int) -> dict[str, object]:
    return {"integerValue": str(value)}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aud": "https://elsewhere.example"}, "audience"),
        ({"iss": "else@shop"}, "account not found"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "scope"),
        ({"exp": int(time.time()) + 7_200}, "short-lived"),
        ({"iat": int(time.time()) - 7_200, "exp": int(time.time()) - 3_600}, "short-lived"),
    ],
)
async def test_a_token_is_given_for_a_right_assertion_alone(
    caller: Caller, changes: dict[str, object], said: str
) -> None:
    status, body = await caller.sign_in(**changes)

    assert (status, body["error"]) == (400, "invalid_grant")
    assert said in body["error_description"]


async def test_nothing_is_told_without_a_token(caller: Caller) -> None:
    caller.headers = {}

    assert (await caller.ask("GET", "/signals/a"))[0] == 401
    assert (await caller.ask("POST", ":runQuery", {}))[1][0]["error"]["status"] == "UNAUTHENTICATED"


async def test_a_document_is_created_read_changed_and_deleted(caller: Caller) -> None:
    created = await caller.ask(
        "POST", "/signals", {"fields": {"a": text("x"), "b": number(1)}}, documentId="s"
    )
    twice = await caller.ask("POST", "/signals", {"fields": {}}, documentId="s")
    await caller.ask("PATCH", "/signals/s", {"fields": {"a": text("y")}}, **{"updateMask.fieldPaths": "a"})
    _, changed = await caller.ask("GET", "/signals/s")
    await caller.ask("DELETE", "/signals/s")

    assert (created[0], twice[0], twice[1]["error"]["status"]) == (200, 409, "ALREADY_EXISTS")
    assert changed["fields"] == {"a": text("y"), "b": number(1)}
    assert (await caller.ask("GET", "/signals/s"))[0] == 404


async def test_a_commit_is_done_as_a_whole_or_not_at_all(caller: Caller) -> None:
    await caller.commit(caller.update("signals/a", {"n": number(1)}))

    status, body = await caller.commit(
        caller.update("signals/b", {}), caller.update("signals/a", {}, currentDocument={"exists": False})
    )

    assert (status, body["error"]["status"]) == (409, "ALREADY_EXISTS")
    assert set(caller.server.collection("signals")) == {"a"}


async def test_a_precondition_on_the_time_of_the_last_change_is_held(caller: Caller) -> None:
    _, first = await caller.commit(caller.update("signals/a", {}))
    at = first["writeResults"][0]["updateTime"]

    good = await caller.commit(caller.update("signals/a", {}, currentDocument={"updateTime": at}))
    late = await caller.commit(caller.update("signals/a", {}, currentDocument={"updateTime": at}))
    absent = await caller.commit(caller.update("signals/b", {}, currentDocument={"exists": True}))

    assert (good[0], late[0], late[1]["error"]["status"]) == (200, 400, "FAILED_PRECONDITION")
    assert (absent[0], absent[1]["error"]["status"]) == (404, "NOT_FOUND")


async def test_transforms_are_done_by_the_server(caller: Caller) -> None:
    transforms = [
        {"fieldPath": "seen", "setToServerValue": "REQUEST_TIME"},
        {"fieldPath": "count", "increment": number(2)},
        {"fieldPath": "top", "maximum": number(5)},
        {"fieldPath": "low", "minimum": number(5)},
        {"fieldPath": "tags", "appendMissingElements": {"values": [text("a"), text("b")]}},
        {"fieldPath": "`odd-name`.inner", "removeAllFromArray": {"values": [text("a")]}},
    ]
    fields = {
        "count": number(1),
        "top": number(9),
        "low": number(9),
        "tags": {"arrayValue": {"values": [text("a")]}},
        "odd-name": {"mapValue": {"fields": {"inner": {"arrayValue": {"values": [text("a"), text("c")]}}}}},
    }

    _, body = await caller.commit(caller.update("signals/a", fields, updateTransforms=transforms))

    held = dict(caller.server.collection("signals")["a"])
    assert held.pop("seen") is not None
    assert held == {"count": 3, "top": 9, "low": 5, "tags": ["a", "b"], "odd-name": {"inner": ["c"]}}
    assert body["writeResults"][0]["transformResults"][1:3] == [number(3), number(9)]


@pytest.mark.parametrize(
    "value",
    [
        {"integerValue": 7},
        {"integerValue": str(2**63)},
        {"stringValue": 7},
        {"booleanValue": "true"},
        {"timestampValue": "2026-11-20"},
        {"bytesValue": "!"},
        {"arrayValue": {"values": [{"arrayValue": {}}]}},
        {"mapValue": {"fields": {"__x__": {"nullValue": None}}}},
        {"stringValue": "a", "integerValue": "1"},
        {"textValue": "a"},
        "bare",
    ],
)
async def test_a_value_that_is_not_typed_as_it_must_be_is_refused(caller: Caller, value: object) -> None:
    status, body = await caller.commit(caller.update("signals/a", {"v": value}))

    assert (status, body["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert caller.server.collection("signals") == {}


async def test_a_document_of_more_than_a_mebibyte_is_refused_alone(caller: Caller) -> None:
    fields: dict[str, object] = {f"f{n}": text("x" * 500_000) for n in range(3)}
    writes = [caller.update("signals/large", fields), caller.update("signals/small", {"v": text("x")})]

    _, body = await caller.ask("POST", ":batchWrite", {"writes": writes})

    assert [each.get("code", 0) for each in body["status"]] == [3, 0]
    assert set(caller.server.collection("signals")) == {"small"}


async def test_a_batch_holds_a_document_once_and_500_at_most(caller: Caller) -> None:
    twice = [caller.update("signals/a", {})] * 2
    many = [caller.update(f"signals/{n}", {}) for n in range(501)]

    statuses = [(await caller.ask("POST", ":batchWrite", {"writes": writes}))[0] for writes in (twice, many)]

    assert statuses == [400, 400]


async def test_documents_are_found_by_name_and_by_a_simple_query(caller: Caller) -> None:
    for n in range(4):
        await caller.commit(caller.update(f"signals/{n}", {"n": number(n), "kind": text("ab"[n % 2])}))
    query = {
        "from": [{"collectionId": "signals"}],
        "where": {"fieldFilter": {"field": {"fieldPath": "kind"}, "op": "EQUAL", "value": text("b")}},
        "orderBy": [{"field": {"fieldPath": "n"}, "direction": "DESCENDING"}],
        "limit": 1,
    }
    names = [f"{caller.server.root}signals/{n}" for n in (0, 9)]

    _, found = await caller.ask("POST", ":runQuery", {"structuredQuery": query})
    _, none = await caller.ask("POST", ":runQuery", {"structuredQuery": {"from": [{"collectionId": "x"}]}})
    _, got = await caller.ask("POST", ":batchGet", {"documents": names})
    _, page = await caller.ask("GET", "/signals", pageSize="3")

    assert [each["document"]["fields"]["n"] for each in found] == [number(3)]
    assert [set(each) for each in none] == [{"readTime"}]
    assert [set(each) - {"readTime"} for each in got] == [{"found"}, {"missing"}]
    assert len(page["documents"]) == 3
    assert page["nextPageToken"].endswith("/signals/2")


async def test_another_database_does_not_exist(caller: Caller) -> None:
    caller.server.root = caller.server.root.replace("(default)", "other")

    assert (await caller.ask("GET", "/signals/a"))[0] == 404
