"""The view of signals: what was heard, from where, and why some of it was rejected."""

import re
from collections.abc import Mapping

from playwright.sync_api import Browser, Locator, expect

from tests.acceptance.process import Process
from tests.browser.conftest import Visit
from tests.browser.console import PATIENCE_MS, Desk, sit_down

WALT = {"name": "walt", "password": "only listens to the radio", "role": "viewer"}


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
