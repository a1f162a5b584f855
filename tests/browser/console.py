"""A person in front of the console."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.process import Process

AXE = Path(__file__).parents[2] / "leadboost/console/ui/node_modules/axe-core/axe.min.js"
VIEWS = (
    "overview",
    "safety",
    "alerts",
    "signals",
    "signals/sources",
    "signals/topics",
    "model",
    "stock",
    "campaigns",
    "events",
)
PATIENCE_MS = 15_000
_AXE_RUN = """
async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => html + failureSummary)}`);
}
"""
_READ_EVENTS = """
(rows) => rows.map((row) => [Number(row.dataset.offset), row.querySelector("summary").textContent])
"""
_FETCH = """
async ([method, path, body]) => {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  return [response.status, await response.json()];
}
"""


@dataclass(frozen=True)
class Desk:
    """One person's browser on one daemon. ``faults`` collects what the page reports as an error."""

    page: Page
    url: str
    faults: list[str]

    def enter(self, link: str) -> None:
        """Open the single-use link and wait until the overview is there."""
        self.page.goto(link)
        self.arrive()

    def sign_in(self, name: str, password: str) -> None:
        """Sign in by the form."""
        self.page.goto(self.url)
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.arrive()

    def arrive(self) -> None:
        """Wait until boot is over and the live link stands."""
        expect(self.page.locator("[data-link=live]")).to_be_attached(timeout=PATIENCE_MS)

    def go(self, view: str) -> None:
        """Open a view by its address."""
        self.page.goto(f"{self.url}/#/{view}")
        expect(self.page.locator("main h1")).to_be_visible()

    def look(self, view: str) -> None:
        """Open a view and wait until nothing is being loaded in it."""
        self.go(view)
        expect(self.page.locator(".skeleton")).to_have_count(0, timeout=PATIENCE_MS)

    def begin(self, view: str) -> None:
        """Open a view anew, without what was typed in it before."""
        self.go(view)
        self.page.reload()
        self.arrive()

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Call the API as this page, with its cookie."""
        status, reply = self.page.evaluate(_FETCH, [method, path, body])
        return status, reply

    def stop_button(self) -> Locator:
        """The button in the header that stops everything."""
        return self.page.get_by_role("banner").get_by_role("button", name=re.compile("^(Stop|Parar)$"))

    def offsets(self) -> list[int]:
        """Offsets in the list of events, newest first."""
        rows = self.page.locator("[data-offset]")
        return [int(offset) for offset in rows.evaluate_all("rows => rows.map((row) => row.dataset.offset)")]

    def events(self) -> dict[int, str]:
        """Each event in the list by its offset, as it reads, newest first."""
        rows = self.page.locator("[data-offset]")
        return dict(rows.evaluate_all(_READ_EVENTS))

    def overflow(self) -> int:
        """How many pixels the page is wider than the window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return width

    def violations(self) -> list[str]:
        """What axe-core finds that is serious or critical."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[str] = self.page.evaluate(_AXE_RUN)
        return found


def sit_down(browser: Browser, url: str, **options: Any) -> Desk:
    """Open a fresh browser profile, in English unless ``locale`` says otherwise."""
    context = browser.new_context(**({"locale": "en-GB", "reduced_motion": "reduce"} | options))
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    return Desk(page, url, faults)


def first_link(daemon: Process, *, times: int = 1) -> str:
    """The link that the daemon printed."""
    return daemon.wait_for("/#first=", times=times).split()[-1]
