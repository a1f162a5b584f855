"""A signal: one post, article or query that may show demand."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A normalised signal.

    ``published_at`` is aware UTC or None when the source does not say. ``engagement`` maps a
    counter's name (``score``, ``comments``, ``views``, ...) to its value when it was heard.
    ``extra`` keeps whatever else the source sent, JSON values only.
    """

    source: str
    external_id: str
    text: str
    url: str | None = None
    author: str | None = None
    title: str | None = None
    published_at: datetime | None = None
    engagement: Mapping[str, float] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)


def prose(title: str | None, text: str) -> str:
    """All that a signal says: its title, unless the text begins with it, and its text, a line each."""
    return text if not title or text.startswith(title) else f"{title}\n{text}"


def content_hash(signal: Signal) -> bytes:
    """Return the 32 bytes of SHA-256 that make two signals the same one.

    What counts is who says what: source, external id, title and text. Counters, address, author and
    dates are left out, because sources change them while the post stays the same; so a post sent
    again with new counters is a duplicate, and an edited post is a new signal. Two sources that
    carry the same text stay two signals.
    """
    identity = [signal.source, signal.external_id, signal.title or "", signal.text]
    return hashlib.sha256(orjson.dumps(identity)).digest()
