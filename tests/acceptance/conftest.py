"""Daemons for acceptance tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.process import Process

Start = Callable[..., Process]


@pytest.fixture
def start(open_path: Path) -> Iterator[Start]:
    processes: list[Process] = []

    def start(*options: str, **environ: str) -> Process:
        processes.append(Process(open_path / "data", "--port", "0", *options, **environ))
        return processes[-1]

    yield start
    for each in processes:
        each.process.kill()
        each.bury()
