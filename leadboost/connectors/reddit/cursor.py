"""What a listing remembers between polls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SEEN = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingCursor:
    """``asked`` is what was asked; after a change of it everything starts anew. ``seen`` holds names of
    posts, newest first: a page that shows one of them is the last that is needed. ``before=`` is not used,
    since it goes silent for ever once the post it names is deleted.
    """

    asked: str
    seen: tuple[str, ...] = ()

    @classmethod
    def load(cls, saved: Mapping[str, object], *, asked: str) -> "ListingCursor":
        """Read a saved cursor; a fresh one when there is none, or it is of another question."""
        seen = saved.get("seen")
        if saved.get("asked") != asked or not isinstance(seen, list):
            return cls(asked=asked)
        return cls(asked=asked, seen=tuple(str(name) for name in seen[:SEEN]))

    def after(self, names: Iterable[str]) -> "ListingCursor":
        """Return the cursor after these were handed on."""
        return ListingCursor(asked=self.asked, seen=tuple(dict.fromkeys((*names, *self.seen)))[:SEEN])

    def dump(self) -> dict[str, object]:
        """Return JSON values for ``load``."""
        return {"asked": self.asked, "seen": list(self.seen)}
