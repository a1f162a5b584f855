"""What the deletion of old data found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """Counts of one run; ``left_over`` is what is too old and still there, and must be 0."""

    texts: int
    rows: int
    events: int
    dead_letters: int
    left_over: int
