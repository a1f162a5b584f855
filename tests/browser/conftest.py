"""A real browser on real daemons in the demo profile."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from leadboost.console.page import STATIC
from tests.acceptance.process import Process
from tests.browser.chromium import arguments, executable
from tests.browser.console import Desk, first_link, sit_down

Start = Callable[..., Process]
Visit = Callable[..., Desk]


# Playwright's loop runs for as long as it is open, and other files' tests bring a loop of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not (STATIC / "index.html").is_file():
        pytest.skip("the console is not built: make ui")
    with sync_playwright() as playwright:
        path = executable(playwright)
        browser = playwright.chromium.launch(executable_path=path, args=arguments())
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def daemon(open_folder: Path) -> Iterator[Process]:
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    process = Process(folder / "data", "--profile", "demo", "--port", "0")
    yield process
    end(process)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def admin(browser: Browser, daemon: Process) -> Iterator[Desk]:
    """The person who opened the printed link."""
    desk = sit_down(browser, daemon.up())
    desk.enter(first_link(daemon))
    yield desk
    desk.page.context.close()


@pytest.fixture
def visit(browser: Browser, daemon: Process, admin: Desk) -> Iterator[Visit]:
    """Sit down at another browser with the admin's login; ``options`` are Playwright's for a context."""
    desks: list[Desk] = []

    def visit(**options: object) -> Desk:
        state = admin.page.context.storage_state()
        desks.append(sit_down(browser, daemon.up(), storage_state=state, **options))
        return desks[-1]

    yield visit
    for desk in desks:
        desk.page.context.close()


@pytest.fixture
def start(open_path: Path) -> Iterator[Start]:
    """Start a daemon in the demo profile; all of one test share a data folder."""
    processes: list[Process] = []

    def start(port: int, **environ: str) -> Process:
        options = ("--profile", "demo", "--port", str(port))
        processes.append(Process(open_path / "data", *options, **environ))
        return processes[-1]

    yield start
    for process in processes:
        end(process)


def end(process: Process) -> None:
    """Kill a daemon and let go of its pipe."""
    process.process.kill()
    process.process.wait()
    assert process.process.stdout is not None
    process.process.stdout.close()
