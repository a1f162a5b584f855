"""The README's first five minutes, run to the letter."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.commands import REPOSITORY, environment
from tests.acceptance.process import Process


def first_five_minutes(url: str) -> str:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    part = text.partition("## The first five minutes")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    assert blocks
    return "set -e\n" + "".join(blocks).replace("localhost:8000", url.removeprefix("http://"))


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README uses curl")
def test_the_first_five_minutes_run_as_they_stand(start: Callable[..., Process], open_path: Path) -> None:
    programs = open_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    program = programs / "leadboost"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m leadboost "$@"\n')
    program.chmod(0o755)
    url = start().up()

    done = subprocess.run(
        ["sh", "-c", first_five_minutes(url)],
        cwd=open_path,
        env=environment() | {"LEADBOOST_DATA_DIR": str(open_path / "data")},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "60 rows: 60 learned" in done.stdout
    assert "basis: learned" in done.stdout
    assert "2 rows: 2 accepted" in done.stdout
    assert '"remaining":0' in done.stdout
