"""What a feed remembers between polls."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

SEEN = 2_000
HEADER_CHARS = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCursor:
    """The state of conditional GET and of what was already handed on.

    ``url`` is the configured address, ``final_url`` where the feed lives by now; after a change of
    ``url`` everything starts anew. ``etag`` and ``last_modified`` go back byte for byte.
    ``moved_to`` was named by the last ``moved_count`` answers in a row. ``wish_s`` is the
    feed's own wish for the time between polls. ``seen`` holds fingerprints of items, newest first.
    """

    url: str
    final_url: str
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    moved_to: str | None = None
    moved_count: int = 0
    wish_s: float = 0.0
    seen: tuple[str, ...] = ()

    @classmethod
    def load(cls, saved: Mapping[str, object], *, url: str) -> "FeedCursor":
        """Read a saved cursor; a fresh one when there is none, or it is of another address."""
        fresh = cls(url=url, final_url=url)
        if saved.get("url") != url:
            return fresh
        seen, count, wish_s = saved.get("seen"), saved.get("moved_count"), saved.get("wish_s")
        return cls(
            url=url,
            final_url=_text(saved.get("final_url")) or url,
            etag=_text(saved.get("etag")),
            last_modified=_text(saved.get("last_modified")),
            body_sha256=_text(saved.get("body_sha256")),
            moved_to=_text(saved.get("moved_to")),
            moved_count=count if isinstance(count, int) else 0,
            wish_s=float(wish_s) if isinstance(wish_s, int | float) else 0.0,
            seen=tuple(str(each) for each in seen) if isinstance(seen, list | tuple) else (),
        )

    def dump(self) -> dict[str, object]:
        """Return JSON values for ``load``."""
        return asdict(self) | {"seen": list(self.seen)}


def remember(current: Iterable[str], seen: tuple[str, ...]) -> tuple[str, ...]:
    """Return what to remember: the fingerprints of the feed as it is now, then older ones, 2,000 at most."""
    return tuple(dict.fromkeys((*current, *seen)))[:SEEN]


def storable_header(value: str | None) -> str | None:
    """Return a header that can be stored and sent back as it is, else None."""
    usable = value and len(value) <= HEADER_CHARS and value.isascii() and value.isprintable()
    return value if usable else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
