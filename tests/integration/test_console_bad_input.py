"""Malformed requests, each with the exact status, code and field of its answer."""

import zlib
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from multidict import CIMultiDict

from leadboost.console.auth import Role
from leadboost.messages.enterprise import SellStock
from tests.integration.console_world import Reply, World, running_console

JSON = {"Content-Type": "application/json"}
KEYED = {**JSON, "Idempotency-Key": "k1"}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


SALES: list[tuple[bytes, int, str, str | None]] = [
    (b"", 400, "invalid_json", None),
    (b"null", 422, "invalid_input", ""),
    (b"[]", 422, "invalid_input", ""),
    (b'"cup"', 422, "invalid_input", ""),
    (b'{"sku": "cup", "quantity": 1', 400, "invalid_json", None),
    (b'{"sku": "cup", "quantity": 1,}', 400, "invalid_json", None),
    (b"{'sku': 'cup', 'quantity': 1}", 400, "invalid_json", None),
    (b'{"sku": "cup", "quantity": 1} x', 400, "invalid_json", None),
    (b'\xef\xbb\xbf{"sku": "cup", "quantity": 1}', 400, "invalid_json", None),
    ('{"sku": "cup", "quantity": 1}'.encode("utf-16"), 400, "invalid_json", None),
    (b'{"sku": "c\xfcp", "quantity": 1}', 400, "invalid_json", None),
    (b'{"sku": "\\ud800", "quantity": 1}', 400, "invalid_json", None),
    (b'{"sku": "cup", "quantity": NaN}', 400, "invalid_json", None),
    (b'{"sku": "cup", "quantity": Infinity}', 400, "invalid_json", None),
    (b'{"sku": "cup", "quantity": 1e999}', 400, "invalid_json", None),
    (b'{"sku": ' + b"[" * 150 + b"]" * 150 + b', "quantity": 1}', 400, "invalid_json", None),
    (b"[" * 90_000, 400, "invalid_json", None),
    (b"{}", 422, "invalid_input", "sku"),
    (b'{"sku": "cup"}', 422, "invalid_input", "quantity"),
    (b'{"sku": null, "quantity": 1}', 422, "invalid_input", "sku"),
    (b'{"sku": "", "quantity": 1}', 422, "invalid_input", "sku"),
    (b'{"sku": " cup", "quantity": 1}', 422, "invalid_input", "sku"),
    (b'{"sku": "cup\\u0000", "quantity": 1}', 422, "invalid_input", "sku"),
    (b'{"sku": "cu\\np", "quantity": 1}', 422, "invalid_input", "sku"),
    (b'{"sku": "cu\\u200bp", "quantity": 1}', 422, "invalid_input", "sku"),
    (b'{"sku": "' + b"x" * 65 + b'", "quantity": 1}', 422, "invalid_input", "sku"),
    (b'{"sku": 7, "quantity": 1}', 422, "invalid_input", "sku"),
    (b'{"sku": "cup", "quantity": 0}', 422, "invalid_input", "quantity"),
    (b'{"sku": "cup", "quantity": -1}', 422, "invalid_input", "quantity"),
    (b'{"sku": "cup", "quantity": 1.0}', 422, "invalid_input", "quantity"),
    (b'{"sku": "cup", "quantity": "1"}', 422, "invalid_input", "quantity"),
    (b'{"sku": "cup", "quantity": true}', 422, "invalid_input", "quantity"),
    (b'{"sku": "cup", "quantity": 1000001}', 422, "invalid_input", "quantity"),
    (b'{"sku": "cup", "quantity": 9223372036854775808}', 422, "invalid_input", "quantity"),
    (b'{"sku": "cup", "quantity": ' + b"9" * 300 + b"}", 422, "invalid_input", "quantity"),
    (b'{"sku": "cup", "quantity": 1, "price": 0}', 422, "invalid_input", "price"),
    (b'{"lines": []}', 422, "invalid_input", "lines"),
    (b'{"lines": {}}', 422, "invalid_input", "lines"),
    (b'{"lines": [1]}', 422, "invalid_input", "lines[0]"),
    (b'{"lines": [{"sku": "a"}]}', 422, "invalid_input", "lines[0].quantity"),
    (b'{"lines": [{"sku": "a", "quantity": 1}], "sku": "a"}', 422, "invalid_input", "lines"),
    (
        b'{"lines": [{"sku": "a", "quantity": 1}, {"sku": "a", "quantity": 2}]}',
        422,
        "invalid_input",
        "lines[1].sku",
    ),
    (
        b'{"lines": [' + b'{"sku": "a", "quantity": 1},' * 100 + b'{"sku": "b", "quantity": 1}]}',
        422,
        "invalid_input",
        "lines",
    ),
]

