"""Commands run as a user runs them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """The environment without any setting of ours, so that only what a test states counts."""
    ours = ("LEADBOOST_", "DATABASE_URL", "POSTGRES_")
    clean = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    return clean | {"PYTHONPATH": str(REPOSITORY)}


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote on standard output, which must be one JSON value."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs commands on one data folder, away from the repository's own configuration."""

    folder: Path

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    def run(self, *arguments: str | Path) -> Finished:
        command = [sys.executable, "-m", "leadboost", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.folder, env=environment(), capture_output=True, text=True, timeout=90
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def on_data(self, *arguments: str | Path) -> Finished:
        return self.run(*arguments, "--data-dir", self.data_dir)

    def file(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.write_text(content, encoding="utf-8")
        return path

    @contextmanager
    def daemon(self) -> Iterator[str]:
        """Keep a daemon up on the data folder; yields its URL."""
        command = [sys.executable, "-m", "leadboost", "up", "--port", "0", "--json"]
        with subprocess.Popen(
            [*command, "--data-dir", str(self.data_dir)],
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdout is not None
            try:
                yield json.loads(process.stdout.readline())["url"]
            finally:
                process.terminate()
                process.wait(20)
