"""``config/rules.toml``, or whatever file holds the rules of this host."""

import asyncio
import tomllib
from collections.abc import Sequence
from pathlib import Path

from leadboost.domain.rules.rule import Rule
from leadboost.domain.rules.written import read_rules
from leadboost.errors import ConfigError, Problem

READ_WITHIN_S = 2.0
LARGEST_BYTES = 1_000_000

_Stamp = tuple[int, int, int]


class TomlRuleFile:
    """``RuleFile`` at ``path``. A file that is not there holds no rules."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: _Stamp | None = (-1, 0, 0)

    async def read(self) -> Sequence[Rule] | None:
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                return await asyncio.to_thread(self._read)
        except TimeoutError:
            raise self._fault("cannot be read: the disk does not answer") from None

    def _read(self) -> Sequence[Rule] | None:
        try:
            stamp = self._look()
            if stamp == self._stamp:
                return None
            self._stamp = stamp
            if stamp is None:
                return ()
            if stamp[1] > LARGEST_BYTES:
                raise self._fault(f"has {stamp[1]:,} bytes, and may have {LARGEST_BYTES:,}")
            return read_rules(tomllib.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise self._fault(f"cannot be read: {error}") from None

    def _look(self) -> _Stamp | None:
        """What changes whenever the file does; None where there is none."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def _fault(self, reason: str) -> ConfigError:
        return ConfigError([Problem(key="rules", value=str(self._path), allowed=reason)])
