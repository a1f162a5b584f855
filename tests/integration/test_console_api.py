import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from leadboost.console.api_learn import MAX_SIGNAL_IDS
from leadboost.console.auth import Role
from leadboost.domain.outcome import Outcome
from leadboost.domain.stock import Line
from leadboost.errors import (
    ActorStoppedError,
    AskTimeoutError,
    InputError,
    MailboxFullError,
    OutcomeUnknownError,
    StoreDataError,
    StoreUnavailableError,
)
from leadboost.messages.enterprise import Answer, ListStock, PutStock, SellStock
from leadboost.messages.journal import ReadEvents
from leadboost.messages.scout import HearSignals, ListSources, MuteSource, SignalPage, SignalQuery
from leadboost.messages.trainer import Predict, RecordOutcomes, RollBack
from tests.integration.console_world import PRODUCT as STOCKED
from tests.integration.console_world import SOLD, STORED, World, running_console

ORDER = {"sku": "cup", "quantity": 2}
KEY = {"Idempotency-Key": "k1"}
FORECAST = {
    "roi": 0.5,
    "expected_roi": 0.75,
    "interval": {"low": -0.25, "high": 2.0, "level": 0.8},
    "basis": "learned",
    "observations": 120,
    "model_version": 3,
    "base": 0.25,
    "explanation": [{"feature": "platform=meta_ads", "effect": 0.125}],
}
PRODUCT = (
    b'{"sku":"cup","title":"Cup","url":null,"price":12.345678,"unit_cost":123456789012.345678,"currency":"EUR",'
    b'"on_hand":5,"reserved":1,"available":4,"floor":0,"campaigns":[{"platform":"meta_ads","campaign_id":"7"}],'
    b'"sold_per_day":null,"runway_days":null'
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


async def test_a_sale_is_told_whose_it_is_and_its_stored_answer_leaves_byte_for_byte(world: World) -> None:
    reply = await world.call("POST", "/api/sales", json=ORDER, headers=KEY, role=Role.OPERATOR)

    assert (reply.status, reply.body) == (SOLD.status, SOLD.body)
    assert reply.headers["Content-Type"] == "application/json"
    request_hash = hashlib.sha256(b'[["cup",2]]').digest()
    lines = (Line(sku="cup", quantity=2),)
    trace = UUID(reply.headers["X-Trace-Id"])
    assert world.probe.received == [
        SellStock(principal="ana", key="k1", request_hash=request_hash, lines=lines, trace=trace)
    ]


async def test_a_refused_sale_leaves_as_a_problem_byte_for_byte(world: World) -> None:
    world.replies[SellStock] = lambda _: Answer(status=409, body=b'{"code":  "insufficient_stock"}')

    reply = await world.call("POST", "/api/sales", json={"lines": [ORDER]}, headers=KEY)

    assert (reply.status, reply.body) == (409, b'{"code":  "insufficient_stock"}')
    assert reply.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (AskTimeoutError("enterprise", "SellStock"), 503, "outcome_unknown", "1"),
        (ActorStoppedError("enterprise"), 503, "outcome_unknown", "1"),
        (OutcomeUnknownError("COMMIT"), 503, "outcome_unknown", "1"),
        (StoreUnavailableError("secret-host:5432"), 503, "store_unavailable", "1"),
        (MailboxFullError("enterprise"), 503, "overloaded", "1"),
        (StoreDataError("bad"), 422, "invalid_data", None),
        (InputError("lines[0].sku", "is not sold here"), 422, "invalid_input", None),
        (RuntimeError("a bug with a secret"), 500, "internal", None),
    ],
)
async def test_an_error_behind_a_sale_has_its_own_answer(
    world: World, error: Exception, status: int, code: str, retry_after: str | None
) -> None:
    world.fail(SellStock, error)

    reply = await world.call("POST", "/api/sales", json=ORDER, headers=KEY)

    assert (reply.status, reply.json()["code"]) == (status, code)
    assert reply.headers.get("Retry-After") == retry_after
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert b"secret" not in reply.body


@pytest.mark.parametrize("error", [OutcomeUnknownError("COMMIT"), AskTimeoutError("enterprise", "SellStock")])
async def test_a_sale_of_unknown_fate_is_to_be_sent_again_with_its_key(
    world: World, error: Exception
) -> None:
    world.fail(SellStock, error)

    reply = await world.call("POST", "/api/sales", json=ORDER, headers=KEY)

    assert "Send the same request with the same key again." in reply.json()["detail"]


