"""Introspection: what is known of each actor while it runs."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leadboost.runtime.cell import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorStats:
    """One actor now. ``depth`` is messages per lane; ages and times in seconds.

    ``oldest_age_s`` and ``slowest_s`` are lower bounds: timing is sampled (1 handler in 64, and
    every one that suspends). ``took_s`` is how long the last start took, None while it lasts.
    """

    name: str
    state: str
    took_s: float | None
    critical: bool
    depth: Mapping[str, int]
    oldest_age_s: float
    handled: int
    rate_per_s: float
    dropped: int
    rejected: int
    restarts: int
    slowest_s: float
    slowest_message: str | None
    work: Sequence[str]
    last_error: str | None


def describe(cell: "Cell") -> ActorStats:
    """Describe an actor now."""
    now = asyncio.get_running_loop().time()
    handled = cell.mailbox.handled()
    return ActorStats(
        name=cell.name,
        state=cell.state,
        took_s=cell.took_s,
        critical=cell.child.critical,
        depth=cell.mailbox.depth(),
        oldest_age_s=cell.mailbox.oldest_age_s(now),
        handled=handled,
        rate_per_s=cell.timing.rate(now, handled),
        dropped=cell.mailbox.dropped,
        rejected=cell.mailbox.rejected,
        restarts=cell.restarts.count,
        slowest_s=cell.timing.slowest_s,
        slowest_message=cell.timing.slowest_message,
        work=cell.work.names(),
        last_error=repr(cell.last_error) if cell.last_error is not None else None,
    )