OTHERS: list[tuple[str, str, bytes, int, str, str | None]] = [
    ("POST", "/predict", b"{}", 422, "invalid_input", "spend"),
    ("POST", "/predict", b'{"spend": 0}', 422, "invalid_input", "spend"),
    ("POST", "/predict", b'{"spend": -5}', 422, "invalid_input", "spend"),
    ("POST", "/predict", b'{"spend": "12,50"}', 422, "invalid_input", "spend"),
    ("POST", "/predict", b'{"spend": 1e13}', 422, "invalid_input", "spend"),
    ("POST", "/predict", b'{"spend": NaN}', 400, "invalid_json", None),
    ("POST", "/predict", b'{"spend": 1, "currency": "USD"}', 422, "invalid_input", "currency"),
    ("POST", "/predict", b'{"spend": 1, "currency": "eur"}', 422, "invalid_input", "currency"),
    ("POST", "/predict", b'{"spend": 1, "text": "a\\u0000b"}', 422, "invalid_input", "text"),
    ("POST", "/predict", b'{"spend": 1, "attributes": {"a": 1}}', 422, "invalid_input", "attributes.a"),
    ("POST", "/predict", b'{"items": []}', 422, "invalid_input", "items"),
    ("POST", "/predict", b'{"items": [{"spend": 1}, {"spend": 0}]}', 422, "invalid_input", "items[1].spend"),
    ("POST", "/predict", b'{"items": [{"spend": 1}], "spend": 1}', 422, "invalid_input", "spend"),
    ("POST", "/api/signals", b"7", 422, "invalid_input", "items"),
    ("POST", "/api/signals", b"[]", 422, "invalid_input", "items"),
    ("POST", "/api/signals", b'{"items": {}}', 422, "invalid_input", "items"),
    ("POST", "/api/signals", b'{"items": [], "source": "x"}', 422, "invalid_input", "source"),
    ("POST", "/api/signals", b"[" + b"{}," * 1000 + b"{}]", 422, "invalid_input", "items"),
    ("POST", "/api/signals", b'{"extra": ' + b"[" * 40 + b"]" * 40 + b"}", 400, "invalid_json", None),
    ("POST", "/api/outcomes", b"[" + b"1," * 5000 + b"1]", 422, "invalid_input", "items"),
    ("POST", "/api/outcomes", b'[{"spend": 1e-99999999999999999999}]', 400, "invalid_json", None),
    ("PUT", "/api/stock/cup", b"{}", 422, "invalid_input", ""),
    ("PUT", "/api/stock/cup", b'{"on_hand": -1}', 422, "invalid_input", "on_hand"),
    ("PUT", "/api/stock/cup", b'{"on_hand": 2147483648}', 422, "invalid_input", "on_hand"),
    ("PUT", "/api/stock/cup", b'{"on_hand": null}', 422, "invalid_input", "on_hand"),
    ("PUT", "/api/stock/cup", b'{"on_hnad": 1}', 422, "invalid_input", "on_hnad"),
    ("PUT", "/api/stock/cup", b'{"url": "javascript:alert(1)"}', 422, "invalid_input", "url"),
    ("PUT", "/api/stock/cup", b'{"price": "-0.01"}', 422, "invalid_input", "price"),
    (
        "PUT",
        "/api/stock/cup",
        b'{"campaigns": [{"platform": "x"}]}',
        422,
        "invalid_input",
        "campaigns[0].campaign_id",
    ),
    (
        "PUT",
        "/api/stock/cup",
        b'{"campaigns": [{"platform": "x", "campaign_id": "1"}, {"platform": "x", "campaign_id": "1"}]}',
        422,
        "invalid_input",
        "campaigns[1]",
    ),
    ("PUT", "/api/stock/%00", b'{"on_hand": 1}', 422, "invalid_input", "sku"),
    ("PUT", "/api/stock/%20cup", b'{"on_hand": 1}', 422, "invalid_input", "sku"),
    ("PUT", "/api/stock/" + "x" * 65, b'{"on_hand": 1}', 422, "invalid_input", "sku"),
    ("PUT", "/api/stock/%ff", b'{"on_hand": 1}', 400, "bad_path", None),
    ("GET", "/api/signals?limit=0", b"", 422, "invalid_input", "limit"),
    ("GET", "/api/signals?limit=many", b"", 422, "invalid_input", "limit"),
    ("GET", "/api/signals?before=-1", b"", 422, "invalid_input", "before"),
    ("GET", "/api/signals?state=lost", b"", 422, "invalid_input", "state"),
    ("GET", "/api/signals?text=%00", b"", 422, "invalid_input", "text"),
    ("GET", "/api/signals?limit=1&limit=2", b"", 422, "invalid_input", "limit"),
    ("GET", "/api/signals?sauce=rss", b"", 422, "invalid_input", "sauce"),
    ("GET", "/api/events?since=9223372036854775808", b"", 422, "invalid_input", "since"),
    ("GET", "/api/stock?after=%0a", b"", 422, "invalid_input", "after"),
]


