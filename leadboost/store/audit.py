"""``audit_log``: who did what, append-only, each row's hash covering the one before it."""

from collections.abc import Mapping

from leadboost.clock import Clock, Rng, uuid7
from leadboost.store.database import Session
from leadboost.store.queries import load_queries

queries = load_queries("audit")


async def append_audit(
    session: Session,
    *,
    clock: Clock,
    rng: Rng,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, object],
) -> None:
    """Add one row in the caller's transaction; ``detail`` holds JSON values.

    The chain stays locked until that transaction ends, so call it last. Raises StoreDataError.
    """
    await session.execute(queries.lock_chain)
    # A statement of its own: it must see the row of whoever held the lock before us.
    await session.execute(
        queries.append_entry, uuid7(clock, rng), clock.now(), actor, action, subject, dict(detail)
    )


async def find_break(session: Session) -> int | None:
    """Return the ``seq`` of the first row that does not follow from the one before, None if all do."""
    broken: int | None = await session.fetchval(queries.find_break)
    return broken
