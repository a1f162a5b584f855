"""``stock_moves`` and the ledger view: who changed what is on hand, why, and for which request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from leadboost.clock import Clock, Rng, uuid7
from leadboost.domain.stock import Line, PastLine, StockLevel
from leadboost.messages.enterprise import ReservationHeld, StockAccount, StockMove
from leadboost.store.database import Session
from leadboost.store.queries import load_queries

SHOWN_HELD = 100

_queries = load_queries("ledger")
_reservations = load_queries("reservations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A row to write. A return names its sale and the line's place there; money comes from that sale."""

    sku: str
    kind: str
    quantity: int
    remaining: int
    by: str
    reason: str | None = None
    trace: UUID | None = None
    sale_id: UUID | None = None
    place: int | None = None
    unit_cost_micros: int | None = None


async def add_moves(
    session: Session, moves: Sequence[Move], *, now: datetime, clock: Clock, rng: Rng
) -> None:
    """Write rows in the caller's transaction."""
    if not moves:
        return
    rows = [
        (
            uuid7(clock, rng),
            *(move.sku, move.kind, move.quantity, move.remaining, move.by, move.reason, move.trace),
            *(move.sale_id, move.place, move.unit_cost_micros),
        )
        for move in moves
    ]
    await session.execute(_queries.add_moves, now, *zip(*rows, strict=True))


async def end_outs(
    session: Session,
    before: Mapping[str, StockLevel],
    changed: Mapping[str, StockLevel],
    now: datetime,
) -> None:
    """Write down, before the levels are written, since when what comes back had been gone."""
    back = [
        sku
        for sku, level in changed.items()
        if level.available > 0 and sku in before and before[sku].available <= 0
    ]
    if back:
        await session.execute(_queries.end_outs, now, back)


async def read_sold(session: Session, sale_ids: Sequence[UUID]) -> dict[UUID, list[PastLine]]:
    """Read the lines of sales, and what came back of each."""
    sales: dict[UUID, list[PastLine]] = {}
    for row in await session.fetch(_queries.find_sold, sale_ids) if sale_ids else ():
        line = Line(sku=row["sku"], quantity=row["quantity"])
        sales.setdefault(row["id"], []).append(
            PastLine(place=row["line"], line=line, returned=row["returned"])
        )
    return sales


async def read_account(session: Session, sku: str, limit: int) -> StockAccount | None:
    """Read the ledger of one SKU, and what is kept of it."""
    balance = await session.fetchrow(_queries.balance_account, sku)
    if balance is None:
        return None
    held = await session.fetch(_reservations.list_held, sku, SHOWN_HELD)
    return StockAccount(
        sku=sku,
        on_hand=balance["on_hand"],
        balance=balance["balance"],
        moves=[StockMove(**_plain(row)) for row in await session.fetch(_queries.list_moves, sku, limit)],
        reservations=[ReservationHeld(**_plain(row)) for row in held],
    )


def _plain(row: asyncpg.Record) -> dict[str, Any]:
    """The driver has its own kind of UUID, which JSON does not know."""
    return {name: UUID(int=value.int) if isinstance(value, UUID) else value for name, value in row.items()}
