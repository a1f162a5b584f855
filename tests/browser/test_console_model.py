"""The view of the model: how wrong it is, and what it would answer."""

import math
import re

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from tests.acceptance.process import Process
from tests.browser.conftest import Visit
from tests.browser.console import PATIENCE_MS, Desk, sit_down

IRIS = {"name": "iris", "password": "asks what would happen if", "role": "viewer"}


def figure(desk: Desk, label: str) -> Locator:
    return desk.page.locator(".standing > div", has_text=label).locator("dd")


def ask(desk: Desk, **fields: str) -> None:
    for label, value in fields.items():
        desk.page.get_by_label(re.compile(f"^{label}")).first.fill(value)
    desk.page.get_by_role("button", name=re.compile("^(Ask the model|Preguntar al modelo)$")).click()


def number(text: str) -> float:
    """A figure as this page writes it: ``+0.125``, ``-22%``."""
    return float(text.strip().replace("%", "").replace(",", "").replace("−", "-"))


def test_the_error_stands_beside_the_running_mean(admin: Desk) -> None:
    admin.begin("model")

    expect(figure(admin, "Mean absolute error")).to_have_text(re.compile(r"^\d\.\d{3}"), timeout=PATIENCE_MS)
    expect(figure(admin, "Running mean").first).to_have_text(re.compile(r"^\d\.\d{3}"))
    expect(figure(admin, "interval")).to_have_text(re.compile(r"^\d+\.\d%80% promised$"))


def test_the_serving_version_is_marked_among_the_versions(admin: Desk) -> None:
    admin.begin("model")

    serving = admin.page.locator("[data-serving=true]")
    expect(serving).to_have_count(1, timeout=PATIENCE_MS)
    expect(serving).to_contain_text("serving")
    assert len(admin.page.locator("[data-version]").all()) >= 1


def test_the_error_is_drawn_over_what_was_learned_and_read_by_the_keyboard(admin: Desk) -> None:
    admin.begin("model")
    chart = admin.page.get_by_role("img", name=re.compile("^Mean absolute error of the model"))
    expect(chart.locator("canvas")).to_be_visible(timeout=PATIENCE_MS)
    place = admin.page.locator(".chart-at").first
    last = place.text_content()

    chart.focus()
    admin.page.keyboard.press("Home")

    expect(place).not_to_have_text(str(last))
    expect(admin.page.locator(".chart-key strong").first).to_have_text(re.compile(r"^\d\.\d{2}$"))


def test_drift_and_members_are_told_in_words(admin: Desk) -> None:
    admin.begin("model")

    expect(figure(admin, "Drift")).to_have_text(re.compile("^(None|Suspected|Drifted)"), timeout=PATIENCE_MS)
    shares = admin.page.locator("[data-member] .row-number").all_text_contents()
    assert 98 <= sum(number(share) for share in shares) <= 102


def test_an_approver_rolls_back_with_a_reason(admin: Desk) -> None:
    admin.begin("model")
    page = admin.page
    earlier = page.locator("[data-serving=false]").first
    version = earlier.get_attribute("data-version")
    earlier.get_by_role("button", name="Roll back").click()
    dialog = page.get_by_role("dialog", name=f"Roll back to version {version}?")
    expect(dialog).to_contain_text(f"What version {version} had learned answers at once")
    dialog.get_by_role("button", name="Roll back").click()
    expect(dialog.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    assert admin.violations() == []
    dialog.get_by_label("Reason").fill("It was better before")
    dialog.get_by_role("button", name="Roll back").click()

    expect(dialog).to_be_hidden()
    admin.go("events")
    rolled = page.locator("[data-offset]", has_text=f"back to {version} by demo: It was better before")
    expect(rolled).to_be_visible(timeout=PATIENCE_MS)


def test_a_viewer_may_ask_and_not_roll_back(browser: Browser, daemon: Process, admin: Desk) -> None:
    assert admin.call("POST", "/api/accounts", IRIS)[0] == 201
    desk = sit_down(browser, daemon.up())
    desk.sign_in(IRIS["name"], IRIS["password"])
    desk.go("model")
    expect(desk.page.locator("[data-version]").first).to_be_visible(timeout=PATIENCE_MS)

    expect(desk.page.get_by_role("button", name="Roll back")).to_have_count(0)
    status, problem = desk.call("POST", "/api/model/rollback", {"version": 1, "reason": "I want to"})
    assert (status, problem["code"]) == (403, "forbidden")
    ask(desk)
    expect(desk.page.locator(".forecast")).to_be_visible()
    desk.page.context.close()


def test_a_what_if_draws_its_interval_and_explains_itself_by_effects_that_add_up(admin: Desk) -> None:
    admin.begin("model")
    page = admin.page
    expect(figure(admin, "Outcomes learned")).to_have_text(
        re.compile(r"^\d{3,}|^\d,\d{3}"), timeout=PATIENCE_MS
    )
    ask(admin, Spend="250", Platform="meta_ads", Text="Duerme fresco esta noche: ventilador silencioso")

    expect(page.locator("[data-basis=learned]")).to_be_visible()
    drawn = page.locator(".interval svg")
    expect(drawn).to_have_attribute(
        "aria-label", re.compile(r"^80% interval from [+-]?\d+% to [+-]?\d+%, median")
    )
    places = page.locator(".interval rect, .interval circle").evaluate_all(
        "parts => parts.map((part) => part.getBoundingClientRect()).map(({ left, right }) => [left, right])"
    )
    (loss_left, _), (_, gain_right), (point_left, point_right) = places
    assert loss_left <= (point_left + point_right) / 2 <= gain_right
    whole = page.get_by_role("button", name="Show every effect")
    if whole.is_visible():
        whole.click()
    parts = [number(text) for text in page.locator(".explanation td.number").all_text_contents()]
    assert math.isclose(sum(parts[:-1]), parts[-1], abs_tol=0.0005 * len(parts))
    roi = number(str(page.locator(".forecast-head strong").text_content())) / 100
    assert math.isclose(math.log1p(roi), parts[-1], abs_tol=0.01)
    expect(page.get_by_text("do not add up")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "spend", "said"),
    [
        ("en-GB", "", "is required."),
        ("en-GB", "0", "must be at least 0.000001."),
        ("en-GB", "-5", "must be between 0 and 1000000000000."),
        ("es-ES", "", "es obligatorio."),
    ],
)
def test_a_refused_spend_is_said_at_its_field(visit: Visit, locale: str, spend: str, said: str) -> None:
    desk = visit(locale=locale)
    desk.page.goto(f"{desk.url}/#/model")
    desk.arrive()
    field = desk.page.get_by_label(re.compile("^(Spend|Gasto)"))
    field.fill(spend)
    ask(desk)

    expect(field).to_have_attribute("aria-invalid", "true")
    described = str(field.get_attribute("aria-describedby"))
    expect(desk.page.locator(f"[id='{described}']")).to_have_text(said)
    expect(desk.page.locator(".forecast")).to_have_count(0)


