"""``safety``, ``halts`` and ``actions``: the latch and the ledger behind it.

Every change of halts updates the one row of ``safety``, every action about to be sent shares its lock:
whoever commits second sees the first.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

import asyncpg

from leadboost.clock import uuid7
from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Halt, HaltItem, HaltState, ItemStatus, Scope
from leadboost.errors import HaltError
from leadboost.ports import EnableAction, NewEvent
from leadboost.store.audit import AuditEntry, append_audit
from leadboost.store.database import Database, Session
from leadboost.store.journal import insert_events
from leadboost.store.queries import load_queries

DEADLINE_S = 2.0
VERSION_WITHIN_S = 1.0
MOST_SENDS = 3
_NO_ARGUMENTS = hashlib.sha256(b"{}").digest()

_queries = load_queries("safety")


class PgHaltStore:
    """``HaltStore`` on PostgreSQL. ``connect`` returns the database, or raises StoreUnavailableError."""

    def __init__(self, connect: Callable[[], Database]) -> None:
        self._connect = connect

    async def load(self, *, resumed: int) -> Sequence[Halt]:
        async with self._connect().session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.load_halts, resumed)
            items = await session.fetch(_queries.load_items, [row["id"] for row in rows])
        by_halt: dict[UUID, list[HaltItem]] = {}
        for item in items:
            by_halt.setdefault(item["halt_id"], []).append(_item(item))
        return [_halt(row, by_halt.get(row["id"], [])) for row in rows]

    async def save(self, halts: Sequence[Halt], events: Sequence[NewEvent]) -> None:
        database = self._connect()
        async with database.transaction(deadline_s=DEADLINE_S) as session:
            await session.fetchval(_queries.lock_latch)
            if halts:
                await _save(session, halts)
            await session.execute(_queries.set_latch, database.clock.now())
            await insert_events(session, events)

    async def version(self) -> int:
        async with self._connect().session(deadline_s=VERSION_WITHIN_S) as session:
            version: int = await session.fetchval(_queries.read_version)
        return version

    async def links(self, skus: Collection[str]) -> Mapping[str, Sequence[Campaign]]:
        async with self._connect().session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.list_links, list(skus))
        linked: dict[str, list[Campaign]] = {sku: [] for sku in skus}
        for row in rows:
            linked[row["sku"]].append(_campaign(row))
        return linked

    async def approve(self, halt_id: UUID, *, by: str, reason: str) -> Sequence[str]:
        database = self._connect()
        async with database.transaction(deadline_s=DEADLINE_S) as session:
            now = database.clock.now()
            await session.execute(_queries.add_approval, halt_id, by, reason, now)
            rows = await session.fetch(_queries.list_approvals, halt_id)
            await _audit(session, database, by, "halt.approve_resume", str(halt_id), {"reason": reason})
        return [row["approver"] for row in rows]

    async def resume(
        self, halt: Halt, actions: Sequence[EnableAction], *, by: str, reason: str, event: NewEvent
    ) -> None:
        database = self._connect()
        async with database.transaction(deadline_s=DEADLINE_S) as session:
            now = database.clock.now()
            await session.fetchval(_queries.lock_latch)
            await _refuse_at_floor(session, halt.scope)
            if await session.fetchval(_queries.end_halt, halt.id, now, halt.last_stop) is None:
                raise HaltError("already_resumed", "This halt is over, or was asked for again.")
            await session.execute(_queries.set_latch, now)
            if actions:
                rows = [(each.id, each.campaign.platform, each.campaign.campaign_id) for each in actions]
                columns = zip(*rows, strict=True)
                origin = f"halt:{halt.id}"
                await session.execute(
                    _queries.intend_actions, *columns, halt.id, origin, "enable", _NO_ARGUMENTS, now
                )
            await insert_events(session, [event])
            await _audit(session, database, by, "halt.resume", str(halt.id), {"reason": reason})

    async def unfinished_actions(self) -> Sequence[EnableAction]:
        async with self._connect().session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.list_unfinished)
        return [
            EnableAction(
                id=row["id"],
                halt_id=row["halt_id"],
                campaign=_campaign(row),
                state=row["state"],
                intended_at=row["intended_at"],
            )
            for row in rows
        ]

    async def mark_sent(self, action: EnableAction) -> bool:
        database = self._connect()
        async with database.transaction(deadline_s=DEADLINE_S) as session:
            if await session.fetchval(_queries.share_latch) != "ACTIVE":
                return False
            sent = await session.fetchval(_queries.send_action, action.id, database.clock.now(), MOST_SENDS)
        return sent is not None

    async def settle_action(self, action: EnableAction, state: str, error: str | None) -> None:
        database = self._connect()
        async with database.transaction(deadline_s=DEADLINE_S) as session:
            now = database.clock.now()
            row = await session.fetchrow(_queries.settle_action, action.id, state, error, now)
            if row is not None and state in ("confirmed", "failed"):
                data = {"action": row["kind"], **_names(action.campaign), "state": state, "error": error}
                event_id = uuid7(database.clock, database.rng)
                event = NewEvent(id=event_id, kind=f"campaign.{row['kind']}", at=now, data=data)
                await insert_events(session, [event])


async def _save(session: Session, halts: Sequence[Halt]) -> None:
    rows = [
        (
            each.id,
            str(each.scope),
            each.reason,
            each.tripped_by,
            each.tripped_at,
            each.last_stop,
            str(each.state),
        )
        for each in halts
    ]
    await session.execute(_queries.save_halts, *zip(*rows, strict=True))
    items = [_item_row(halt.id, item) for halt in halts for item in halt.items]
    if items:
        await session.execute(_queries.save_items, *zip(*items, strict=True))


async def _refuse_at_floor(session: Session, scope: Scope) -> None:
    if scope.kind == "sku" and await session.fetchval(_queries.is_at_floor, scope.parts[0]):
        raise HaltError(
            "still_at_floor", f"{scope.parts[0]} is still at its floor: restock it or lower the floor first."
        )


async def _audit(
    session: Session, database: Database, by: str, action: str, subject: str, detail: Mapping[str, object]
) -> None:
    entry = AuditEntry(actor=by, action=action, subject=subject, detail=detail)
    await append_audit(session, [entry], clock=database.clock, rng=database.rng)


def _item_row(halt_id: UUID, item: HaltItem) -> tuple[object, ...]:
    return (
        halt_id,
        item.campaign.platform,
        item.campaign.campaign_id,
        str(item.status),
        item.attempts,
        item.name,
        item.was_active,
        item.daily_budget_micros,
        item.currency,
        item.error,
        item.confirmed_at,
    )


def _halt(row: asyncpg.Record, items: Sequence[HaltItem]) -> Halt:
    return Halt(
        id=row["id"],
        scope=Scope.parse(row["scope"]),
        reason=row["reason"],
        tripped_by=row["tripped_by"],
        tripped_at=row["tripped_at"],
        stopped_at=row["stopped_at"],
        state=HaltState(row["state"]),
        items=tuple(items),
        approvals=tuple(row["approvals"]),
    )


def _item(row: asyncpg.Record) -> HaltItem:
    return HaltItem(
        campaign=_campaign(row),
        status=ItemStatus(row["status"]),
        attempts=row["attempts"],
        name=row["name"],
        was_active=row["was_active"],
        daily_budget_micros=row["daily_budget_micros"],
        currency=row["currency"],
        error=row["error"],
        confirmed_at=row["confirmed_at"],
    )


def _campaign(row: asyncpg.Record) -> Campaign:
    return Campaign(platform=row["platform"], campaign_id=row["campaign_id"])


def _names(campaign: Campaign) -> dict[str, object]:
    return {"platform": campaign.platform, "campaign_id": campaign.campaign_id}
