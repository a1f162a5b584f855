"""Made-up signals, as they are counted."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from leadboost.domain.hearing.features import Echo, Said
from leadboost.domain.hearing.passage import Unheard

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)

_numbers = count(1)


def unheard(
    author: str | None = "ada",
    *,
    source: str = "reddit",
    topics: Sequence[str] = ("boots",),
    after_s: float = 0.0,
    age_s: float | None = 60.0,
    text: str = "warm boots",
    engagement: dict[str, float] | None = None,
    rejected: bool = False,
    echo: Echo | None = None,
) -> Unheard:
    """A signal heard ``after_s`` seconds after noon, ``age_s`` seconds old by then."""
    heard_at = NOON + timedelta(seconds=after_s)
    return Unheard(
        id=UUID(int=next(_numbers)),
        source=source,
        author=author,
        topics=topics,
        is_rejected=rejected,
        said=Said(
            text=text,
            engagement=engagement or {},
            published_at=None if age_s is None else heard_at - timedelta(seconds=age_s),
            heard_at=heard_at,
        ),
        echo=echo or Echo(),
    )
