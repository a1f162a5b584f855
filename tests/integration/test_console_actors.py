"""The whole way from HTTP to Postgres and back, with the actors that do the work."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from typing import Any

import orjson
import pytest

from leadboost.actors.enterprise import Enterprise
from leadboost.actors.journal import Journal
from leadboost.actors.predictor import Predictor
from leadboost.actors.scout import Intake, Scout
from leadboost.console.replies import KeyConflict, ShortStock, UnknownSku
from leadboost.domain.radar.policy import Policy
from leadboost.domain.radar.tally import IntakeTally
from leadboost.messages.events import EventsCommitted, EventsNumbered, SignalsStored
from leadboost.runtime import Topic
from leadboost.store.database import Database
from leadboost.store.hearing import PgHearingStore
from leadboost.store.journal import PgJournalStore
from leadboost.store.leases import PgLeaseStore
from leadboost.store.models import PgModelStore
from leadboost.store.radar import PgKnowledgeStore
from leadboost.store.sales import PgSaleStore
from leadboost.store.signals import PgSignalStore
from leadboost.store.sources import PgSourceStore
from tests.cleaned import PSEUDONYMS
from tests.integration.console_world import Reply, World, running_console

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    committed: Topic[EventsCommitted] = Topic("events committed")
    numbered: Topic[EventsNumbered] = Topic("events numbered")
    stored: Topic[SignalsStored] = Topic("signals stored")
    async with running_console(opened=False) as world:
        spawn = world.runtime.spawn
        journal = await spawn(
            "journal",
            lambda: Journal(
                store=PgJournalStore(database),
                leases=PgLeaseStore(database),
                holder="test",
                numbered=numbered,
            ),
        )
        enterprise = await spawn(
            "enterprise",
            lambda: Enterprise(
                store=PgSaleStore(database, currency="EUR"),
                committed=committed,
                reached=Topic("reached"),
                sold=Topic("sold"),
                state=Topic("state"),
                leases=PgLeaseStore(database),
                holder="test",
            ),
        )
        scout = await spawn(
            "scout",
            lambda: Scout(
                signals=PgSignalStore(database),
                knowledge=PgKnowledgeStore(database),
                policy=Policy(),
                pseudonyms=PSEUDONYMS,
                states=PgSourceStore(database),
                sources=[],
                leases=PgLeaseStore(database),
                holder="test",
                committed=committed,
                stored=stored,
                state=Topic("state"),
                steps=Topic("steps"),
                intake=Intake(),
                tally=IntakeTally(),
            ),
        )
        predictor = await spawn("predictor", lambda: Predictor(models=PgModelStore(database)))
        real: dict[str, Any] = {
            "journal": journal,
            "enterprise": enterprise,
            "scout": scout,
            "predictor": predictor,
            "hearing": PgHearingStore(database),
            "signals": PgSignalStore(database),
        }
        world.console.open(replace(world.handles(), **real))
        yield world


async def buy(world: World, key: str, body: bytes = b'{"sku":"cup","quantity":1}') -> Reply:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    return await world.call("POST", "/api/sales", data=body, headers=headers)


async def stock(world: World, **fields: Any) -> Reply:
    return await world.call("PUT", "/api/stock/cup", json=fields)


async def numbered_events(world: World) -> dict[str, Any]:
    """Wait until something is numbered, and return the page."""
    page: dict[str, Any] = {"events": []}
    async with asyncio.timeout(10):
        while not page["events"]:
            page = (await world.call("GET", "/api/events?since=0")).json()
    return page


async def test_a_crowd_never_buys_more_than_there_is(world: World) -> None:
    await stock(world, on_hand=30)

    replies = await asyncio.gather(*(buy(world, f"k{number}") for number in range(100)))

    statuses = sorted(reply.status for reply in replies)
    assert statuses == [201] * 30 + [409] * 70
    (cup,) = (await world.call("GET", "/api/stock")).json()["items"]
    assert (cup["on_hand"], cup["available"]) == (0, 0)


async def test_equal_keys_get_equal_bytes_and_another_body_is_a_conflict(world: World) -> None:
    await stock(world, on_hand=5)

    first, second = await buy(world, "k"), await buy(world, "k", b'{"quantity": 1, "sku": "cup"}')
    other = await buy(world, "k", b'{"sku":"cup","quantity":2}')

    assert first.status == second.status == 201
    assert first.body == second.body
    assert (other.status, other.json()["code"]) == (409, "idempotency_conflict")
    assert set(other.json()) == {field.name for field in fields(KeyConflict)}


async def test_what_cannot_be_sold_is_explained(world: World) -> None:
    await stock(world, on_hand=1)

    short = await buy(world, "a", b'{"sku":"cup","quantity":2}')
    unknown = await buy(world, "b", b'{"sku":"bowl","quantity":1}')

    assert (short.status, short.json()["code"], short.json()["available"]) == (409, "insufficient_stock", 1)
    assert (unknown.status, unknown.json()["code"]) == (404, "unknown_sku")
    assert set(short.json()) == {field.name for field in fields(ShortStock)}
    assert set(unknown.json()) == {field.name for field in fields(UnknownSku)}
    assert short.headers["Content-Type"] == unknown.headers["Content-Type"] == "application/problem+json"


async def test_bad_sales_in_a_full_batch_of_good_ones_fail_alone(world: World) -> None:
    await stock(world, on_hand=1000)
    bad = [
        b'{"sku":"c\\u0000","quantity":1}',
        b'{"sku":"cup","quantity":1e30}',
        b'{"sku":"cup","quantity":"1"}',
    ]
    bodies = [b'{"sku":"cup","quantity":1}'] * 100
    bodies[20:20], bodies[50:50] = bad, bad

    replies = await asyncio.gather(*(buy(world, f"k{number}", body) for number, body in enumerate(bodies)))

    assert sorted(reply.status for reply in replies) == [201] * 100 + [422] * 6


async def test_stock_keeps_what_is_left_out(world: World) -> None:
    await stock(world, on_hand=7, price="12.345678", title="Cup", campaigns=[])

    changed = (await stock(world, floor=2)).json()

    assert (changed["on_hand"], changed["floor"], changed["price"], changed["title"]) == (
        7,
        2,
        12.345678,
        "Cup",
    )


async def test_a_sale_that_reaches_the_floor_is_an_event_that_can_be_read(world: World) -> None:
    await stock(world, on_hand=3, floor=2)
    await buy(world, "k")

    page = await numbered_events(world)

    event = page["events"][-1]
    assert (event["kind"], event["data"]) == (
        "stock.low",
        {"sku": "cup", "on_hand": 2, "available": 2, "floor": 2},
    )
    assert page["offset"] == event["offset"]
    again = await world.call("GET", f"/api/events?since={page['offset']}&epoch={page['epoch']}")
    assert (again.json()["recovered"], again.json()["events"]) == (True, [])


async def test_signals_are_heard_once_and_can_be_found(world: World) -> None:
    items = [{"source": "shop", "external_id": str(number), "text": f"cup {number}"} for number in range(3)]
    hostile = [
        {"source": "shop", "external_id": "n", "text": "a\0b"},
        {"source": "shop"},
        7,
        {"text": {"a": 1}},
    ]

    first = (
        await world.call("POST", "/api/signals", data=orjson.dumps(items + hostile), headers=JSON)
    ).json()
    second = (
        await world.call("POST", "/api/signals", data=orjson.dumps({"items": items}), headers=JSON)
    ).json()
    found = (await world.call("GET", "/api/signals?source=shop&text=cup%202")).json()

    assert first["accepted"] + first["duplicates"] + len(first["rejected"]) == 7
    assert first["accepted"] >= 3
    assert (second["accepted"], second["duplicates"]) == (0, 3)
    assert [item["external_id"] for item in found["items"]] == ["2"]


async def test_signals_are_paged_without_a_gap(world: World) -> None:
    items = [{"source": "shop", "external_id": str(number), "text": f"cup {number}"} for number in range(5)]
    await world.call("POST", "/api/signals", data=orjson.dumps(items), headers=JSON)

    first = (await world.call("GET", "/api/signals?limit=3")).json()
    second = (await world.call("GET", f"/api/signals?limit=3&before={first['next']}")).json()

    seen = [item["external_id"] for item in first["items"] + second["items"]]
    assert seen == ["4", "3", "2", "1", "0"]
    assert second["next"] is None


async def test_many_planned_spends_are_forecast_together_before_anything_was_learned(world: World) -> None:
    items = [{"spend": spend, "text": "cups"} for spend in range(1, 301)]

    forecasts = (await world.call("POST", "/predict", json={"items": items})).json()["items"]

    assert len(forecasts) == 300
    assert {forecast["basis"] for forecast in forecasts} == {"prior"}
    assert all(each["interval"]["low"] < each["roi"] < each["interval"]["high"] for each in forecasts)


async def test_a_topic_rejects_what_comes_next_and_a_person_may_overrule_it(
    world: World,
) -> None:
    topics = {"items": [{"name": "fans", "terms": ["electric fan"]}]}
    await world.call("PUT", "/api/topics", json=topics)
    texts = ["I want an electric fan", "cheap flights to Rome"]
    signals = [{"source": "x", "external_id": text, "text": text} for text in texts]

    heard = (await world.call("POST", "/api/signals", json=signals)).json()
    (poor,) = (await world.call("GET", "/api/signals?state=rejected")).json()["items"]
    (wanted,) = (await world.call("GET", "/api/signals?topic=fans")).json()["items"]
    decided = (await world.call("POST", f"/api/signals/{poor['id']}/accept", json={})).json()

    assert (heard["accepted"], [item["index"] for item in heard["rejected"]]) == (1, [1])
    assert (poor["text"], poor["reason"].split(":")[0], wanted["text"]) == (texts[1], "off_topic", texts[0])
    assert (decided["state"], decided["reason"], decided["decided_by"]) == ("pending", None, "ana")


async def test_a_forecast_answers_to_signals_that_are_kept_and_to_no_others(world: World) -> None:
    signal = {"source": "forum", "external_id": "1", "text": "Where can I buy a quiet fan for a hot flat?"}
    await world.call("POST", "/api/signals", json=signal)
    (kept,) = (await world.call("GET", "/api/signals")).json()["items"]
    nobody = "01890000-0000-7000-8000-000000000001"

    known = await world.call("POST", "/predict", json={"spend": 1, "signal_ids": [kept["id"]]})
    unknown = await world.call("POST", "/predict", json={"spend": 1, "signal_ids": [kept["id"], nobody]})

    assert (known.status, known.json()["basis"]) == (200, "prior")
    assert (unknown.status, unknown.json()["errors"][0]["field"]) == (422, "signal_ids[1]")
