"""The view of signals: what was heard, from where, and why some of it was rejected."""

import re
from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.acceptance.process import Process
from tests.browser.conftest import Visit
from tests.browser.console import PATIENCE_MS, Desk, sit_down

SILENT_WITHIN_MS = 120_000  # it is expected every ten seconds, and polled as often as any
WALT = {"name": "walt", "password": "only listens to the radio", "role": "viewer"}

PLACES = {"signals": "[data-signal]", "signals/sources": "[data-source]", "signals/topics": "[data-topic]"}
NOBODY = "01890000-0000-7000-8000-000000000000"


def say(desk: Desk, source: str, external_id: str, text: str, **fields: object) -> str:
    """Hand in a signal and return its id, whether it was rejected or not."""
    status, _ = desk.call(
        "POST", "/api/signals", {"source": source, "external_id": external_id, "text": text, **fields}
    )
    assert status == 200
    stored = stored_of(desk, source)
    return str(next(each["id"] for each in stored if each["external_id"] == external_id))


def stored_of(desk: Desk, source: str) -> list[Mapping[str, object]]:
    status, page = desk.call("GET", f"/api/signals?source={source}")
    assert status == 200
    items: list[Mapping[str, object]] = page["items"]
    return items


def row(desk: Desk, id: str) -> Locator:
    return desk.page.locator(f"[data-signal='{id}']")


def search(desk: Desk, text: str) -> None:
    desk.page.get_by_label("Search text").fill(text)


def test_a_signal_appears_by_itself_with_its_source_and_its_age(admin: Desk) -> None:
    admin.begin("signals")
    expect(admin.page.locator("[data-signal]").first).to_be_visible()

    id = say(admin, "corner-shop", "own-1", "Our neighbours ask for quiet fans that last the night.")

    shown = row(admin, id)
    expect(shown).to_be_visible(timeout=PATIENCE_MS)
    expect(shown.locator(".signal-source")).to_have_text("corner-shop")
    expect(shown.locator("time")).to_have_text(re.compile(r"^heard \d+ s ago$"))


def test_text_and_state_narrow_the_stream(admin: Desk) -> None:
    id = say(admin, "corner-shop", "needle-1", "A needlewoman wants waterproof rucksacks for the winter.")
    admin.begin("signals")
    search(admin, "needlewoman")

    expect(admin.page.locator("[data-signal]")).to_have_count(1)
    expect(row(admin, id)).to_be_visible()
    state = row(admin, id).get_attribute("data-state")
    admin.page.get_by_label("State").select_option(str(state))
    expect(row(admin, id)).to_be_visible()
    search(admin, "nobody ever said this")
    expect(admin.page.get_by_text("No signal matches.")).to_be_visible()


def test_a_source_narrows_the_stream(admin: Desk) -> None:
    admin.begin("signals")
    admin.page.get_by_label("Source").select_option("demo-deal-watch")

    sources = admin.page.locator(".signals > li .signal-source")
    expect(sources.first).to_have_text("demo-deal-watch")
    assert set(sources.all_text_contents()) == {"demo-deal-watch"}


def test_new_signals_wait_while_somebody_reads_one(admin: Desk) -> None:
    admin.begin("signals")
    admin.page.locator("[data-signal] .signal-open").first.click()
    id = say(admin, "corner-shop", "later-1", "Somebody looks for a steel bottle that keeps water cold.")

    news = admin.page.get_by_role("button", name=re.compile(r"new signals?$"))
    expect(news).to_be_visible(timeout=PATIENCE_MS)
    expect(row(admin, id)).to_have_count(0)
    news.click()

    expect(row(admin, id)).to_be_visible()


