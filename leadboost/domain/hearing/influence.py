"""How much one voice counts: an author in a source or topic, and a source in a topic.

What a voice adds to a statistic fades over a day like the statistic itself, and its share of what is
left never exceeds a cap. Small counts would make that unfair, so a voice may always hold a little:

- one author: at most ``AUTHOR_CAP`` (1 %) of a source's or topic's day, or ``AUTHOR_FREE`` (1) signal;
- one source: at most ``SOURCE_CAP`` (60 %) of a topic's day, or ``SOURCE_FREE`` (200) signals.

Beyond that a signal counts for less, down to nothing; it is processed all the same. (At a cap of half or
less, two sources would hold each other where they are.) Authors are told
apart within their source, by a digest. A signal without author counts as one of its source alone.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from math import exp
from typing import Final

from leadboost.domain.hearing.statistics import DAY_S

AUTHOR_CAP: Final = 0.01
AUTHOR_FREE: Final = 1.0
SOURCE_CAP: Final = 0.6
SOURCE_FREE: Final = 200.0


@dataclass(slots=True)
class Voice:
    """What one voice has added to a statistic and has not faded yet, as of ``at``."""

    at: datetime
    weight: float = 0.0

    def fade(self, now: datetime) -> None:
        """Let it fade until ``now``; a moment before ``at`` changes nothing."""
        passed_s = (now - self.at).total_seconds()
        if passed_s > 0.0:
            self.weight *= exp(-passed_s / DAY_S)
            self.at = now


def author_key(source: str, author: str) -> str:
    """Return the digest, 32 hex digits, under which the influence of an author's pseudonym in a source is
    kept."""
    return blake2b(f"{source}\0{author}".encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def allowance(voice: float, total: float, *, cap: float, free: float) -> float:
    """Return the largest weight in [0, 1] that a voice may add to its ``voice`` of ``total``.

    With w added, voice + w <= max(free, cap * (total + w)).
    """
    return min(max(free - voice, (cap * total - voice) / (1.0 - cap), 0.0), 1.0)
