"""Decisions on signals, topics, and what the listing says of both."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from leadboost.messages.scout import DecideSignal, Echo, ListTopics, ReplaceTopics, SignalPage, SignalQuery
from tests.integration.console_world import STORED, World, running_console

CLUSTER = UUID("01890000-0000-8000-8000-000000000009")
TOPIC_JSON = {"name": "fans", "terms": ["electric fan"], "examples": ["too hot to sleep"]}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


async def test_a_signal_shows_what_cleaning_found(world: World) -> None:
    found = replace(
        STORED,
        state="rejected",
        reason="spam: 0.97 is above 0.8",
        language="en",
        topics=("fans",),
        spam=0.97,
        cluster=Echo(id=CLUSTER, size=3, sources=2, lead=True),
        decided_by="ana",
    )
    world.signals.found = SignalPage(items=[found])

    (item,) = (await world.call("GET", "/api/signals")).json()["items"]

    assert {name: item[name] for name in ("state", "reason", "language", "topics", "spam", "decided_by")} == {
        "state": "rejected",
        "reason": "spam: 0.97 is above 0.8",
        "language": "en",
        "topics": ["fans"],
        "spam": 0.97,
        "decided_by": "ana",
    }
    assert item["cluster"] == {"id": str(CLUSTER), "size": 3, "sources": 2, "lead": True}


async def test_signals_are_filtered_by_topic_and_cluster(world: World) -> None:
    reply = await world.call("GET", f"/api/signals?topic=fans&cluster={CLUSTER}")

    assert reply.status == 200
    assert world.signals.asked == [SignalQuery(topic="fans", cluster=CLUSTER, limit=100)]


@pytest.mark.parametrize(("verdict", "accept"), [("accept", True), ("reject", False)])
async def test_a_decision_is_taken_in_the_callers_name(world: World, verdict: str, accept: bool) -> None:
    reply = await world.call("POST", f"/api/signals/{STORED.id}/{verdict}", json={"reason": "an advert"})

    assert (reply.status, reply.json()["id"], reply.json()["trace_id"]) == (
        200,
        str(STORED.id),
        reply.headers["X-Trace-Id"],
    )
    assert world.probe.received == [DecideSignal(id=STORED.id, accept=accept, reason="an advert", by="ana")]


async def test_a_decision_on_an_unknown_signal_is_404(world: World) -> None:
    reply = await world.call("POST", f"/api/signals/{CLUSTER}/reject", json={})

    assert (reply.status, reply.json()["code"]) == (404, "not_found")


async def test_a_decision_names_a_signal_by_its_id(world: World) -> None:
    reply = await world.call("POST", "/api/signals/first/reject", json={})

    assert (reply.status, reply.json()["errors"][0]["field"]) == (422, "id")
    assert world.probe.received == []


async def test_topics_are_listed(world: World) -> None:
    (item,) = (await world.call("GET", "/api/topics")).json()["items"]

    assert item == {**TOPIC_JSON, "updated_at": "2026-01-31T12:00:00Z"}
    assert world.probe.received == [ListTopics()]


async def test_topics_are_replaced_as_a_whole(world: World) -> None:
    reply = await world.call("PUT", "/api/topics", json={"items": [{"name": "zoo", "terms": [" zebra "]}]})

    assert reply.json()["items"] == [{"name": "zoo", "terms": ["zebra"], "examples": [], "updated_at": None}]
    (command,) = world.probe.received
    assert isinstance(command, ReplaceTopics)
    assert command.by == "ana"


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([{"name": "a", "terms": []}], "items[0].terms"),
        ([{"name": "a", "terms": ["!?"]}], "items[0].terms[0]"),
        ([{"name": "", "terms": ["a"]}], "items[0].name"),
        ([TOPIC_JSON, TOPIC_JSON], "items[1].name"),
        ([{"name": "a", "terms": ["a"], "weight": 1}], "items[0].weight"),
        ([{"name": "a", "terms": ["a"], "examples": ["x" * 501]}], "items[0].examples[0]"),
    ],
)
async def test_a_faulty_topic_is_refused_by_its_field(world: World, items: list[Any], field: str) -> None:
    reply = await world.call("PUT", "/api/topics", json={"items": items})

    assert (reply.status, reply.json()["errors"][0]["field"]) == (422, field)
    assert world.probe.received == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"/api/signals/{STORED.id}/accept", {}),
        ("POST", f"/api/signals/{STORED.id}/reject", {"reason": "no"}),
        ("PUT", "/api/topics", {"items": [TOPIC_JSON]}),
    ],
)
async def test_a_dry_run_teaches_nothing(world: World, method: str, path: str, body: object) -> None:
    reply = await world.call(method, f"{path}?dry_run=true", json=body)

    assert (reply.status, reply.json()["valid"], world.probe.received) == (200, 1, [])


async def test_the_radar_tells_what_it_refuses_and_how_its_spam_score_does(world: World) -> None:
    reply = await world.call("GET", "/api/radar")

    assert reply.json() == {
        "rejections": [{"source": "rss", "reason": "spam", "count": 3}],
        "looked_at": 3,
        "since": reply.json()["since"],
        "spam": {
            "is_scoring": True,
            "spam_labels": 12,
            "wanted_labels": 30,
            "labels_needed": 10,
            "judged": 20,
            "precision": 0.8,
            "recall": 1.0,
        },
    }


async def test_metrics_tell_what_became_of_signals_by_source_and_reason(world: World) -> None:
    world.tally.note([("rss", "accepted"), ("rss", "spam"), ("rss", "spam"), ("x.a", "duplicate")])

    lines = (await world.call("GET", "/metrics", role=None)).body.decode().splitlines()

    assert 'leadboost_signals_accepted_total{source="rss"} 1.0' in lines
    assert 'leadboost_signals_duplicates_total{source="x.a"} 1.0' in lines
    assert 'leadboost_signals_rejected_total{reason="spam",source="rss"} 2.0' in lines
