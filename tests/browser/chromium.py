"""Finds a browser to drive."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

VARIABLE = "LEADBOOST_TEST_CHROMIUM"
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


def arguments() -> list[str]:
    """Return how the browser is started; as root it cannot build its sandbox."""
    return [*ARGUMENTS, "--no-sandbox"] if _is_root() else ARGUMENTS


def executable(playwright: Playwright) -> str:
    """Return the path of a Chromium. Without one the tests skip, or fail where one was to be installed."""
    for path in _candidates(playwright):
        if path and Path(path).is_file():
            return path
    reason = f"no Chromium: apt-get install chromium, or name one in {VARIABLE}"
    if os.environ.get("CI") == "true" and _is_root():
        pytest.fail(reason)
    pytest.skip(reason)


def _candidates(playwright: Playwright) -> Iterator[str | None]:
    yield os.environ.get(VARIABLE)
    yield from sorted(str(path) for path in Path("/usr/bin").glob("chromium*"))
    yield shutil.which("google-chrome")
    yield playwright.chromium.executable_path


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