def test_a_guess_is_called_a_guess(visit: Visit) -> None:
    desk = visit()

    def guess(route: Route) -> None:  # within seconds the demo has learned more than nothing
        reply = route.fetch()
        route.fulfill(response=reply, json=reply.json() | {"basis": "prior", "observations": 0})

    desk.page.route("**/predict", guess)
    desk.page.goto(f"{desk.url}/#/model")
    desk.arrive()
    ask(desk)

    expect(desk.page.locator("[data-basis=prior]")).to_contain_text("A guess, nothing learned yet")


def test_an_explanation_that_does_not_add_up_is_not_passed_on_as_one(visit: Visit) -> None:
    desk = visit()

    def bend(route: Route) -> None:
        reply = route.fetch()
        route.fulfill(response=reply, json=reply.json() | {"base": 5.0})

    desk.page.route("**/predict", bend)
    desk.page.goto(f"{desk.url}/#/model")
    desk.arrive()
    ask(desk)

    expect(desk.page.get_by_text("The effects do not add up to the answer.")).to_be_visible()


def test_a_signal_leads_to_the_form_that_asks_about_it(admin: Desk) -> None:
    admin.begin("signals")
    page = admin.page
    first = page.locator("[data-signal]").first
    id = first.get_attribute("data-signal")
    first.locator(".signal-open").click()
    first.get_by_role("link", name="What would the model answer?").click()
    expect(page.locator("main h1")).to_have_text("Model")
    with page.expect_request("**/predict") as asked:
        ask(admin, Spend="90")

    assert asked.value.post_data_json == {"spend": "90", "signal_ids": [id]}
    expect(page.locator(".forecast")).to_be_visible()


def test_a_signal_that_cannot_be_is_refused_at_its_field(admin: Desk) -> None:
    admin.begin("model/no-signal")
    ask(admin)

    field = admin.page.get_by_label("Signal it answers")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(admin.page.locator(".plan .field-fault")).to_have_text("must be a UUID.")


def test_attributes_of_any_name_may_be_added_and_are_asked_for(admin: Desk) -> None:
    admin.begin("model")
    page = admin.page
    page.get_by_role("button", name="Add an attribute").click()
    page.get_by_label("Attribute", exact=True).fill("audience")
    page.get_by_label("Value of audience").fill("runners")
    with page.expect_request("**/predict") as asked:
        ask(admin, Spend="80")

    assert asked.value.post_data_json == {"spend": "80", "attributes": {"audience": "runners"}}
    expect(page.locator(".forecast")).to_be_visible()


def test_the_view_speaks_spanish(visit: Visit) -> None:
    desk = visit(locale="es-ES")
    desk.page.goto(f"{desk.url}/#/model")
    desk.arrive()
    ask(desk)

    expect(desk.page.locator("main h1")).to_have_text("Modelo")
    expect(desk.page.locator(".forecast")).to_contain_text("de retorno sobre el gasto")
