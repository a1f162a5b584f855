"""What is not worth hearing, as an operator sets it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is not worth hearing. Empty ``languages`` let every language in."""

    blocked_words: tuple[str, ...] = ()
    blocked_authors: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()
    min_chars: int = 3
    spam_above: float = 0.8
