"""How far the file at hand was read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCursor:
    """``done`` rows of the file with that SHA-256 (hex) were handed on; another file begins at its start."""

    sha256: str = ""
    done: int = 0

    @classmethod
    def load(cls, saved: Mapping[str, object], *, sha256: str) -> "FileCursor":
        """Read a saved cursor; a fresh one when there is none, or it is of another file."""
        done = saved.get("done")
        if saved.get("sha256") != sha256 or not isinstance(done, int):
            return cls(sha256=sha256)
        return cls(sha256=sha256, done=max(done, 0))

    def dump(self) -> dict[str, object]:
        """Return JSON values for ``load``."""
        return asdict(self)
