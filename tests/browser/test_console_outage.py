import socket
from contextlib import closing

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Start
from tests.browser.console import PATIENCE_MS, first_link, sit_down


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as held:
        port: int = held.getsockname()[1]
        return port


def test_in_safe_mode_boot_says_what_keeps_it_from_running(browser: Browser, start: Start) -> None:
    port, nothing = free_port(), free_port()
    daemon = start(port, DATABASE_URL=f"postgresql://demo:demo@127.0.0.1:{nothing}/demo")
    daemon.wait_for("safe mode entered")
    desk = sit_down(browser, f"http://127.0.0.1:{port}", locale="es-ES")
    desk.page.goto(desk.url)

    expect(desk.page.get_by_role("heading", level=1)).to_have_text("LeadBoost está en modo seguro")
    expect(desk.page.get_by_role("alert")).to_contain_text("database")
    assert desk.violations() == []
    desk.page.context.close()


def test_after_a_restart_of_the_server_the_page_reconnects_and_catches_up(
    browser: Browser, start: Start
) -> None:
    port = free_port()
    first = start(port)
    desk = sit_down(browser, first.up())
    desk.enter(first_link(first))
    desk.go("events")
    expect(desk.page.locator("[data-offset]").first).to_be_visible()
    seen = desk.offsets()

    first.stop()
    expect(desk.page.locator("[data-link=waiting]")).to_be_attached()
    start(port).up()

    expect(desk.page.locator("[data-link=live]")).to_be_attached(timeout=PATIENCE_MS)
    expect(desk.page.locator(f"[data-offset='{seen[0] + 1}']")).to_be_attached(timeout=PATIENCE_MS)
    offsets = desk.offsets()
    assert offsets == list(range(offsets[0], seen[-1] - 1, -1))
    assert desk.faults == []
    desk.page.context.close()
