import os
from pathlib import Path

import hatchling.build
import pytest

import hatch_build

BUILT_AT = 1_000_000


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source of a console that is built, on a machine without Node."""
    sources, index = tmp_path / "ui", tmp_path / "static/index.html"
    for path in (sources / "src/App.tsx", sources / "node_modules/react/index.js", index):
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (BUILT_AT, BUILT_AT))
    os.utime(sources / "node_modules/react/index.js", (BUILT_AT + 1, BUILT_AT + 1))
    monkeypatch.setattr(hatch_build, "SOURCES", sources)
    monkeypatch.setattr(hatch_build, "INDEX", index)
    monkeypatch.setattr(hatch_build, "find_npm", lambda: None)
    return sources / "src/App.tsx"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What npm is told."""
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(hatch_build, "npm", lambda *arguments: commands.append(arguments))
    return commands


def build(version: str) -> None:
    hook = object.__new__(hatch_build.ConsoleBuildHook)
    hook.initialize(version, {})


def test_a_console_that_is_built_is_taken_as_it_is_without_node(
    source: Path, commands: list[tuple[str, ...]]
) -> None:
    build("standard")

    assert hatch_build.NODE_PACKAGE not in hatch_build.get_requires_for_build_wheel()
    assert commands == []


@pytest.mark.parametrize("change", ["newer source", "not built"])
def test_a_stale_console_is_built_anew_with_the_node_that_is_asked_for(
    source: Path, commands: list[tuple[str, ...]], change: str
) -> None:
    if change == "not built":
        hatch_build.INDEX.unlink()
    else:
        os.utime(source, (BUILT_AT + 1, BUILT_AT + 1))
    build("standard")

    assert hatch_build.NODE_PACKAGE in hatch_build.get_requires_for_build_wheel()
    assert hatch_build.NODE_PACKAGE in hatch_build.get_requires_for_build_sdist()
    assert commands == [("ci",), ("run", "build")]


def test_an_editable_build_neither_builds_the_console_nor_asks_for_node(
    source: Path, commands: list[tuple[str, ...]]
) -> None:
    hatch_build.INDEX.unlink()
    build("editable")

    assert hatch_build.NODE_PACKAGE not in hatch_build.get_requires_for_build_editable()
    assert hatch_build.build_editable is hatchling.build.build_editable
    assert commands == []
