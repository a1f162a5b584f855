import asyncio

import pytest

from leadboost.domain.campaign import Campaign
from leadboost.errors import InputError, StoreDataError, StoreUnavailableError
from leadboost.messages.enterprise import Product, PutStock
from leadboost.store.database import Database
from leadboost.store.sales import PgSaleStore
from tests.integration.stocking import put
from tests.integration.tables import rows, run


@pytest.fixture
def store(database: Database) -> PgSaleStore:
    return PgSaleStore(database, currency="EUR")


async def test_putting_stock_sets_what_is_given_and_leaves_the_rest(store: PgSaleStore) -> None:
    links = (
        Campaign(platform="meta_ads", campaign_id="1"),
        Campaign(platform="google_ads", campaign_id="2"),
    )
    await put(store, PutStock(sku="cup", by="ada", on_hand=5, title="Cup", price_micros=9, campaigns=links))

    product = await put(store, PutStock(sku="cup", by="ada", floor=2))

    assert (product.on_hand, product.floor, product.title, product.price_micros) == (5, 2, "Cup", 9)
    assert product.currency == "EUR"
    assert set(product.campaigns) == set(links)


async def test_an_empty_list_of_campaigns_removes_the_links(store: PgSaleStore) -> None:
    link = Campaign(platform="meta_ads", campaign_id="1")
    await put(store, PutStock(sku="cup", by="ada", campaigns=(link,)))

    product = await put(store, PutStock(sku="cup", by="ada", campaigns=()))

    assert product.campaigns == ()


async def test_two_hosts_that_create_one_sku_lose_neither_setting(store: PgSaleStore) -> None:
    for n in range(5):
        await asyncio.gather(
            put(store, PutStock(sku=f"cup{n}", by="ada", on_hand=5)),
            put(store, PutStock(sku=f"cup{n}", by="bob", floor=2)),
        )

    products = await store.list_stock(after="", limit=10)

    assert [(product.on_hand, product.floor) for product in products] == [(5, 2)] * 5


async def test_listing_goes_on_after_the_last_sku_seen(store: PgSaleStore) -> None:
    for sku in ("b", "B", "a", "é"):
        await put(store, PutStock(sku=sku, by="ada", on_hand=1))

    pages = [await store.list_stock(after=after, limit=2) for after in ("", "a", "é")]

    assert [[product.sku for product in page] for page in pages] == [["B", "a"], ["b", "é"], []]


async def test_stock_below_what_is_reserved_is_refused_by_name(
    store: PgSaleStore, database: Database
) -> None:
    await put(store, PutStock(sku="cup", by="ada", on_hand=5))
    await run(database, "UPDATE stock SET reserved = 3")

    with pytest.raises(InputError, match="on_hand: 3 are reserved; set at least that many"):
        await put(store, PutStock(sku="cup", by="ada", on_hand=2))
    assert (await store.list_stock(after="", limit=1))[0].on_hand == 5


@pytest.mark.parametrize("level", [{"on_hand": -1}, {"floor": -1}])
async def test_a_negative_level_is_refused_and_creates_nothing(
    store: PgSaleStore, level: dict[str, int]
) -> None:
    with pytest.raises(InputError, match=next(iter(level))):
        await put(
            store, PutStock(sku="cup", by="ada", on_hand=level.get("on_hand"), floor=level.get("floor"))
        )

    assert await store.list_stock(after="", limit=1) == []


@pytest.mark.parametrize("bad", [PutStock(sku="a\0", by="ada"), PutStock(sku="cup", by="ada", on_hand=2**70)])
async def test_a_value_the_database_refuses_is_a_data_error(store: PgSaleStore, bad: PutStock) -> None:
    with pytest.raises(StoreDataError):
        await put(store, bad)


async def test_a_refused_change_among_many_fails_alone_and_the_rest_keep_their_order(
    store: PgSaleStore, database: Database
) -> None:
    fine = [PutStock(sku=sku, by="ada", on_hand=n) for n, sku in enumerate(["b", "a", "b", "c"])]
    bad = [PutStock(sku="d", by="ada", floor=-1), PutStock(sku="e", by="ada", on_hand=2**70)]

    results = (await store.put_stock([*fine[:2], *bad, *fine[2:]])).results

    assert [result.on_hand if isinstance(result, Product) else type(result) for result in results] == [
        0, 1, InputError, StoreDataError, 2, 3
    ]  # fmt: skip
    assert await rows(database, "SELECT sku, on_hand FROM stock ORDER BY sku") == [
        ("a", 1),
        ("b", 2),
        ("c", 3),
    ]
    assert await rows(database, "SELECT subject FROM audit_log ORDER BY seq") == [
        ("b",),
        ("a",),
        ("b",),
        ("c",),
    ]


async def test_changes_of_many_products_are_one_transaction(store: PgSaleStore, database: Database) -> None:
    await store.put_stock([PutStock(sku=f"s{n}", by="ada", on_hand=n) for n in range(20)])

    assert await rows(database, "SELECT count(DISTINCT xmin::text), count(*) FROM products") == [(1, 20)]


async def test_money_is_not_relabelled_when_the_currency_has_changed(database: Database) -> None:
    euro, dollar = PgSaleStore(database, currency="EUR"), PgSaleStore(database, currency="USD")
    await put(euro, PutStock(sku="cup", by="ada", price_micros=5, unit_cost_micros=3))

    with pytest.raises(InputError, match=r"^currency: cup has money in EUR.*USD.*give price and unit cost"):
        await put(dollar, PutStock(sku="cup", by="ada", price_micros=6))
    restocked = await put(dollar, PutStock(sku="cup", by="ada", on_hand=9))
    moved = await put(dollar, PutStock(sku="cup", by="ada", price_micros=6, unit_cost_micros=4))

    assert (restocked.on_hand, restocked.price_micros, restocked.currency) == (9, 5, "EUR")
    assert (moved.price_micros, moved.unit_cost_micros, moved.currency) == (6, 4, "USD")


async def test_a_locked_product_keeps_its_own_change_waiting_and_no_other(
    store: PgSaleStore, database: Database
) -> None:
    await store.put_stock([PutStock(sku=sku, by="ada", on_hand=1) for sku in ("cup", "hat")])

    async with database.transaction() as session:
        await session.execute("SELECT * FROM products WHERE sku = 'cup' FOR UPDATE")
        put = await store.put_stock([PutStock(sku=sku, by="ada", on_hand=2) for sku in ("cup", "hat")])

    locked, changed = put.results
    assert isinstance(locked, StoreUnavailableError)
    assert isinstance(changed, Product)


async def test_putting_stock_journals_a_crossing_once(store: PgSaleStore, database: Database) -> None:
    for on_hand in (9, 4, 3, 9, 0):
        await put(store, PutStock(sku="cup", by="ada", on_hand=on_hand, floor=4))

    kinds = await rows(database, "SELECT kind FROM events ORDER BY seq")
    assert kinds == [("stock.low",), ("stock.low",), ("stock.out",)]


async def test_putting_stock_leaves_an_audit_row_of_who_gave_what(
    store: PgSaleStore, database: Database
) -> None:
    await put(store, PutStock(sku="cup", by="ada", on_hand=9, title="Cup"))

    trail = await rows(database, "SELECT actor, action, subject, detail FROM audit_log")
    assert trail == [("ada", "stock.put", "cup", {"on_hand": 9, "title": "Cup"})]