def assert_problem(reply: Reply, status: int, code: str, field: str | None) -> None:
    problem = reply.json()
    fields = [fault["field"] for fault in problem.get("errors", [])]
    assert (reply.status, problem["code"]) == (status, code), problem
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["trace_id"] == reply.headers["X-Trace-Id"]
    assert fields[:1] == ([] if field is None else [field])


@pytest.mark.parametrize(("body", "status", "code", "field"), SALES)
async def test_a_malformed_sale_is_refused_by_name_and_reaches_no_actor(
    world: World, body: bytes, status: int, code: str, field: str | None
) -> None:
    reply = await world.call("POST", "/api/sales", data=body, headers=KEYED)

    assert_problem(reply, status, code, field)
    assert world.probe.received == []


@pytest.mark.parametrize(("method", "path", "body", "status", "code", "field"), OTHERS)
async def test_a_malformed_request_is_refused_by_name_and_reaches_no_actor(
    world: World, method: str, path: str, body: bytes, status: int, code: str, field: str | None
) -> None:
    reply = await world.call(method, path, data=body, headers=JSON)

    assert_problem(reply, status, code, field)
    assert world.probe.received == []


@pytest.mark.parametrize("key", [None, "", "a b", "ü", "x" * 256, "tab\there"])
async def test_a_sale_needs_a_readable_idempotency_key(world: World, key: str | None) -> None:
    headers = JSON if key is None else {**JSON, "Idempotency-Key": key}

    reply = await world.call("POST", "/api/sales", data=b'{"sku": "cup", "quantity": 1}', headers=headers)

    assert_problem(reply, 422, "invalid_input", "Idempotency-Key")


async def test_two_idempotency_keys_are_refused(world: World) -> None:
    headers = CIMultiDict(JSON)
    headers.extend({"Idempotency-Key": "a"})
    headers.extend({"Idempotency-Key": "b"})

    reply = await world.call("POST", "/api/sales", data=b'{"sku": "cup", "quantity": 1}', headers=headers)

    assert_problem(reply, 422, "invalid_input", "Idempotency-Key")


@pytest.mark.parametrize(
    "declared",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "", "json"],
)
async def test_a_body_that_is_not_declared_as_json_is_refused(world: World, declared: str) -> None:
    headers = {"Content-Type": declared, "Idempotency-Key": "k1"}

    reply = await world.call("POST", "/api/sales", data=b'{"sku": "cup", "quantity": 1}', headers=headers)

    assert_problem(reply, 415, "unsupported_media_type", None)


@pytest.mark.parametrize(
    ("path", "size"), [("/api/sales", 2**20), ("/api/outcomes", 8 * 2**20), ("/predict", 8 * 2**20)]
)
async def test_a_body_beyond_its_bound_is_refused(world: World, path: str, size: int) -> None:
    reply = await world.call("POST", path, data=BytesIO(b" " * (size + 1)), headers=KEYED)

    assert_problem(reply, 413, "too_large", None)


async def test_a_body_without_a_length_is_bounded_too(world: World) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 2**16

    reply = await world.call("POST", "/api/sales", data=endless(), headers=KEYED)

    assert_problem(reply, 413, "too_large", None)


async def test_a_body_that_unpacks_beyond_its_bound_is_refused(world: World) -> None:
    packed = zlib.compress(b" " * 20_000_000)

    reply = await world.call(
        "POST", "/api/sales", data=packed, headers={**KEYED, "Content-Encoding": "deflate"}
    )

    assert_problem(reply, 413, "too_large", None)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nNo colon here\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"POST /api/sales HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/sales HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_what_is_not_http_gets_a_problem_and_no_hint_of_the_server(
    world: World, request_bytes: bytes
) -> None:
    answer = await world.raw(request_bytes)

    assert answer.split(b" ")[1] == b"400", answer
    assert b'"code":"bad_http"' in answer
    assert b"Server: leadboost\r\n" in answer
    assert b"aiohttp" not in answer.lower()


async def test_a_broken_chunk_is_refused(world: World) -> None:
    token = world.token(Role.ADMIN)["Authorization"].encode()
    head = b"POST /api/sales HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    tail = b"Transfer-Encoding: chunked\r\nAuthorization: " + token + b"\r\n\r\nnot hex\r\n"

    answer = await world.raw(head + tail)

    assert answer.split(b" ")[1] == b"400", answer
    assert b'"code":"bad_http"' in answer


async def test_after_all_of_it_a_good_sale_still_goes_through(world: World) -> None:
    for body, *_ in SALES:
        await world.call("POST", "/api/sales", data=body, headers=KEYED)

    reply = await world.call("POST", "/api/sales", data=b'{"sku": "cup", "quantity": 1}', headers=KEYED)

    assert reply.status == 201
    assert [type(message) for message in world.probe.received] == [SellStock]
