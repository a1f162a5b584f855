import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.acceptance.process import Process
from tests.browser.conftest import Visit
from tests.browser.console import PATIENCE_MS, Desk, sit_down

VIEWER = {"name": "rita", "password": "only here to read the rules", "role": "viewer"}
RULE = "drifted-model"
SOLD_OUT_WITHIN_MS = 60_000


@pytest.fixture
def safety(admin: Desk) -> Desk:
    admin.look("safety")
    return admin


def row(desk: Desk, name: str) -> Locator:
    return desk.page.locator(f"[data-rule={name}]")


def test_each_rule_shows_what_its_last_look_brought(safety: Desk) -> None:
    expect(row(safety, "stock_floor")).to_have_attribute("data-mode", "on")
    held_back = row(safety, "losing-money").or_(row(safety, RULE)).locator("li")
    expect(held_back.first).not_to_be_empty()
    assert safety.violations() == []
    assert safety.faults == []


def test_what_has_run_out_is_listed_with_the_rule_that_stopped_it(safety: Desk) -> None:
    firing = safety.page.locator("[data-firing=stock_floor]").first

    expect(firing).to_contain_text("0 left", timeout=SOLD_OUT_WITHIN_MS)
    expect(firing).to_have_attribute("data-shadow", "false")
    halted = row(safety, "stock_floor").locator("[data-skip=pending]").first
    expect(halted).to_contain_text("already halted", timeout=PATIENCE_MS)


def test_a_preview_says_what_would_fire_and_what_is_held_back(safety: Desk) -> None:
    safety.page.get_by_role("button", name="Preview now").click()

    answer = safety.page.locator("[data-answer]")
    expect(answer).to_contain_text("looked at:")
    expect(answer).to_contain_text("held back")
    safety.page.get_by_role("button", name="Close").click()
    expect(answer).to_have_count(0)


def test_a_replay_says_what_rules_would_have_saved(safety: Desk) -> None:
    safety.page.get_by_role("button", name="Replay 30 days").click()

    losing = safety.page.locator("[data-replayed=losing-money]")
    expect(losing.locator("td")).to_have_count(5)
    expect(safety.page.locator(f"[data-replayed={RULE}]")).to_contain_text("not kept day by day")
    assert safety.violations() == []


def test_an_admin_puts_a_rule_in_force_and_back_into_the_shadow(safety: Desk) -> None:
    row(safety, RULE).get_by_role("button", name="Put in force").click()
    expect(row(safety, RULE)).to_have_attribute("data-mode", "on")
    _, rules = safety.call("GET", "/api/rules")
    assert [each["origin"] for each in rules["items"] if each["name"] == RULE] == ["api"]

    row(safety, RULE).get_by_role("button", name="Watch from the shadow").click()
    expect(row(safety, RULE)).to_have_attribute("data-mode", "shadow")


def test_a_viewer_sees_the_rules_and_changes_none(browser: Browser, daemon: Process, admin: Desk) -> None:
    status, _ = admin.call("POST", "/api/accounts", VIEWER)
    assert status == 201
    desk = sit_down(browser, daemon.up())
    desk.sign_in(VIEWER["name"], VIEWER["password"])
    desk.look("safety")

    expect(row(desk, RULE)).to_be_visible()
    expect(row(desk, RULE).get_by_role("button")).to_have_count(0)
    status, problem = desk.call("PUT", "/api/rules", {"rules": []})
    assert (status, problem["code"]) == (403, "forbidden")
    desk.page.context.close()


def test_the_rules_fit_a_phone_and_speak_spanish(visit: Visit) -> None:
    desk = visit(viewport={"width": 360, "height": 740}, locale="es-AR")
    desk.look("safety")

    expect(row(desk, "stock_floor")).to_contain_text("Mínimo de existencias")
    assert desk.overflow() <= 0
    assert desk.violations() == []
