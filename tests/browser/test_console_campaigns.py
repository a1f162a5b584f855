"""What campaigns did, what they advertise, and the pause of a single one."""

import re

from playwright.sync_api import Browser, Locator, expect

from leadboost.standins.world.catalogue import PRODUCTS, DemoProduct
from tests.acceptance.process import Process
from tests.browser.console import PATIENCE_MS, Desk, sit_down

VIEWER = {"name": "vito", "password": "looks at what was spent", "role": "viewer"}
CONFIRMED_WITHIN_MS = 40_000


def of(sku: str) -> DemoProduct:
    return next(product for product in PRODUCTS if product.sku == sku)


BOTTLE, BACKPACK = of("DEMO-BOT-750"), of("DEMO-MOCH-25")


def row(desk: Desk, product: DemoProduct) -> Locator:
    return desk.page.locator(f"[data-campaign='{product.campaigns[0].id}']")


def test_campaigns_stand_with_what_they_earned_and_how_their_account_is(admin: Desk) -> None:
    admin.go("campaigns")

    bottle = row(admin, BOTTLE)
    expect(bottle.locator("td[data-label='Return']")).to_have_text(
        re.compile(r"^[+-]\d+\s?%$"), timeout=PATIENCE_MS
    )
    expect(bottle.locator("td[data-label='Spend']")).to_contain_text(re.compile(r"\d"))
    expect(bottle.locator("td[data-label='Products']")).to_have_text(BOTTLE.sku)
    expect(admin.page.locator("[data-connection=meta_ads]")).to_have_attribute("data-state", "ok")
    assert (admin.faults, admin.violations()) == ([], [])


def test_two_clicks_pause_one_campaign_and_what_is_read_back_stands_beside_it(admin: Desk) -> None:
    admin.go("campaigns")
    bottle = row(admin, BOTTLE)
    bottle.get_by_role("button", name="Pause").click()
    bottle.get_by_role("button", name="Pause now").click()

    asked, read_back = (bottle.locator(f"td[data-label='{name}']") for name in ("Asked for", "Read back"))
    expect(asked).to_have_text("paused, confirmed", timeout=CONFIRMED_WITHIN_MS)
    expect(read_back).to_contain_text("paused", timeout=CONFIRMED_WITHIN_MS)
    expect(bottle.get_by_role("button", name="Pause")).to_have_count(0)
    _, safety = admin.call("GET", "/api/safety")
    scopes = [halt["scope"] for halt in safety["details"] if halt["state"] != "resumed"]
    assert f"campaign:meta_ads:{BOTTLE.campaigns[0].id}" in scopes
    assert safety["state"] == "ACTIVE"


def test_a_proposed_link_stands_once_it_is_confirmed(admin: Desk) -> None:
    status, _ = admin.call("PUT", f"/api/stock/{BACKPACK.sku}", {"campaigns": []})
    assert status == 200
    admin.begin("campaigns")
    proposal = admin.page.locator(f"[data-proposal='{BACKPACK.sku}']")
    expect(proposal).to_contain_text(BACKPACK.campaigns[0].name, timeout=PATIENCE_MS)
    expect(row(admin, BACKPACK).locator("td[data-label='Products']")).to_have_text("none linked")
    assert admin.violations() == []

    proposal.get_by_role("button", name="Link").click()

    expect(proposal).to_have_count(0)
    expect(row(admin, BACKPACK).locator("td[data-label='Products']")).to_have_text(BACKPACK.sku)


def test_a_refused_link_is_not_proposed_again(admin: Desk) -> None:
    admin.call("PUT", f"/api/stock/{BACKPACK.sku}", {"campaigns": []})
    admin.begin("campaigns")
    proposal = admin.page.locator(f"[data-proposal='{BACKPACK.sku}']")

    proposal.get_by_role("button", name="No").click()

    expect(proposal).to_have_count(0, timeout=PATIENCE_MS)
    admin.begin("campaigns")
    expect(row(admin, BACKPACK)).to_be_visible()
    expect(proposal).to_have_count(0)


def test_a_viewer_pauses_and_links_nothing(browser: Browser, daemon: Process, admin: Desk) -> None:
    assert admin.call("POST", "/api/accounts", VIEWER)[0] == 201
    desk = sit_down(browser, daemon.up())
    desk.sign_in(VIEWER["name"], VIEWER["password"])

    desk.go("campaigns")
    expect(row(desk, BACKPACK)).to_be_visible(timeout=PATIENCE_MS)

    expect(desk.page.get_by_role("button", name="Pause")).to_have_count(0)
    place = {"platform": "meta_ads", "campaign_id": BACKPACK.campaigns[0].id, "sku": BACKPACK.sku}
    status, problem = desk.call("POST", "/api/campaigns/links", {**place, "accepted": True})
    assert (status, problem["code"]) == (403, "forbidden")
    desk.page.context.close()
