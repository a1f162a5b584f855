"""Stock levels and the products they belong to."""

from collections.abc import Iterable, Mapping, Sequence

import asyncpg

from leadboost.clock import Clock, Rng, uuid7
from leadboost.domain.stock import StockLevel, stock_alerts
from leadboost.errors import InputError
from leadboost.messages.enterprise import CampaignLink, Product, PutStock
from leadboost.ports import NewEvent
from leadboost.store.audit import append_audit
from leadboost.store.database import Session
from leadboost.store.journal import insert_events
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
) -> int:
    """Journal the crossings of floor and zero within this transaction; returns how many there are."""
    now = clock.now()
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
        for alert in stock_alerts(before, changed)
    ]
    if events:
        await insert_events(session, events)
    return len(events)


async def put_stock(session: Session, put: PutStock, *, clock: Clock, rng: Rng, currency: str) -> Product:
    """Create or change a product, its stock and its campaigns; None leaves a field as it is.

    The product's row is taken before the stock's, so that two hosts cannot create one SKU at once, and
    the audit chain, for which every host waits, comes last. Raises InputError when ``on_hand`` would
    not cover what is reserved.
    """
    await session.execute(
        _queries.put_product,
        put.sku,
        put.title,
        put.url,
        put.price_micros,
        put.unit_cost_micros,
        currency,
        clock.now(),
    )
    before = await lock_levels(session, [put.sku])
    level = _changed_level(put, before.get(put.sku))
    await session.execute(_queries.put_stock, put.sku, level.on_hand, level.floor)
    if put.campaigns is not None:
        await _replace_campaigns(session, put.sku, put.campaigns)
    await insert_alerts(session, before, {put.sku: level}, clock=clock, rng=rng)
    (row,) = await session.fetch(_queries.read_product, put.sku)
    await append_audit(
        session, clock=clock, rng=rng, actor=put.by, action="stock.put", subject=put.sku, detail=_given(put)
    )
    return _product(row)


async def read_products(session: Session, *, after: str, limit: int) -> Sequence[Product]:
    """Read products in SKU order."""
    return [_product(row) for row in await session.fetch(_queries.list_products, after, limit)]


def _changed_level(put: PutStock, level: StockLevel | None) -> StockLevel:
    level = level or StockLevel(sku=put.sku, on_hand=0, reserved=0, floor=0)
    on_hand = level.on_hand if put.on_hand is None else put.on_hand
    floor = level.floor if put.floor is None else put.floor
    if on_hand < level.reserved:
        raise InputError("on_hand", f"{level.reserved} are reserved; set at least that many")
    if floor < 0:
        raise InputError("floor", "must be 0 or more")
    return StockLevel(sku=put.sku, on_hand=on_hand, reserved=level.reserved, floor=floor)


async def _replace_campaigns(session: Session, sku: str, campaigns: Sequence[CampaignLink]) -> None:
    await session.execute(_queries.remove_campaigns, sku)
    platforms, ids = [link.platform for link in campaigns], [link.campaign_id for link in campaigns]
    await session.execute(_queries.add_campaigns, sku, platforms, ids)


def _given(put: PutStock) -> dict[str, object]:
    fields: dict[str, object] = {
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
        campaigns=tuple(CampaignLink(platform=platform, campaign_id=id_) for platform, id_ in links),
    )
