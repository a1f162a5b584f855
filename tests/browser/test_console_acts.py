"""What a person does in the console, and what it says where that does not work."""

import json

from playwright.sync_api import Browser, Route, WebSocketRoute, expect

from leadboost.console.live_registry import MOST_PER_USER
from leadboost.domain.live.closing import TOO_FAR_BEHIND
from tests.acceptance.process import Process
from tests.browser.conftest import Visit
from tests.browser.console import PATIENCE_MS, Desk, sit_down

NORA = {"name": "nora", "password": "comes and goes as she likes", "role": "viewer"}
CAMPAIGN = {"platform": "meta_ads", "campaign_id": "nobody-runs-it"}


def product(desk: Desk, sku: str, **fields: object) -> None:
    status, _ = desk.call("PUT", f"/api/stock/{sku}", fields)
    assert status == 200


def test_an_operator_sets_a_floor_and_leaves_the_stock_alone(admin: Desk) -> None:
    product(admin, "floor-1", on_hand=50, title="Floor lamp", floor=2)
    admin.go("stock")
    row = admin.page.locator("[data-sku=floor-1]")
    row.get_by_role("button", name="Restock").click()
    row.get_by_label("Floor").fill("7")
    with admin.page.expect_request(lambda sent: sent.method == "PUT") as sent:
        row.get_by_role("button", name="Save").click()

    expect(row.locator("td[data-label=Floor]")).to_have_text("7")
    assert sent.value.post_data_json == {"floor": 7}


def test_an_open_page_shows_a_product_and_its_links_as_they_are_written(admin: Desk) -> None:
    admin.go("stock")
    expect(admin.page.locator("[data-sku]").first).to_be_visible()
    product(admin, "linked-1", on_hand=5, title="Linked lamp")
    links = admin.page.locator("[data-sku=linked-1] .cell-campaigns")
    expect(links).to_have_text("none linked", timeout=PATIENCE_MS)

    product(admin, "linked-1", campaigns=[CAMPAIGN])

    expect(links).to_contain_text(CAMPAIGN["campaign_id"], timeout=PATIENCE_MS)


def test_signing_out_that_did_not_happen_is_said_and_can_be_tried_again(
    browser: Browser, daemon: Process, admin: Desk
) -> None:
    assert admin.call("POST", "/api/accounts", NORA)[0] == 201
    desk = sit_down(browser, daemon.up())
    desk.sign_in(NORA["name"], NORA["password"])

    def fail(route: Route) -> None:
        problem = {"code": "store_unavailable", "detail": "The database is out of reach."}
        route.fulfill(status=503, json=problem) if route.request.method == "DELETE" else route.continue_()

    desk.page.route("**/api/session", fail)
    desk.page.get_by_role("button", name="Account and appearance").click()
    desk.page.get_by_role("button", name="Sign out").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("You may still be signed in")
    desk.page.unroute("**/api/session")
    desk.page.get_by_role("button", name="Try again").click()

    expect(desk.page.get_by_role("button", name="Sign in")).to_be_visible()
    desk.page.context.close()


def test_a_page_too_many_says_why_its_live_link_is_refused(visit: Visit) -> None:
    desk = visit()
    desk.page.goto(desk.url)
    desk.arrive()
    for _ in range(MOST_PER_USER - 2):  # the admin has one
        page = desk.page.context.new_page()
        page.goto(desk.url)
        expect(page.locator("[data-link=live]")).to_be_attached(timeout=PATIENCE_MS)
    last = desk.page.context.new_page()
    last.goto(desk.url)

    refused = last.locator(".banner", has_text="live links open; close one")
    expect(refused).to_be_visible(timeout=PATIENCE_MS)
    page.close()
    expect(refused).to_be_hidden(timeout=PATIENCE_MS)


def test_a_viewer_that_was_cut_off_is_told_why_once_it_is_back(visit: Visit) -> None:
    desk = visit(locale="es-ES")

    def cut(link: WebSocketRoute) -> None:
        told = {"code": TOO_FAR_BEHIND, "reason": "More than 4 s behind."}

        def greet(text: str | bytes) -> None:
            frame = json.loads(text)
            link.send(json.dumps(frame | {"cut": told} if frame["t"] == "hello" else frame))

        link.connect_to_server().on_message(greet)

    desk.page.route_web_socket("**/dashboard/ws*", cut)
    desk.page.goto(desk.url)
    desk.arrive()

    expect(desk.page.locator(".banner")).to_contain_text("ya está al día. Servidor: Más de 4 s de retraso.")
    expect(desk.page.locator(".banner")).to_be_hidden(timeout=PATIENCE_MS)


def test_a_stop_without_a_reason_is_refused_in_the_viewers_language(visit: Visit) -> None:
    desk = visit(locale="es-ES")
    desk.page.goto(desk.url)
    desk.arrive()
    desk.stop_button().click()
    desk.page.get_by_label("Motivo").fill("   ")
    desk.page.get_by_role("button", name="Parar ahora").click()

    expect(desk.page.get_by_role("alert")).to_contain_text("Motivo: de 1 a 500 caracteres")


def test_what_arrives_is_added_and_stands_in_the_ledger_with_its_reason(admin: Desk) -> None:
    product(admin, "arriving-1", on_hand=5, title="Arriving lamp", price=12)
    admin.go("stock")
    row = admin.page.locator("[data-sku=arriving-1]")
    row.get_by_role("button", name="Restock").click()
    row.get_by_label("Arrived").fill("7")
    row.get_by_label("Reason").fill("delivery 7")
    row.get_by_role("button", name="Save").click()
    expect(row.locator("td[data-label='On hand']")).to_have_text("12", timeout=PATIENCE_MS)

    row.get_by_role("button", name="Ledger").click()

    arrived = admin.page.locator(".ledger-table [data-kind=restock]")
    expect(arrived).to_contain_text("+7", timeout=PATIENCE_MS)
    expect(arrived).to_contain_text("delivery 7")
    expect(admin.page.locator(".ledger")).to_contain_text("All rows together: 12 on hand.")


def test_an_operator_takes_an_alert_and_everybody_sees_who_has_it(admin: Desk) -> None:
    status, halt = admin.call("POST", "/api/panic", {"reason": "a drill of alerts", "scope": "sku:drill-1"})
    assert status == 202
    admin.go("alerts")
    alert = admin.page.locator("[data-alert='halt/sku:drill-1']")
    expect(alert).to_contain_text("a drill of alerts", timeout=PATIENCE_MS)
    expect(alert).to_contain_text("No channel is told of this.")
    alert.get_by_role("button", name="Take it").click()
    alert.get_by_label("What is done about it").fill("it is only a drill")
    alert.get_by_role("button", name="Take it").click()

    expect(alert).to_have_attribute("data-state", "acknowledged", timeout=PATIENCE_MS)
    expect(alert).to_contain_text("it is only a drill")
    expect(alert.get_by_role("button")).to_have_count(0)
    status, _ = admin.call("POST", "/api/resume", {"halt_id": halt["id"], "reason": "over"})
    assert status == 200
    expect(alert).to_have_attribute("data-state", "resolved", timeout=PATIENCE_MS)
