"""Stock levels and the products they belong to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg

from leadboost.clock import Clock, Rng, uuid7
from leadboost.domain.campaign import Campaign
from leadboost.domain.stock import (
    WINDOW_DAYS,
    Pace,
    SalesHistory,
    Span,
    StockAlert,
    StockLevel,
    sell_pace,
    stock_alerts,
)
from leadboost.errors import InputError
from leadboost.messages.enterprise import Product, PutStock
from leadboost.ports import NewEvent
from leadboost.store.audit import AuditEntry, append_audit
from leadboost.store.database import Session
from leadboost.store.journal import insert_events
from leadboost.store.ledger import Move, add_moves, end_outs
from leadboost.store.queries import load_queries

_queries = load_queries("stock")


async def lock_levels(session: Session, skus: Iterable[str]) -> dict[str, StockLevel]:
    """Lock the stock rows of these SKUs in SKU order; unknown ones are left out."""
    rows = await session.fetch(_queries.lock_stock, list(skus))
    return {
        sku: StockLevel(sku=sku, on_hand=on_hand, reserved=reserved, floor=floor)
        for sku, on_hand, reserved, floor in rows
    }


async def insert_alerts(
    session: Session,
    before: Mapping[str, StockLevel],
    changed: Mapping[str, StockLevel],
    *,
    clock: Clock,
    rng: Rng,
) -> Sequence[StockAlert]:
    """Journal the crossings of floor and zero within this transaction, and return them."""
    now = clock.now()
    alerts = stock_alerts(before, changed)
    events = [
        NewEvent(
            id=uuid7(clock, rng),
            kind=alert.kind,
            at=now,
            data={
                "sku": alert.sku,
                "on_hand": alert.on_hand,
                "available": alert.available,
                "floor": alert.floor,
            },
        )
        for alert in alerts
    ]
    if events:
        await insert_events(session, events)
    return alerts


async def put_stock(
    session: Session, puts: Sequence[PutStock], *, clock: Clock, rng: Rng, currency: str
) -> tuple[dict[str, Product], Sequence[StockAlert]]:
    """Create or change products, their stock and campaigns, each SKU once; None leaves a field as it is.

    The products' rows are taken before the stock's, so that two hosts cannot create one SKU at once,
    and the audit chain, for which every host waits, comes last. Raises InputError when ``on_hand``
    would not cover what is reserved, or money would stand in two currencies.
    """
    now = clock.now()
    await _put_products(session, puts, currency, now)
    before = await lock_levels(session, [put.sku for put in puts])
    levels = {put.sku: _changed_level(put, before.get(put.sku)) for put in puts}
    await end_outs(session, before, levels, now)
    columns = zip(*((level.sku, level.on_hand, level.floor) for level in levels.values()), strict=True)
    await session.execute(_queries.put_stock, now, *columns)
    await add_moves(session, _counts(puts, before, levels), now=now, clock=clock, rng=rng)
    await _replace_campaigns(session, {put.sku: put.campaigns for put in puts if put.campaigns is not None})
    alerts = await insert_alerts(session, before, levels, clock=clock, rng=rng)
    paces = await read_paces(session, levels, now)
    rows = await session.fetch(_queries.read_products, list(levels))
    products = [replace(_product(row), pace=paces.get(row["sku"])) for row in rows]
    entries = [
        AuditEntry(actor=put.by, action="stock.put", subject=put.sku, detail=_given(put)) for put in puts
    ]
    await append_audit(session, entries, clock=clock, rng=rng)
    return {product.sku: product for product in products}, alerts


async def read_products(session: Session, *, after: str, limit: int, now: datetime) -> Sequence[Product]:
    """Read products in SKU order, each with its pace."""
    rows = await session.fetch(_queries.list_products, after, limit)
    paces = await read_paces(session, [row["sku"] for row in rows], now)
    return [replace(_product(row), pace=paces.get(row["sku"])) for row in rows]


async def read_paces(session: Session, skus: Iterable[str], now: datetime) -> dict[str, Pace]:
    """How fast these SKUs sell; those of which nothing is known yet are left out."""
    first = now - timedelta(days=WINDOW_DAYS)
    rows = await session.fetch(_queries.read_histories, list(skus), first.date(), now)
    paces = {row["sku"]: sell_pace(_history(row), now) for row in rows}
    return {sku: pace for sku, pace in paces.items() if pace is not None}


def _history(row: asyncpg.Record) -> SalesHistory:
    outs = zip(row["sinces"], row["untils"], strict=True)
    return SalesHistory(
        days=list(zip(row["days"], row["units"], strict=True)),
        stocked_at=row["stocked_at"],
        outs=[Span(since=since, until=until) for since, until in outs],
    )


async def _put_products(session: Session, puts: Sequence[PutStock], currency: str, now: datetime) -> None:
    given = [(put.sku, put.title, put.url, put.price_micros, put.unit_cost_micros) for put in puts]
    rows = await session.fetch(_queries.put_products, *zip(*given, strict=True), currency, now)
    stored = {row["sku"]: row["currency"] for row in rows}
    for put in puts:
        priced = put.price_micros is not None or put.unit_cost_micros is not None
        if priced and stored[put.sku] != currency:
            reason = f"{put.sku} has money in {stored[put.sku]}, and money is given in {currency} now"
            raise InputError("currency", f"{reason}; give price and unit cost together")


def _changed_level(put: PutStock, level: StockLevel | None) -> StockLevel:
    level = level or StockLevel(sku=put.sku, on_hand=0, reserved=0, floor=0)
    on_hand = level.on_hand if put.on_hand is None else put.on_hand
    floor = level.floor if put.floor is None else put.floor
    if put.on_hand is not None and on_hand < level.reserved:
        raise InputError("on_hand", f"{level.reserved} are reserved; set at least that many")
    if floor < 0:
        raise InputError("floor", "must be 0 or more")
    return StockLevel(sku=put.sku, on_hand=on_hand, reserved=level.reserved, floor=floor)


def _counts(
    puts: Sequence[PutStock], before: Mapping[str, StockLevel], levels: Mapping[str, StockLevel]
) -> Sequence[Move]:
    return [
        Move(
            sku=put.sku,
            kind="count" if put.sku in before else "opening",
            quantity=change,
            remaining=levels[put.sku].available,
            by=put.by,
            reason=put.reason,
            trace=put.trace,
            unit_cost_micros=put.unit_cost_micros,
        )
        for put in puts
        if (change := levels[put.sku].on_hand - (before[put.sku].on_hand if put.sku in before else 0))
        or put.sku not in before
    ]


async def _replace_campaigns(session: Session, campaigns: Mapping[str, Sequence[Campaign]]) -> None:
    if not campaigns:
        return
    await session.execute(_queries.remove_campaigns, list(campaigns))
    links = [(sku, link.platform, link.campaign_id) for sku, links in campaigns.items() for link in links]
    if links:
        await session.execute(_queries.add_campaigns, *zip(*links, strict=True))


def _given(put: PutStock) -> dict[str, object]:
    fields: dict[str, object] = {
        "reason": put.reason,
        "on_hand": put.on_hand,
        "floor": put.floor,
        "title": put.title,
        "url": put.url,
        "price_micros": put.price_micros,
        "unit_cost_micros": put.unit_cost_micros,
        "campaigns": put.campaigns and [[link.platform, link.campaign_id] for link in put.campaigns],
    }
    return {name: value for name, value in fields.items() if value is not None}


def _product(row: asyncpg.Record) -> Product:
    links = zip(row["platforms"], row["campaign_ids"], strict=True)
    return Product(
        sku=row["sku"],
        title=row["title"],
        url=row["url"],
        price_micros=row["price_micros"],
        unit_cost_micros=row["unit_cost_micros"],
        currency=row["currency"],
        on_hand=row["on_hand"],
        reserved=row["reserved"],
        floor=row["floor"],
        campaigns=tuple(Campaign(platform=platform, campaign_id=id_) for platform, id_ in links),
    )
