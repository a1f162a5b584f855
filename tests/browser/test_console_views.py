import re
from datetime import datetime

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.console import PATIENCE_MS, VIEWS, Desk

SHOWN_AGAIN = 50
STEPS = ["radar", "analyst", "advisor", "actuator", "quality", "report"]


def test_boot_shows_every_stage_with_its_time_and_gives_way_to_the_overview(visit: Visit) -> None:
    desk = visit()
    desk.page.goto(desk.url)

    stages = desk.page.locator("[data-stage]")
    expect(stages.first).to_be_visible()
    names = stages.evaluate_all("rows => rows.map((row) => row.dataset.stage)")
    assert {"postgres", "store", "intake"} <= set(names)
    for stage in stages.all_inner_texts():
        assert re.search(r"\d\.\d\d s$", stage)
    expect(desk.page.locator("main h1")).to_have_text("Overview", timeout=PATIENCE_MS)
    assert desk.faults == []


def test_the_link_leaves_no_token_in_the_address(admin: Desk) -> None:
    assert "first" not in admin.page.url


def test_the_overview_shows_six_steps_and_names_what_is_not_installed(admin: Desk) -> None:
    admin.go("overview")

    steps = admin.page.locator("[data-step]")
    expect(steps).to_have_count(len(STEPS))
    states = dict(steps.evaluate_all("rows => rows.map((row) => [row.dataset.step, row.dataset.state])"))
    assert list(states) == STEPS
    assert {states[step] for step in STEPS[1:]} == {"NOT_INSTALLED"}
    expect(steps.nth(1)).to_contain_text("not installed")


def test_signals_stock_and_the_model_come_to_life(admin: Desk) -> None:
    admin.go("overview")
    model = admin.page.locator("section", has=admin.page.get_by_role("heading", name="ROI model error"))
    expect(model.locator(".headline strong")).to_have_text(re.compile(r"^\d\.\d{3}$"), timeout=PATIENCE_MS)
    expect(model.locator("dl > div", has_text="Outcomes learned")).to_contain_text(re.compile("[1-9]"))
    expect(model.locator(".sparkline-line")).to_be_visible()

    admin.go("events")
    expect(admin.page.locator("[data-offset]").first).to_be_visible()
    admin.go("stock")
    expect(admin.page.locator("[data-sku]").first).to_be_visible()
    expect(admin.page.get_by_text("DEMO", exact=True).first).to_be_visible()
    assert admin.faults == []


def test_a_reload_shows_the_same_events_again_without_a_gap(visit: Visit) -> None:
    desk = visit()
    desk.page.goto(f"{desk.url}/#/events")
    desk.arrive()
    expect(desk.page.locator("[data-offset]").first).to_be_visible()
    before = desk.events()

    desk.page.reload()
    desk.arrive()
    expect(desk.page.locator("[data-offset]").first).to_be_visible()

    after = desk.events()
    newest = list(before)[:SHOWN_AGAIN]
    assert {offset: after.get(offset) for offset in newest} == {offset: before[offset] for offset in newest}
    assert list(after) == list(range(max(after), min(after) - 1, -1))


def test_a_reload_shows_when_the_radar_last_heard_something(visit: Visit) -> None:
    desk = visit()
    desk.page.goto(f"{desk.url}/#/overview")
    desk.arrive()
    heard = desk.page.locator("[data-step=radar][data-state=COMPLETE] time")
    before = heard.get_attribute("datetime", timeout=PATIENCE_MS)

    desk.page.reload()
    desk.arrive()

    after = heard.get_attribute("datetime", timeout=PATIENCE_MS)
    assert before is not None
    assert after is not None
    assert datetime.fromisoformat(after) >= datetime.fromisoformat(before)


@pytest.mark.parametrize(
    ("locale", "language", "title"), [("en-GB", "en", "Overview"), ("es-ES", "es", "Resumen")]
)
def test_the_browser_chooses_the_language_at_first(
    visit: Visit, locale: str, language: str, title: str
) -> None:
    desk = visit(locale=locale)
    desk.page.goto(desk.url)
    desk.arrive()

    expect(desk.page.locator("main h1")).to_have_text(title)
    expect(desk.page.locator("html")).to_have_attribute("lang", language)


def test_a_chosen_language_outlasts_a_reload(visit: Visit) -> None:
    desk = visit()
    desk.page.goto(desk.url)
    desk.arrive()
    desk.page.get_by_role("button", name="Account and appearance").click()
    desk.page.get_by_role("radio", name="Español").check()
    expect(desk.page.locator("main h1")).to_have_text("Resumen")

    desk.page.reload()

    expect(desk.page.locator("main h1")).to_have_text("Resumen", timeout=PATIENCE_MS)


@pytest.mark.parametrize("width", [360, 768, 1024])
def test_no_view_is_wider_than_its_window(visit: Visit, width: int) -> None:
    desk = visit(viewport={"width": width, "height": 780}, locale="es-ES")
    desk.page.goto(desk.url)
    desk.arrive()

    wide = []
    for view in VIEWS:
        desk.look(view)
        wide.append((view, max(desk.overflow(), 0)))
    assert wide == [(view, 0) for view in VIEWS]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_view(visit: Visit, scheme: str) -> None:
    desk = visit(color_scheme=scheme)
    desk.page.goto(desk.url)
    desk.arrive()

    found = []
    for view in VIEWS:
        desk.look(view)
        found += desk.violations()
    desk.stop_button().click()
    assert found + desk.violations() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_before_signing_in(visit: Visit, scheme: str) -> None:
    desk = visit(color_scheme=scheme)
    desk.page.context.clear_cookies()
    desk.page.goto(desk.url)
    expect(desk.page.get_by_role("button", name="Sign in")).to_be_visible()

    assert desk.violations() == []


def test_the_keyboard_alone_reaches_the_stop_and_leaves_it(visit: Visit) -> None:
    desk = visit()
    desk.page.goto(desk.url)
    desk.arrive()
    for _ in range(10):
        desk.page.keyboard.press("Tab")
        if desk.stop_button().evaluate("button => button === document.activeElement"):
            break

    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_role("dialog")).to_be_visible()
    desk.page.keyboard.press("Escape")

    expect(desk.page.get_by_role("dialog")).to_be_hidden()
    expect(desk.stop_button()).to_be_focused()
