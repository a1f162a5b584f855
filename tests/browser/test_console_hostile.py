"""What anybody can write into a signal is shown as text and never runs."""

from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Visit
from tests.browser.console import PATIENCE_MS, Desk

SOURCE = "hostile"
PAYLOADS = [
    "<script>fire(1)</script>",
    "<ScRiPt>fire(1)</sCrIpT>",
    "<script src=data:text/javascript,fire(1)></script>",
    "</script><script>fire(1)</script>",
    "</title><script>fire(1)</script>",
    "</textarea><script>fire(1)</script>",
    "--><script>fire(1)</script>",
    "]]><script>fire(1)</script>",
    '"><script>fire(1)</script>',
    "'><script>fire(1)</script>",
    "<img src=x onerror=fire(1)>",
    "<img src=x onerror=&#102;ire(1)>",
    '"><img src=x onerror="fire(1)">',
    "<img/src=x/onerror=fire(1)>",
    "<img src='x' onerror='fire(1)' //",
    "<svg onload=fire(1)>",
    "<svg/onload=fire(1)>",
    "<svg><script>fire(1)</script></svg>",
    "<svg><animate onbegin=fire(1) attributeName=x dur=1s>",
    "<math><mtext></table><img src=x onerror=fire(1)>",
    "<body onload=fire(1)>",
    "<iframe src=javascript:parent.fire(1)></iframe>",
    "<iframe srcdoc='<script>parent.fire(1)</script>'></iframe>",
    "<object data=javascript:fire(1)></object>",
    "<embed src=javascript:fire(1)>",
    "<a href=javascript:fire(1)>click</a>",
    "<form action=javascript:fire(1)><button autofocus onfocus=fire(1)>send</button></form>",
    "<input autofocus onfocus=fire(1)>",
    "<details open ontoggle=fire(1)>",
    "<video><source onerror=fire(1)></video>",
    "<marquee onstart=fire(1)>",
    "<style>@import 'javascript:fire(1)';</style>",
    "<link rel=stylesheet href=javascript:fire(1)>",
    "<meta http-equiv=refresh content='0;url=javascript:fire(1)'>",
    "<base href=javascript:fire(1)//>",
    "<template><script>fire(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=fire(1)>'>",
    "javascript:fire(1)",
    "${fire(1)}",
    "{{constructor.constructor('fire(1)')()}}",
    '{"dangerouslySetInnerHTML":{"__html":"<img src=x onerror=fire(1)>"}}',
    "\\x3cscript\\x3efire(1)\\x3c/script\\x3e",
    "&lt;script&gt;fire(1)&lt;/script&gt;",
    "＜script＞fire(1)＜/script＞",
]
ADDRESSES = [
    "javascript:fire(1)",
    "JaVaScRiPt:fire(1)",
    "data:text/html,<script>fire(1)</script>",
    "vbscript:fire(1)",
    "https://bank.example@evil.example/",
    "//evil.example",
]
_READ_FACTS = """
(pairs) => pairs.map((pair) => [...pair.children].map((each) => each.textContent))
"""
_TRAP = """
window.fired = [];
window.fire = window.alert = (...what) => window.fired.push(what);
"""
_READ_DETAILS = """
(rows) => rows.map((row) => Object.fromEntries(
  [...row.querySelectorAll("dl > div")].map((pair) => [...pair.children].map((each) => each.textContent)),
))
"""
_ACTIVE = (
    "script, iframe, object, embed, img, video, form form, style, link, base, meta, a[href^='javascript:']"
)


@pytest.fixture
def trapped(visit: Visit) -> Desk:
    """A browser that notes whatever runs."""
    desk = visit()
    desk.page.add_init_script(_TRAP)
    desk.page.on("dialog", lambda dialog: desk.faults.append(dialog.message))
    desk.page.goto(f"{desk.url}/#/events")
    desk.arrive()
    return desk


def signal(number: int, payload: str) -> dict[str, Any]:
    external_id = f"{number} {payload}"  # the server takes tags out of title and text, not out of this
    return {"source": SOURCE, "external_id": external_id, "title": payload, "text": f"Ventilador: {payload}"}


