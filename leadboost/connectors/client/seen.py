"""What a source remembers that can only tell new items from known ones."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCursor:
    """``asked`` is what was asked; after a change of it everything starts anew. ``seen`` holds ids of
    items that were handed on, latest first, ``limit`` at most.
    """

    limit: ClassVar[int] = 1_000

    asked: str
    seen: tuple[str, ...] = ()

    @classmethod
    def load(cls, saved: Mapping[str, object], *, asked: str) -> Self:
        """Read a saved cursor; a fresh one when there is none, or it is of another question."""
        seen = saved.get("seen")
        if saved.get("asked") != asked or not isinstance(seen, list):
            return cls(asked=asked)
        return cls(asked=asked, seen=tuple(str(each) for each in seen[: cls.limit]))

    def after(self, ids: Iterable[str]) -> Self:
        """Return the cursor after these were handed on."""
        return replace(self, seen=tuple(dict.fromkeys((*ids, *self.seen)))[: self.limit])

    def dump(self) -> dict[str, object]:
        """Return JSON values for ``load``."""
        return asdict(self) | {"seen": list(self.seen)}
