"""A watched topic. Apart from its matcher, so that messages can name it without loading that."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Something to watch for. ``updated_at`` is aware UTC, None while it is not stored."""

    name: str
    terms: tuple[str, ...]
    examples: tuple[str, ...] = ()
    updated_at: datetime | None = None
