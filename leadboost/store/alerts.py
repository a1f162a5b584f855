"""``alerts``, ``alert_deliveries`` and ``alert_progress``: what somebody has to hear of, and who was told."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from leadboost.clock import uuid7
from leadboost.domain.alerting.alert import (
    Alert,
    AlertState,
    Change,
    Notice,
    Policy,
    Raise,
    Recipient,
    Resolve,
    Severity,
    acknowledged,
    new_alert,
    passed_on,
    raised_again,
    recipients_of,
    resolved,
    settled,
)
from leadboost.messages.alerter import AlertCounts, AlertShown, DeliveryShown
from leadboost.ports import Lease
from leadboost.ports.alerting import AlertProgress, Delivery, Outcome
from leadboost.store.audit import AuditEntry, append_audit
from leadboost.store.database import Database, Session
from leadboost.store.leases import guard
from leadboost.store.queries import load_queries

DEADLINE_S = 2.0
MOST_WAITING = 500
KEPT = timedelta(days=90)
FORGOTTEN_AT_ONCE = 500
_AT_ONCE = 100

_queries = load_queries("alerts")
_COLUMNS = tuple(each.name for each in fields(Alert))  # in the order of the statement that saves them


@dataclass(slots=True, kw_only=True)
class _Book:
    """The alerts that a transaction changes, by key while they are not over, and who is told of them.

    ``told`` are keys and channels that were told already.
    """

    open: dict[str, Alert] = field(default_factory=dict)
    changed: dict[UUID, Alert] = field(default_factory=dict)
    notices: list[tuple[UUID, str, Notice, bool]] = field(default_factory=list)
    told: frozenset[tuple[str, str]] = frozenset()

    def keep(self, alert: Alert) -> None:
        self.changed[alert.id] = alert
        if alert.state is AlertState.RESOLVED:
            self.open.pop(alert.key, None)
        else:
            self.open[alert.key] = alert

    def tell(self, alert: Alert, notice: Notice, channels: Iterable[str]) -> None:
        self.notices += [
            (alert.id, channel, notice, notice is Notice.RAISED and (alert.key, channel) in self.told)
            for channel in channels
        ]


class PgAlertStore:
    """``AlertStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def progress(self) -> AlertProgress | None:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            row = await session.fetchrow(_queries.load_progress)
        return None if row is None else AlertProgress(epoch=row["epoch"], offset=row["offset"])

    async def apply(
        self,
        changes: Sequence[Change],
        policy: Policy,
        recipients: Sequence[Recipient],
        *,
        progress: AlertProgress | None = None,
        lease: Lease | None = None,
        told: Collection[tuple[str, str]] = (),
    ) -> int:
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            if lease is not None:
                await guard(session, lease)
            book = await self._open(session, changes, told)
            for change in changes:
                await self._change(session, book, change, policy, recipients)
            await self._write(session, book)
            if progress is not None:
                await session.execute(_queries.save_progress, progress.epoch, progress.offset)
        return len(book.changed)

    async def _open(
        self, session: Session, changes: Sequence[Change], told: Collection[tuple[str, str]]
    ) -> _Book:
        if not changes:
            return _Book()
        await session.fetchval(_queries.lock_keys)
        prefixes = [each.key for each in changes if isinstance(each, Resolve) and each.prefix]
        keys = list({each.key for each in changes})
        rows = await session.fetch(_queries.lock_alerts, keys, prefixes)
        return _Book(open={row["key"]: _alert(row) for row in rows}, told=frozenset(told))

    async def _change(
        self,
        session: Session,
        book: _Book,
        change: Change,
        policy: Policy,
        recipients: Sequence[Recipient],
    ) -> None:
        if isinstance(change, Raise):
            self._raise(book, change, policy, recipients)
        elif isinstance(change, Resolve):
            for alert in [each for each in book.open.values() if _is_meant(change, each)]:
                await self._conclude(session, book, resolved(alert, change.at))
        elif (known := book.open.get(change.key)) is not None:
            book.keep(settled(known, change.subject))

    def _raise(self, book: _Book, change: Raise, policy: Policy, recipients: Sequence[Recipient]) -> None:
        known, now = book.open.get(change.key), self._database.clock.now()
        if known is None:
            drawn = uuid7(self._database.clock, self._database.rng)
            alert, tells = new_alert(change, drawn, policy, now), True
        else:
            alert, tells = raised_again(known, change, policy, now)
        book.keep(alert)
        if tells:
            notice = Notice.RAISED if known is None else Notice.REMINDED
            book.tell(alert, notice, recipients_of(alert, recipients))

    async def _conclude(self, session: Session, book: _Book, alert: Alert) -> None:
        """Whoever was told that it began is told that somebody sees to it, or that it is over."""
        before = {channel for about, channel, *_ in book.notices if about == alert.id}
        rows = await session.fetch(_queries.told_channels, alert.id)
        channels = sorted(before | {row["channel"] for row in rows})
        is_over = alert.state is AlertState.RESOLVED
        notice = Notice.RESOLVED if is_over else Notice.ACKNOWLEDGED
        book.keep(alert)
        book.tell(alert, notice, channels)

    async def _write(self, session: Session, book: _Book) -> None:
        rows = [[getattr(alert, name) for name in _COLUMNS] for alert in book.changed.values()]
        if rows:
            await session.execute_many(_queries.save_alert, rows)
        if not book.notices:
            return
        now = self._database.clock.now()
        ids = [uuid7(self._database.clock, self._database.rng) for _ in book.notices]
        await session.execute(_queries.add_deliveries, ids, *zip(*book.notices, strict=True), now)
        await session.execute(_queries.drop_excess, MOST_WAITING, now)

    async def pass_on(self, policy: Policy, recipients: Sequence[Recipient], lease: Lease) -> int:
        now = self._database.clock.now()
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            await guard(session, lease)
            await session.fetchval(_queries.lock_keys)
            rows = await session.fetch(_queries.lock_due, now, _AT_ONCE)
            book = _Book()
            for row in rows:
                alert = passed_on(_alert(row), now, policy)
                book.keep(alert)
                book.tell(alert, Notice.REMINDED, recipients_of(alert, recipients))
            await self._write(session, book)
        return len(rows)

    async def due(self, channels: Sequence[str]) -> Sequence[Delivery]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.next_deliveries, list(channels), self._database.clock.now())
        return [_delivery(row) for row in rows]

    async def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        now = self._database.clock.now()
        settled_at = None if outcome.state == "pending" else now
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            await session.execute(
                _queries.settle_delivery,
                delivery.id,
                outcome.state,
                outcome.error,
                outcome.next_try_at,
                settled_at,
            )
            if outcome.pass_on:
                await session.execute(_queries.hasten_round, delivery.alert.id, now)

    async def acknowledge(self, alert_id: UUID, *, by: str, note: str | None) -> Alert | None:
        database = self._database
        async with database.transaction(deadline_s=DEADLINE_S) as session:
            row = await session.fetchrow(_queries.lock_alert, alert_id)
            if row is None:
                return None
            known = _alert(row)
            if not known.is_open:
                return known
            alert = acknowledged(known, by=by, note=note, at=database.clock.now())
            book = _Book()
            await self._conclude(session, book, alert)
            await self._write(session, book)
            entry = AuditEntry(
                actor=by, action="alert.acknowledge", subject=str(alert_id), detail={"note": note}
            )
            await append_audit(session, [entry], clock=database.clock, rng=database.rng)
        return alert

    async def shown(self, *, resolved: int, limit: int) -> Sequence[AlertShown]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.page_alerts, resolved, limit)
        return [
            AlertShown(alert=_alert(row), deliveries=[_shown(each) for each in row["deliveries"]])
            for row in rows
        ]

    async def counts(self) -> AlertCounts:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            row = await session.fetchrow(_queries.count_alerts)
        assert row is not None  # noqa: S101 - an aggregate has its row
        return AlertCounts(**row)

    async def pending(self) -> Mapping[str, int]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            return {row["channel"]: row["pending"] for row in await session.fetch(_queries.count_pending)}

    async def forget_old(self) -> int:
        before = self._database.clock.now() - KEPT
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            done = await session.execute(_queries.delete_old, before, FORGOTTEN_AT_ONCE)
        return int(done.rpartition(" ")[2])


