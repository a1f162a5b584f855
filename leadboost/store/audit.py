"""``audit_log``: who did what, append-only, each row's hash covering the one before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadboost.clock import Clock, Rng, uuid7
from leadboost.store.database import Session
from leadboost.store.queries import load_queries

queries = load_queries("audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to what; ``detail`` holds JSON values."""

    actor: str
    action: str
    subject: str
    detail: Mapping[str, object]


async def append_audit(session: Session, entries: Sequence[AuditEntry], *, clock: Clock, rng: Rng) -> None:
    """Add rows in the caller's transaction, in the order given.

    The chain stays locked until that transaction ends, so call it last. Raises StoreDataError.
    """
    await session.execute(queries.lock_chain)
    # Statements of their own: each must see the row before it, the first that of whoever held the lock.
    await session.execute_many(
        queries.append_entry,
        [
            (uuid7(clock, rng), clock.now(), entry.actor, entry.action, entry.subject, dict(entry.detail))
            for entry in entries
        ],
    )
