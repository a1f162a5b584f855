"""What an ordinary business can obtain of an outside service."""

from dataclasses import dataclass
from typing import Literal

Obtainable = Literal["free", "account", "review", "paid", "licence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One connector. ``obtainable``: for nothing (``free``), with an account of one's own, after the
    service's review, for money, or with a licence that an ordinary business does not get."""

    kind: str
    obtainable: Obtainable
    enabled: bool
    note: str
