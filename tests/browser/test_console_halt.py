from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.acceptance.process import Process
from tests.browser.console import PATIENCE_MS, VIEWS, Desk, sit_down

VIEWER = {"name": "vera", "password": "only here to look at it", "role": "viewer"}
CONFIRMED_WITHIN_MS = 40_000


@pytest.fixture
def released(admin: Desk) -> Iterator[Desk]:
    """The admin's browser; whatever the test halted is resumed after it."""
    yield admin
    _, safety = admin.call("GET", "/api/safety")
    for halt in safety["details"]:
        if halt["scope"] == "global" and halt["state"] != "resumed":
            admin.call("POST", "/api/resume", {"halt_id": halt["id"], "reason": "The test is over"})


def global_halt(desk: Desk) -> Locator:
    return desk.page.locator("[data-halt]", has_text="Everything").first


def test_a_viewer_sees_no_stop_and_its_call_is_refused(
    browser: Browser, daemon: Process, admin: Desk
) -> None:
    status, _ = admin.call("POST", "/api/accounts", VIEWER)
    assert status == 201
    desk = sit_down(browser, daemon.up())
    desk.sign_in(VIEWER["name"], VIEWER["password"])

    expect(desk.stop_button()).to_have_count(0)
    desk.go("safety")
    expect(desk.page.get_by_role("button", name="Stop all campaigns")).to_have_count(0)
    desk.go("stock")
    expect(desk.page.get_by_role("button", name="Restock")).to_have_count(0)
    status, problem = desk.call("POST", "/api/panic", {"reason": "I want to"})
    assert (status, problem["code"]) == (403, "forbidden")
    desk.page.context.close()


def test_two_clicks_halt_everything_and_each_campaign_is_shown_confirmed(released: Desk) -> None:
    page = released.page
    released.go("stock")
    released.stop_button().click()
    expect(page.get_by_label("Reason")).to_have_value("Stopped by demo from the console")
    page.get_by_role("button", name="Stop now").click()

    expect(page.locator("[data-latch]").first).to_have_attribute("data-latch", "HALTED")
    halt = global_halt(released)
    expect(halt).to_have_attribute("data-state", "confirmed", timeout=CONFIRMED_WITHIN_MS)
    items = halt.locator("[data-campaign]")
    statuses = items.evaluate_all("rows => rows.map((row) => row.dataset.status)")
    assert statuses
    assert set(statuses) == {"confirmed"}
    assert released.violations() == []


def test_a_halted_console_says_so_in_every_view(released: Desk) -> None:
    released.call("POST", "/api/panic", {"reason": "Seen from everywhere"})

    for view in VIEWS:
        released.go(view)
        expect(released.page.get_by_role("alert")).to_contain_text("Seen from everywhere")
    expect(released.stop_button()).to_have_count(0)
    assert released.faults == []


def test_an_approver_resumes_with_a_reason(released: Desk) -> None:
    released.call("POST", "/api/panic", {"reason": "To be resumed"})
    released.go("safety")
    halt = global_halt(released)
    expect(halt).to_have_attribute("data-state", "confirmed", timeout=CONFIRMED_WITHIN_MS)
    halt.get_by_role("button", name="Resume").click()
    halt.get_by_label("Reason for resuming").fill("The drill is over")
    halt.get_by_role("button", name="Approve resume").click()

    latch = released.page.locator("[data-latch]").first
    expect(latch).to_have_attribute("data-latch", "ACTIVE", timeout=PATIENCE_MS)
