"""A signal: one post, article or query that may show demand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


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