def test_hostile_signals_are_shown_to_the_letter_and_nothing_of_them_runs(trapped: Desk) -> None:
    page = trapped.page
    signals = [signal(*each) for each in enumerate(PAYLOADS)]
    status, heard = trapped.call("POST", "/api/signals", signals)
    assert (status, heard["accepted"]) == (200, len(PAYLOADS))
    page.get_by_label("Filter events").fill(f"{SOURCE}:")
    rows = page.locator("[data-offset]", has_text=f"{SOURCE}:")
    expect(rows).to_have_count(len(PAYLOADS), timeout=PATIENCE_MS)
    rows.evaluate_all("rows => rows.forEach((row) => { row.querySelector('details').open = true; })")

    shown = rows.evaluate_all(_READ_DETAILS)

    stored = trapped.call("GET", f"/api/signals?source={SOURCE}")[1]["items"]
    names = ("external_id", "title", "text")
    assert {tuple(each[name] for name in names) for each in shown} == {
        tuple(each[name] or "null" for name in names) for each in stored
    }
    assert {each["external_id"] for each in shown} == {each["external_id"] for each in signals}
    assert_nothing_ran(trapped)


def test_hostile_signals_are_shown_to_the_letter_in_their_own_view(trapped: Desk) -> None:
    page = trapped.page
    signals = [
        signal(*each) | {"source": f"{SOURCE}-view", "author": each[1]} for each in enumerate(PAYLOADS)
    ]
    assert trapped.call("POST", "/api/signals", signals)[0] == 200
    stored = trapped.call("GET", f"/api/signals?source={SOURCE}-view")[1]["items"]
    trapped.go("signals")
    page.get_by_label("Source").select_option(f"{SOURCE}-view")
    rows = page.locator("[data-signal]")
    expect(rows).to_have_count(len(stored), timeout=PATIENCE_MS)

    for each in stored:
        row = page.locator(f"[data-signal='{each['id']}']")
        row.locator(".signal-open").click()
        assert row.locator(".signal-open").text_content() == (each["title"] or each["text"])
        facts = dict(row.locator(".facts > div").evaluate_all(_READ_FACTS))
        told = (facts["Author (pseudonym)"], facts["Its id at the source"])
        assert told == (each["author"], each["external_id"])
    assert_nothing_ran(trapped)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_hostile_address_of_a_signal_is_no_link(trapped: Desk, address: str) -> None:
    def answer(route: Route) -> None:  # this is the page's own guard: the server takes none of them in
        reply = route.fetch()
        page = reply.json()
        route.fulfill(
            response=reply, json=page | {"items": [each | {"url": address} for each in page["items"]]}
        )

    trapped.page.route("**/api/signals?*", answer)
    trapped.go("signals")
    first = trapped.page.locator("[data-signal]").first
    first.locator(".signal-open").click()

    expect(first.locator(".facts .outside")).to_have_text(address)
    assert first.locator(".facts a").count() == 0
    trapped.page.unroute_all(behavior="ignoreErrors")  # the page may be reading the list again
    assert_nothing_ran(trapped)


def test_hostile_titles_of_products_are_shown_to_the_letter_and_nothing_of_them_runs(trapped: Desk) -> None:
    for number, payload in enumerate(PAYLOADS):
        assert trapped.call("PUT", f"/api/stock/hostile-{number}", {"on_hand": 0, "title": payload})[0] == 200

    trapped.go("stock")
    titles = trapped.page.locator("[data-sku^=hostile-] .row-title")
    expect(titles).to_have_count(len(PAYLOADS), timeout=PATIENCE_MS)

    assert sorted(titles.all_text_contents()) == sorted(PAYLOADS)
    assert_nothing_ran(trapped)
    trapped.go("overview")
    expect(trapped.page.get_by_text("sold out").first).to_be_visible()
    assert_nothing_ran(trapped)


def assert_nothing_ran(desk: Desk) -> None:
    assert desk.page.locator("#root").locator(_ACTIVE).count() == 0
    assert (desk.page.evaluate("window.fired"), desk.faults) == ([], [])