def test_older_signals_come_on_demand(admin: Desk) -> None:
    texts = [f"Number {number} of many people wants a lamp for the desk at home." for number in range(60)]
    items = [{"source": "crowd", "external_id": f"crowd-{n}", "text": text} for n, text in enumerate(texts)]
    assert admin.call("POST", "/api/signals", items)[0] == 200
    admin.begin("signals")
    with admin.page.expect_response(lambda reply: "text=" in reply.url):
        search(admin, "wants a lamp for the desk")
    rows = admin.page.locator("[data-signal]")
    expect(rows).to_have_count(50)

    admin.page.get_by_role("button", name="Load more").click()

    expect(rows).to_have_count(60)


def test_a_source_says_when_it_was_last_heard(admin: Desk) -> None:
    admin.begin("signals/sources")

    source = admin.page.locator("[data-source=demo-foro-hogar]")
    expect(source).to_have_attribute("data-state", "up", timeout=PATIENCE_MS)
    expect(source.locator("[data-label='Last heard'] time")).to_have_text(re.compile(r" ago$"))


def test_a_source_that_does_not_speak_is_silent_and_not_zero(admin: Desk) -> None:
    admin.begin("signals/sources")

    source = admin.page.locator("[data-source=demo-barrio]")
    expect(source).to_have_attribute("data-state", "silent", timeout=SILENT_WITHIN_MS)
    expect(source).to_contain_text("nothing new since")
    expect(admin.page.get_by_role("navigation", name="Signals").get_by_text("not heard")).to_be_visible()


def test_a_source_is_muted_with_a_reason_and_heard_again(admin: Desk) -> None:
    admin.begin("signals/sources")
    source = admin.page.locator("[data-source=demo-barrio]")
    source.get_by_role("button", name="Mute").click()
    source.get_by_label("Why").fill("Nothing but noise")
    source.get_by_role("button", name="Mute").click()

    expect(source).to_have_attribute("data-state", "muted")
    expect(source).to_contain_text("Nothing but noise")
    source.get_by_role("button", name="Unmute").click()

    expect(source.get_by_role("button", name="Mute")).to_be_visible()
    expect(source).not_to_have_attribute("data-state", "muted")


def test_what_can_be_obtained_stands_beside_the_sources(visit: Visit) -> None:
    desk = visit(locale="es-ES")
    desk.page.goto(f"{desk.url}/#/signals/sources")
    desk.arrive()

    for kind, words, note in (
        ("rss", "gratis", "Cualquier canal"),
        ("reddit", "tras una revisión", "la aprobación de Reddit"),
        ("x", "de pago", "un tope diario"),
    ):
        offer = desk.page.locator(f"[data-offer={kind}]")
        expect(offer.locator(".badge")).to_have_text(words)
        expect(offer.locator("p")).to_contain_text(note)


def test_near_duplicates_open_as_one_cluster(admin: Desk) -> None:
    text = "Every shop in the old town has run out of quiet fans, and nobody knows when more will come in."
    say(admin, "echo-a", "first", text)
    id = say(admin, "echo-b", "second", f"{text} Ask early.", author="rosa")
    admin.begin("signals")
    search(admin, "quiet fans, and nobody knows")

    shown = row(admin, id)
    expect(shown).to_be_visible()
    shown.get_by_role("button", name="2 copies, 2 sources").click()
    copies = shown.locator("[data-copy]")
    expect(copies).to_have_count(2)
    assert set(shown.locator("[data-copy] .signal-source").all_text_contents()) == {"echo-a", "echo-b"}
    expect(copies.filter(has_text="richest copy")).to_have_count(1)
    expect(copies.filter(has_text="richest copy").locator(".signal-source")).to_have_text("echo-b")


def test_a_person_rejects_a_signal_with_a_reason_and_takes_it_back(admin: Desk) -> None:
    id = say(admin, "corner-shop", "judged-1", "We found a brand-new steel bottle maker in the harbour.")
    admin.begin("signals")
    search(admin, "steel bottle maker in the harbour")
    shown = row(admin, id)
    shown.get_by_role("button", name="Reject").click()
    shown.get_by_label("Why").fill("It is an advertisement")
    shown.get_by_role("button", name="Reject").click()

    expect(shown).to_have_attribute("data-state", "rejected")
    expect(shown.locator(".signal-why")).to_contain_text("Rejected by a person: ")
    expect(shown.locator(".signal-why")).to_contain_text("It is an advertisement")
    shown.get_by_role("button", name="Accept").click()

    expect(shown).not_to_have_attribute("data-state", "rejected")
    expect(shown.locator(".signal-why")).to_have_count(0)
    expect(shown.get_by_text("by demo")).to_be_visible()


