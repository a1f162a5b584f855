from playwright.sync_api import Browser, expect

from tests.acceptance.process import Process
from tests.browser.console import PATIENCE_MS, Desk, sit_down

VIEWER = {"name": "vera", "password": "only here to look at it", "role": "viewer"}
CONFIRMED_WITHIN_MS = 40_000


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


def test_two_clicks_halt_everything_and_each_campaign_is_shown_confirmed(admin: Desk) -> None:
    page = admin.page
    admin.go("stock")
    admin.stop_button().click()
    expect(page.get_by_label("Reason")).to_have_value("Stopped by demo from the console")
    page.get_by_role("button", name="Stop now").click()

    expect(page.locator("[data-latch]").first).to_have_attribute("data-latch", "HALTED")
    halt = page.locator("[data-halt]", has_text="Everything").first
    expect(halt).to_have_attribute("data-state", "confirmed", timeout=CONFIRMED_WITHIN_MS)
    items = halt.locator("[data-campaign]")
    statuses = items.evaluate_all("rows => rows.map((row) => row.dataset.status)")
    assert statuses
    assert set(statuses) == {"confirmed"}
    assert admin.violations() == []


def test_a_halted_console_says_so_in_every_view(admin: Desk) -> None:
    for view in ("overview", "stock", "events"):
        admin.go(view)
        expect(admin.page.get_by_role("alert")).to_contain_text("HALTED")
    assert admin.faults == []


def test_an_approver_resumes_with_a_reason(admin: Desk) -> None:
    admin.go("safety")
    halt = admin.page.locator("[data-halt]", has_text="Everything").first
    halt.get_by_role("button", name="Resume").click()
    halt.get_by_label("Reason for resuming").fill("The drill is over")
    halt.get_by_role("button", name="Approve resume").click()

    expect(admin.page.locator("[data-latch]").first).to_have_attribute(
        "data-latch", "ACTIVE", timeout=PATIENCE_MS
    )