def _is_meant(change: Resolve, alert: Alert) -> bool:
    return alert.key.startswith(change.key) if change.prefix else alert.key == change.key


def _alert(row: "asyncpg.Record | Mapping[str, Any]", **other: object) -> Alert:
    given = {name: row[name] for name in _COLUMNS if name not in other} | other
    given["severity"], given["state"] = Severity(given["severity"]), AlertState(given["state"])
    given["subjects"] = tuple(given["subjects"])
    given["id"] = UUID(int=given["id"].int)  # the driver's own subclass is not JSON to everyone
    return Alert(**given)


def _shown(told: Mapping[str, Any]) -> DeliveryShown:
    settled_at = told["settled_at"]
    return DeliveryShown(
        channel=told["channel"],
        notice=told["notice"],
        state=told["state"],
        attempts=told["attempts"],
        created_at=datetime.fromisoformat(told["created_at"]),
        settled_at=None if settled_at is None else datetime.fromisoformat(settled_at),
        error=told["error"],
    )


def _delivery(row: asyncpg.Record) -> Delivery:
    return Delivery(
        id=UUID(int=row["delivery_id"].int),
        channel=row["channel"],
        notice=Notice(row["notice"]),
        alert=_alert(row, id=row["alert_id"], state=row["alert_state"]),
        created_at=row["created_at"],
        attempts=row["attempts"],
    )
