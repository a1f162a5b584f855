"""The deletion of old data, and erasure on request."""

from dataclasses import dataclass, field
from uuid import UUID

from leadboost.runtime.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """Counts of one run; ``left_over`` is what is to be gone and still there, and must be 0."""

    texts: int
    rows: int
    events: int
    dead_letters: int
    left_over: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many signals an erasure found; ``id`` is that of its row in ``deletions``, None after a dry run."""

    id: UUID | None
    signals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseSignals(Message[Erased]):
    """Erase what a person said, by ``handle`` (a pseudonym does as well), in one ``source`` or in all; or
    without a handle the one item ``external_id`` of ``source``. Neither is heard again.

    ``dry_run`` counts the signals alone.
    """

    handle: str | None = field(default=None, repr=False)
    source: str | None = None
    external_id: str | None = field(default=None, repr=False)
    by: str
    dry_run: bool = False