async def test_a_change_of_unknown_fate_is_to_be_looked_at_before_it_is_sent_again(world: World) -> None:
    world.fail(PutStock, OutcomeUnknownError("COMMIT"))

    reply = await world.call("PUT", "/api/stock/cup", json={"floor": 1})

    assert (reply.status, reply.json()["code"]) == (503, "outcome_unknown")
    assert reply.json()["detail"].endswith("Look at what is there now, and send it again if it did not.")


async def test_a_late_answer_to_anything_but_a_sale_is_a_timeout(world: World) -> None:
    world.fail(Predict, AskTimeoutError("predictor", "Predict"))

    reply = await world.call("POST", "/predict", json={"spend": 1})

    assert (reply.status, reply.json()["code"]) == (504, "timeout")


async def test_a_bug_is_logged_with_the_trace_id_of_its_answer_and_the_console_lives_on(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    world.fail(ListStock, RuntimeError("the bug"))

    reply = await world.call("GET", "/api/stock")

    logged = caplog.text + "".join(capsys.readouterr())
    assert reply.json()["trace_id"] in logged
    assert "the bug" in logged
    assert world.token(Role.ADMIN)["Authorization"] not in logged
    assert (await world.call("GET", "/healthz")).status == 200


async def test_one_planned_spend_is_forecast(world: World) -> None:
    body = {
        "spend": "12.50",
        "text": "cups",
        "platform": "meta_ads",
        "currency": "EUR",
        "attributes": {"a": "b"},
    }

    reply = await world.call("POST", "/predict", json=body, role=Role.VIEWER)

    assert reply.json() == FORECAST
    assert world.probe.received == [
        Predict(spend_micros=12_500_000, text="cups", platform="meta_ads", attributes={"a": "b"})
    ]


async def test_many_planned_spends_are_forecast_in_order(world: World) -> None:
    items = [{"spend": number} for number in range(1, 601)]

    reply = await world.call("POST", "/predict", json={"items": items})

    assert reply.json() == {"items": [FORECAST] * 600}
    assert world.probe.received == [Predict(spend_micros=number * 1_000_000) for number in range(1, 601)]


SIGNALS = [UUID(int=number) for number in (1, 2, 3)]


async def test_a_planned_spend_is_forecast_with_what_its_signals_said_on_average(world: World) -> None:
    world.hearing.heard = dict(zip(SIGNALS, [{"trust": 0.5}, {"trust": 0.75}, {}], strict=True))
    items = [
        {"spend": 1, "signal_ids": [str(SIGNALS[0]), str(SIGNALS[1]), str(SIGNALS[0])]},
        {"spend": 2, "signal_ids": [str(SIGNALS[2])]},
        {"spend": 3},
    ]

    reply = await world.call("POST", "/predict", json={"items": items})

    assert reply.status == 200
    assert world.probe.received == [
        Predict(spend_micros=1_000_000, heard={"trust": 0.625}),
        Predict(spend_micros=2_000_000),
        Predict(spend_micros=3_000_000),
    ]


@pytest.mark.parametrize("many", [False, True])
async def test_a_forecast_for_an_unknown_signal_names_the_field(world: World, many: bool) -> None:
    world.hearing.heard = {SIGNALS[0]: {}}
    item = {"spend": 1, "signal_ids": [str(SIGNALS[0]), str(SIGNALS[1])]}

    reply = await world.call("POST", "/predict", json={"items": [{"spend": 1}, item]} if many else item)

    assert (reply.status, reply.json()["code"]) == (422, "invalid_input")
    assert [fault["field"] for fault in reply.json()["errors"]] == [
        "items[1].signal_ids[1]" if many else "signal_ids[1]"
    ]
    assert world.probe.received == []


async def test_forecasts_for_too_many_signals_at_once_name_the_field(world: World) -> None:
    ids = [UUID(int=number) for number in range(MAX_SIGNAL_IDS + 1)]
    world.hearing.heard = {id_: {} for id_ in ids}
    items: list[dict[str, Any]] = [
        {"spend": 1, "signal_ids": [str(id_) for id_ in ids[start : start + 100]]}
        for start in range(0, MAX_SIGNAL_IDS, 100)
    ]

    within = await world.call("POST", "/predict", json={"items": items * 2})
    beyond = await world.call(
        "POST", "/predict", json={"items": [*items, {"spend": 1, "signal_ids": [str(ids[-1])]}]}
    )

    assert (within.status, beyond.status) == (200, 422)
    assert [fault["field"] for fault in beyond.json()["errors"]] == [f"items[{len(items)}].signal_ids"]


OUTCOME = {"external_id": "a", "platform": "meta_ads", "date": "2026-01-31", "spend": 10.1, "revenue": "0.3"}


@pytest.mark.parametrize("body", [OUTCOME, [OUTCOME], {"items": [OUTCOME]}])
async def test_outcomes_come_one_or_many(world: World, body: Any) -> None:
    reply = await world.call("POST", "/api/outcomes", json=body)

    counts = {"accepted": 1, "changed": 1, "unchanged": 0, "skipped": [], "rejected": []}
    assert reply.json() == {**counts, "trace_id": reply.headers["X-Trace-Id"]}
    outcome = Outcome(
        external_id="a",
        platform="meta_ads",
        day=date(2026, 1, 31),
        spend_micros=10_100_000,
        revenue_micros=300_000,
        currency="EUR",
    )
    assert world.probe.received == [RecordOutcomes(outcomes=[outcome])]


async def test_a_request_without_one_good_outcome_troubles_nobody(world: World) -> None:
    reply = await world.call("POST", "/api/outcomes", json=[{**OUTCOME, "spend": 0}, {**OUTCOME, "date": 1}])

    assert (reply.json()["accepted"], world.probe.received) == (0, [])
    assert reply.json()["skipped"] == [{"index": 0, "reason": "zero spend"}]
    assert reply.json()["rejected"] == [{"index": 1, "reason": "date: must be a date such as 2026-01-31"}]


async def test_the_model_is_told_in_the_shape_of_the_contract(world: World) -> None:
    reply = await world.call("GET", "/api/model")

    assert reply.json() == {
        "version": 3,
        "observations": 120,
        "pending": 4,
        "prequential": {"mae": 0.2, "baseline_mae": 0.6, "rows": 100},
        "interval": {"level": 0.8, "coverage": 0.79},
        "drift": None,
        "members": [],
        "history": [],
        "versions": [],
    }


async def test_a_rollback_names_the_version_the_reason_and_who(world: World) -> None:
    reply = await world.call("POST", "/api/model/rollback", json={"version": 7, "reason": "bad file"})

    assert (reply.status, reply.json()["version"]) == (200, 9)
    assert world.probe.received == [RollBack(version=7, reason="bad file", by="ana")]


async def test_signals_that_are_no_objects_are_refused_and_the_others_keep_their_place(world: World) -> None:
    reply = await world.call("POST", "/api/signals", json=[1, {"text": ""}, "x", {"text": "cups"}])

    assert reply.json() == {
        "accepted": 1,
        "duplicates": 0,
        "rejected": [
            {"index": 0, "reason": "must be an object"},
            {"index": 1, "reason": "text: empty"},
            {"index": 2, "reason": "must be an object"},
        ],
        "trace_id": reply.headers["X-Trace-Id"],
    }
    assert world.probe.received == [HearSignals(items=[{"text": ""}, {"text": "cups"}])]


async def test_signals_are_filtered_and_paged(world: World) -> None:
    world.signals.found = SignalPage(items=[STORED], next=41)

    reply = await world.call("GET", "/api/signals?source=rss&state=pending&text=caf%C3%A9&before=42&limit=1")

    page = reply.json()
    assert (page["next"], len(page["items"]), page["items"][0]["external_id"]) == (41, 1, "a")
    assert page["items"][0]["heard_at"] == "2026-01-31T12:00:00Z"
    assert world.signals.asked == [
        SignalQuery(before=42, source="rss", state="pending", text="café", limit=1)
    ]
    world.signals.found = SignalPage(items=[STORED])
    assert (await world.call("GET", "/api/signals")).json()["next"] is None


async def test_sources_are_listed(world: World) -> None:
    found = (await world.call("GET", "/api/sources")).json()

    (source,), (offer,) = found["items"], found["offers"]
    assert (source["name"], source["state"], source["last_item_at"]) == ("trade-news", "up", None)
    assert (source["host"], source["muted"]) == ("shop-1:77", False)
    assert (offer["kind"], offer["obtainable"], offer["enabled"]) == ("rss", "free", True)


async def test_a_source_is_muted_in_the_callers_name(world: World) -> None:
    body = {"muted": True, "reason": "noise"}

    reply = await world.call("POST", "/api/sources/trade-news/mute", json=body)

    assert (reply.status, reply.json()["name"]) == (200, "trade-news")
    assert world.probe.received == [MuteSource(name="trade-news", muted=True, reason="noise", by="ana")]


async def test_a_dry_run_of_muting_writes_nothing(world: World) -> None:
    reply = await world.call("POST", "/api/sources/trade-news/mute?dry_run=true", json={"muted": True})

    assert (reply.status, world.probe.received) == (200, [ListSources()])


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
async def test_no_unknown_source_is_muted(world: World, query: str) -> None:
    reply = await world.call("POST", f"/api/sources/nowhere/mute{query}", json={"muted": True})

    assert (reply.status, reply.json()["code"]) == (404, "not_found")


async def test_stock_is_set_and_the_answer_is_exact(world: World) -> None:
    body = b'{"on_hand": 5, "price": 12.345678, "campaigns": [{"platform": "meta_ads", "campaign_id": "7"}]}'
    headers = {"Content-Type": "application/json"}

    reply = await world.call("PUT", "/api/stock/caf%C3%A9%2F1", data=body, headers=headers)

    assert reply.body == PRODUCT + b',"trace_id":"' + reply.headers["X-Trace-Id"].encode() + b'"}'
    (put,) = world.probe.received
    assert isinstance(put, PutStock)
    assert (put.sku, put.by, put.on_hand, put.floor, put.price_micros) == (
        "café/1",
        "ana",
        5,
        None,
        12_345_678,
    )


async def test_stock_is_listed_in_pages(world: World) -> None:
    world.replies[ListStock] = lambda asked: [STOCKED, replace(STOCKED, sku="dish")][: asked.limit]

    reply = await world.call("GET", "/api/stock?after=bowl&limit=1")

    assert reply.body == b'{"items":[' + PRODUCT + b'}],"next":"cup"}'
    assert world.probe.received == [ListStock(after="bowl", limit=2)]


async def test_a_full_last_page_of_stock_is_followed_by_none(world: World) -> None:
    reply = await world.call("GET", "/api/stock?limit=1")

    assert reply.body == b'{"items":[' + PRODUCT + b'}],"next":null}'


async def test_events_are_read_after_an_offset(world: World) -> None:
    reply = await world.call("GET", "/api/events?since=1&epoch=e1")

    event = {"offset": 2, "kind": "stock.out", "at": "2026-01-31T12:00:00Z", "data": {"sku": "cup"}}
    assert reply.json() == {"epoch": "e1", "offset": 2, "recovered": True, "events": [event]}
    assert world.probe.received == [ReadEvents(since=1, epoch="e1")]


async def test_actors_show_their_queues(world: World) -> None:
    (actor,) = (await world.call("GET", "/api/actors")).json()["items"]

    assert (actor["name"], actor["restarts"]) == ("probe", 0)
    assert actor["depth"] == {"control": 0, "command": 0, "event": 0}


SIGNAL = {"source": "rss", "external_id": "a", "text": "cups"}
WRITES = [
    ("POST", "/api/sales", ORDER, []),
    ("PUT", "/api/stock/cup", {"floor": 1}, []),
    ("POST", "/api/outcomes", [OUTCOME, 7], [{"index": 1, "reason": "must be an object"}]),
    (
        "POST",
        "/api/signals",
        {"items": [{"source": "rss", "external_id": "b"}, SIGNAL]},
        [{"index": 0, "reason": "text: is empty, and so is title; give at least one of them"}],
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "rejected"), WRITES)
async def test_a_dry_run_tells_what_is_wrong_and_reaches_no_actor(
    world: World, method: str, path: str, body: Any, rejected: list[Any]
) -> None:
    reply = await world.call(method, f"{path}?dry_run=true", json=body, headers=KEY)

    assert reply.status == 200
    assert reply.json() == {
        "valid": 1,
        "skipped": [],
        "rejected": rejected,
        "trace_id": reply.headers["X-Trace-Id"],
        "dry_run": True,
    }
    assert world.probe.received == []


@pytest.mark.parametrize(("method", "path", "body", "_"), WRITES)
@pytest.mark.parametrize("query", ["dry_run=perhaps", "dryrun=true", "dry_run=true&dry_run=false"])
async def test_a_write_with_a_doubtful_query_is_refused(
    world: World, method: str, path: str, body: Any, _: Any, query: str
) -> None:
    reply = await world.call(method, f"{path}?{query}", json=body, headers=KEY)

    assert (reply.status, reply.json()["errors"][0]["field"]) == (422, query.partition("=")[0])
    assert world.probe.received == []


async def test_a_run_that_is_said_not_to_be_dry_writes(world: World) -> None:
    reply = await world.call("PUT", "/api/stock/cup?dry_run=false", json={"floor": 1})

    assert (reply.status, len(world.probe.received)) == (200, 1)
