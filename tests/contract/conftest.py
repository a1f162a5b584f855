"""What the contract suites print beside dots."""

from collections.abc import Callable, Iterable

import pytest

Show = Callable[[Iterable[str]], None]


@pytest.fixture(scope="module")
def show(pytestconfig: pytest.Config) -> Show:
    """Print lines past the capture, where this process has the terminal at all."""
    terminal = pytestconfig.pluginmanager.getplugin("terminalreporter")
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def write(lines: Iterable[str]) -> None:
        if terminal is None or capture is None:
            return
        with capture.global_and_fixture_disabled():
            for line in ("", *lines):
                terminal.write_line(line)

    return write
