"""What every deletion of signals does beside: bands, clusters, and word of it in the journal."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from leadboost.clock import Clock, Rng, uuid7
from leadboost.ports import NewEvent
from leadboost.store.database import Session
from leadboost.store.journal import insert_events
from leadboost.store.queries import load_queries
from leadboost.store.signals import queries as signal_queries

FORGOTTEN = "signal.forgotten"
IDS_IN_EVENT = 100

_queries = load_queries("retention")


async def forget_bands(session: Session, places: Sequence[int]) -> None:
    """Forget what copies of the signals at these places (``seq``) would be found by."""
    await session.execute(_queries.drop_bands, places)


async def forget_clusters(session: Session, clusters: Iterable[UUID | None]) -> None:
    """Choose leads anew where members are gone, and forget names that nothing carries. The caller holds
    the lock of clusters."""
    if changed := set(clusters) - {None}:
        await session.execute(signal_queries.choose_leads, list(changed))
        await session.execute(_queries.drop_joined)


async def tell_forgotten(session: Session, ids: Sequence[UUID], *, clock: Clock, rng: Rng) -> None:
    """Journal that what these signals said, or who said it, was forgotten, in part or whole."""
    starts = range(0, len(ids), IDS_IN_EVENT)
    told = [[str(id_) for id_ in ids[start : start + IDS_IN_EVENT]] for start in starts]
    await insert_events(
        session,
        [NewEvent(id=uuid7(clock, rng), kind=FORGOTTEN, at=clock.now(), data={"ids": each}) for each in told],
    )