def test_why_a_signal_was_rejected_is_said_in_plain_words(visit: Visit, admin: Desk) -> None:
    id = say(
        admin, "corner-shop", "pottery-1", "An essay on the pottery of the early middle ages, in two parts."
    )
    desk = visit(locale="es-ES")
    desk.page.goto(f"{desk.url}/#/signals")
    desk.arrive()
    desk.page.get_by_label("Estado").select_option("rejected")

    expect(row(desk, id).locator(".signal-why")).to_contain_text(
        "Fuera de tema: no trata de ningún tema vigilado"
    )


@pytest.fixture
def topics(admin: Desk) -> Iterator[Desk]:
    """The admin's browser; topics are as they were after the test."""
    _, before = admin.call("GET", "/api/topics")
    yield admin
    kept = [{key: each[key] for key in ("name", "terms", "examples")} for each in before["items"]]
    assert admin.call("PUT", "/api/topics", {"items": kept})[0] == 200


def test_topics_are_edited_and_saved(topics: Desk) -> None:
    topics.begin("signals/topics")
    page = topics.page
    page.get_by_role("button", name="Add a topic").click()
    added = page.locator(".topic-edit").last
    added.get_by_label("Name").fill("rain")
    added.get_by_label("Terms").fill("umbrella\n\n raincoat ")
    page.get_by_role("button", name="Save topics").click()

    expect(page.get_by_text("Saved.")).to_be_visible()
    _, stored = topics.call("GET", "/api/topics")
    assert {"name": "rain", "terms": ["umbrella", "raincoat"], "examples": []}.items() <= next(
        each for each in stored["items"] if each["name"] == "rain"
    ).items()
    topics.begin("signals")
    expect(page.get_by_label("Topic").locator("option", has_text="rain")).to_have_count(1)


def test_a_refused_topic_says_so_at_its_field_and_keeps_what_was_typed(topics: Desk) -> None:
    topics.begin("signals/topics")
    page = topics.page
    page.get_by_role("button", name="Add a topic").click()
    added = page.locator(".topic-edit").last
    added.get_by_label("Terms").fill("umbrella")
    page.get_by_role("button", name="Save topics").click()

    name = added.get_by_label("Name")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(added.locator(".field-fault").first).to_contain_text("must have at least 1 character")
    expect(added.get_by_label("Terms")).to_have_value("umbrella")
    assert topics.violations() == []


def test_a_viewer_looks_and_cannot_act(browser: Browser, daemon: Process, admin: Desk) -> None:
    assert admin.call("POST", "/api/accounts", WALT)[0] == 201
    desk = sit_down(browser, daemon.up())
    desk.sign_in(WALT["name"], WALT["password"])

    for place, first in (("signals", "[data-signal]"), ("signals/sources", "[data-source]")):
        desk.go(place)
        expect(desk.page.locator(first).first).to_be_visible(timeout=PATIENCE_MS)
        expect(
            desk.page.get_by_role("button", name=re.compile("^(Accept|Reject|Mute|Unmute)"))
        ).to_have_count(0)
    desk.page.context.close()


def test_the_view_speaks_spanish(visit: Visit) -> None:
    desk = visit(locale="es-ES")
    desk.page.goto(f"{desk.url}/#/signals")
    desk.arrive()

    expect(desk.page.locator("main h1")).to_have_text("Señales")
    expect(desk.page.get_by_label("Buscar en el texto")).to_be_visible()
    expect(desk.page.locator("[data-signal] time").first).to_have_text(re.compile("^(publicada|oída) hace "))
