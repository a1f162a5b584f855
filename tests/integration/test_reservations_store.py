import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import pytest

from leadboost.clock import Rng, SystemClock, uuid7
from leadboost.domain.stock import Line
from leadboost.messages.enterprise import (
    Answer,
    ConfirmReservation,
    OutsideLine,
    PutStock,
    RecordSale,
    ReleaseReservation,
    ReserveStock,
    RestockStock,
    ReturnSale,
    SellStock,
    StockChange,
)
from leadboost.ports import StockRequest
from leadboost.store.database import Database
from leadboost.store.errors import LockTimeoutError
from leadboost.store.sales import PgSaleStore
from tests.integration.stocking import put
from tests.integration.tables import rows, run

RNG, CLOCK = Rng(2), SystemClock()
NUMBERS = itertools.count()
TRACE = UUID(int=5)
BALANCES = """
SELECT sku, on_hand - (SELECT sum(quantity) FROM stock_ledger WHERE stock_ledger.sku = stock.sku)::bigint,
    reserved - coalesce(
        (SELECT sum(quantity) FROM reservations WHERE reservations.sku = stock.sku AND state = 'held'), 0
    )::bigint,
    (SELECT sum(units) FROM sales_days WHERE sales_days.sku = stock.sku)
        - (SELECT sum(quantity) FROM sales WHERE sales.sku = stock.sku)
FROM stock
ORDER BY sku
"""
RUN_OUT = "UPDATE reservations SET expires_at = now() - interval '1 s' WHERE state = 'held'"


def origin(key: str | None = None) -> dict[str, Any]:
    return {
        "principal": "shop", "key": key or f"key-{next(NUMBERS)}", "request_hash": b"h", "trace": TRACE
    }  # fmt: skip


def sell(sku: str, quantity: int) -> SellStock:
    return SellStock(lines=(Line(sku=sku, quantity=quantity),), **origin())


def reserve(sku: str, quantity: int, key: str | None = None) -> ReserveStock:
    return ReserveStock(line=Line(sku=sku, quantity=quantity), ttl_s=60, **origin(key))


def confirm(id: str, key: str | None = None) -> ConfirmReservation:
    return ConfirmReservation(reservation_id=UUID(id), **origin(key))


def release(id: str) -> ReleaseReservation:
    return ReleaseReservation(reservation_id=UUID(id), **origin())


def take_back(id: str, *lines: tuple[str, int], reason: str | None = None) -> ReturnSale:
    given = tuple(Line(sku=sku, quantity=quantity) for sku, quantity in lines) or None
    return ReturnSale(sale_id=UUID(id), lines=given, reason=reason, **origin())


def restock(sku: str, quantity: int) -> RestockStock:
    return RestockStock(line=Line(sku=sku, quantity=quantity), reason=None, unit_cost_micros=None, **origin())


@pytest.fixture
async def store(database: Database) -> PgSaleStore:
    store = PgSaleStore(database, currency="EUR")
    await put(store, PutStock(sku="cup", by="ada", on_hand=10, price_micros=5_000_000, trace=TRACE))
    await put(store, PutStock(sku="hat", by="ada", on_hand=10))
    return store


@pytest.fixture
async def other(dsn: str, clock: SystemClock) -> AsyncIterator[PgSaleStore]:
    """The store of a second host."""
    database = await Database.open(dsn, clock=clock, rng=Rng(8))
    yield PgSaleStore(database, currency="EUR")
    await database.close()


async def decide(store: PgSaleStore, *commands: StockChange) -> list[tuple[int, dict[str, Any]]]:
    requests = [StockRequest(id=uuid7(CLOCK, RNG), command=command) for command in commands]
    decided = await store.decide(requests)
    return [
        (answer.status, orjson.loads(answer.body)) for answer in decided.answers if isinstance(answer, Answer)
    ]


async def reserved(store: PgSaleStore, quantity: int, sku: str = "cup") -> str:
    ((_, body),) = await decide(store, reserve(sku, quantity))
    return str(body["reservation_id"])


async def level(database: Database, sku: str = "cup") -> tuple[Any, ...]:
    (found,) = await rows(database, f"SELECT on_hand, reserved FROM stock WHERE sku = '{sku}'")
    return found


async def test_what_is_reserved_is_kept_from_other_buyers(store: PgSaleStore, database: Database) -> None:
    (held, sold, refused) = await decide(store, reserve("cup", 4), sell("cup", 6), sell("cup", 1))

    assert (held[0], held[1]["quantity"], held[1]["remaining"]) == (201, 4, 6)
    assert (sold[0], refused[0], refused[1]["available"]) == (201, 409, 0)
    assert await level(database) == (4, 4)


async def test_a_confirmed_reservation_is_a_sale_at_its_price(store: PgSaleStore, database: Database) -> None:
    id = await reserved(store, 4)

    ((status, body),) = await decide(store, confirm(id))

    assert (status, body["reservation_id"], body["quantity"], body["remaining"]) == (201, id, 4, 6)
    query = "SELECT id::text, quantity, remaining, unit_price_micros, currency, trace FROM sales"
    assert await rows(database, query) == [(body["sale_id"], 4, 6, 5_000_000, "EUR", TRACE)]
    assert await rows(database, "SELECT state, sale_id::text, ended_by FROM reservations") == [
        ("confirmed", body["sale_id"], "shop")
    ]
    assert await level(database) == (6, 0)


async def test_a_reservation_ends_only_once(store: PgSaleStore, database: Database) -> None:
    id = await reserved(store, 4)

    answers = [await decide(store, each) for each in (release(id), confirm(id), release(id))]

    assert [status for ((status, _),) in answers] == [200, 409, 409]
    assert answers[1][0][1]["state"] == "released"
    assert await level(database) == (10, 0)


async def test_confirming_again_under_the_same_key_gives_the_same_answer(store: PgSaleStore) -> None:
    id = await reserved(store, 4)

    first = await decide(store, confirm(id, "again"))
    second = await decide(store, confirm(id, "again"))

    assert first == second
    assert first[0][0] == 201


async def test_a_reservation_that_nobody_knows_is_not_found_and_not_remembered(
    store: PgSaleStore, database: Database
) -> None:
    ((status, body),) = await decide(store, confirm(str(UUID(int=1))))

    assert (status, body["code"]) == (404, "unknown_reservation")
    assert await rows(database, "SELECT 1 FROM idempotency") == []


async def test_what_has_run_out_is_sold_before_any_sweep(store: PgSaleStore, database: Database) -> None:
    id = await reserved(store, 10)
    await run(database, RUN_OUT)

    ((late, body), (sold, _)) = await decide(store, confirm(id), sell("cup", 10))

    assert (late, body["state"], sold) == (409, "expired", 201)
    assert await level(database) == (0, 0)


async def test_a_sweep_frees_what_has_run_out_and_tells_the_levels(
    store: PgSaleStore, database: Database
) -> None:
    await reserved(store, 3)
    await reserved(store, 2, "hat")
    await run(database, RUN_OUT)

    expired, nothing = await store.expire(limit=100), await store.expire(limit=100)

    assert (expired.count, nothing.count) == (2, 0)
    assert {each.sku: each.available for each in expired.levels} == {"cup": 10, "hat": 10}
    assert await level(database) == (10, 0)


async def test_a_return_puts_units_back_and_says_who_and_why(store: PgSaleStore, database: Database) -> None:
    order = SellStock(lines=(Line(sku="cup", quantity=3), Line(sku="hat", quantity=2)), **origin())
    ((_, sold),) = await decide(store, order)

    some = take_back(sold["sale_id"], ("cup", 2), reason="too small")
    ((partly, body),) = await decide(store, some)
    ((wholly, rest),) = await decide(store, take_back(sold["sale_id"]))
    ((more, problem),) = await decide(store, take_back(sold["sale_id"]))

    assert (partly, body["lines"]) == (201, [{"sku": "cup", "quantity": 2, "remaining": 9}])
    assert (wholly, [line["quantity"] for line in rest["lines"]]) == (201, [1, 2])
    assert (more, problem["code"]) == (409, "return_exceeds_sale")
    query = "SELECT sku, quantity, by, reason, trace, unit_price_micros FROM stock_moves"
    assert sorted(await rows(database, f"{query} WHERE kind = 'return'")) == [
        ("cup", 1, "shop", None, TRACE, 5_000_000),
        ("cup", 2, "shop", "too small", TRACE, 5_000_000),
        ("hat", 2, "shop", None, TRACE, None),
    ]


async def test_what_arrives_and_what_is_counted_stands_in_the_ledger(store: PgSaleStore) -> None:
    arrived = RestockStock(
        line=Line(sku="cup", quantity=5), reason="delivery 7", unit_cost_micros=2_000_000, **origin()
    )
    await decide(store, arrived)
    await decide(store, sell("cup", 4))
    await put(store, PutStock(sku="cup", by="ada", on_hand=9, reason="two broke", trace=TRACE))
    await put(store, PutStock(sku="cup", by="ada", floor=1))

    account = await store.get_account(sku="cup", limit=10)

    assert account is not None
    assert (account.on_hand, account.balance) == (9, 9)
    assert [(move.kind, move.quantity, move.by, move.reason) for move in account.moves] == [
        ("count", -2, "ada", "two broke"),
        ("sale", -4, "shop", None),
        ("restock", 5, "shop", "delivery 7"),
        ("opening", 10, "ada", None),
    ]
    assert [move.unit_cost_micros for move in account.moves] == [None, None, 2_000_000, None]
    assert {type(move.id) for move in account.moves} == {UUID}


async def test_an_account_tells_what_is_kept_of_it_and_of_an_unknown_sku_nothing(store: PgSaleStore) -> None:
    id = await reserved(store, 3)

    account = await store.get_account(sku="cup", limit=10)

    assert account is not None
    assert [(str(each.id), each.quantity, each.by) for each in account.reservations] == [(id, 3, "shop")]
    assert await store.get_account(sku="unknown", limit=10) is None


async def test_restocking_ends_the_time_without_anything_to_sell(
    store: PgSaleStore, database: Database
) -> None:
    await decide(store, sell("cup", 10))
    assert await rows(database, "SELECT sku FROM stock WHERE out_since IS NOT NULL") == [("cup",)]

    await decide(store, restock("cup", 5))

    assert await rows(database, "SELECT sku FROM stock WHERE out_since IS NOT NULL") == []
    assert await rows(database, "SELECT sku, until > since FROM stock_outs") == [("cup", True)]


async def test_a_locked_sku_keeps_its_own_reservations_waiting_and_no_others(
    store: PgSaleStore, database: Database
) -> None:
    cup, hat = await reserved(store, 1), await reserved(store, 1, "hat")
    requests = [StockRequest(id=uuid7(CLOCK, RNG), command=confirm(id)) for id in (cup, hat)]

    async with database.transaction() as session:
        await session.execute("SELECT * FROM stock WHERE sku = 'cup' FOR UPDATE")
        decided = await store.decide(requests)

    assert [type(answer) for answer in decided.answers] == [LockTimeoutError, Answer]


async def test_no_unit_is_lost_whatever_two_hosts_do_at_once(
    store: PgSaleStore, other: PgSaleStore, database: Database
) -> None:
    chance = random.Random(3)
    held: list[str] = []
    sold: list[str] = []

    def draw() -> StockChange:
        sku, quantity = chance.choice(("cup", "hat")), chance.randint(1, 3)
        kind = chance.choice(("sell", "reserve", "confirm", "release", "return", "restock"))
        if kind in ("confirm", "release") and held:
            return (confirm if kind == "confirm" else release)(chance.choice(held))
        if kind == "return" and sold:
            return take_back(chance.choice(sold), *chance.choice(((), ((sku, 1),))))
        if kind == "restock":
            return restock(sku, quantity)
        return sell(sku, quantity) if kind == "sell" else reserve(sku, quantity)

    for turn in range(30):
        batches = await asyncio.gather(
            *(decide(each, *(draw() for _ in range(6))) for each in (store, other) * 2)
        )
        for status, body in itertools.chain(*batches):
            if status == 201:
                held += [body["reservation_id"]] if "expires_at" in body else []
                sold += [body["sale_id"]] if "sale_id" in body else []
        if turn % 7 == 6:
            await run(database, RUN_OUT)

    assert await rows(database, BALANCES) == [("cup", 0, 0, 0), ("hat", 0, 0, 0)]
    assert len(sold) > 20
    assert len(held) > 20


async def test_the_pace_of_a_product_is_known_from_its_days_and_its_time_in_stock(
    store: PgSaleStore, database: Database
) -> None:
    await run(database, "UPDATE stock SET stocked_at = now() - interval '60 days' WHERE sku = 'cup'")
    await run(
        database,
        "INSERT INTO sales_days SELECT 'cup', (now() AT TIME ZONE 'UTC')::date - n, 10, 0"
        " FROM generate_series(1, 40) AS n WHERE n NOT BETWEEN 3 AND 5",
    )
    before = (await store.read_paces(["cup"]))["cup"]
    await run(
        database,
        "INSERT INTO stock_outs SELECT 'cup', day - interval '5 days', day - interval '2 days'"
        " FROM (SELECT date_trunc('day', now(), 'UTC') AS day) AS today",
    )

    (cup, hat) = await store.list_stock(after="", limit=10)

    assert cup.pace is not None
    assert before.per_day < cup.pace.per_day
    assert cup.pace.units == before.units
    assert hat.pace is None


async def test_a_product_with_nothing_to_sell_keeps_its_pace(store: PgSaleStore, database: Database) -> None:
    await run(database, "UPDATE stock SET stocked_at = now() - interval '4 days'")
    await decide(store, sell("cup", 10))
    earlier = await store.read_paces(["cup"])
    await run(database, "UPDATE stock SET out_since = now() - interval '2 days' WHERE sku = 'cup'")

    later = await store.read_paces(["cup"])

    assert later["cup"].per_day > earlier["cup"].per_day
    assert later["cup"].units == earlier["cup"].units


def outside(number: int, *lines: tuple[str, int], price: int | None = 7_000_000) -> RecordSale:
    return RecordSale(
        principal="shopify",
        key=str(number),
        request_hash=b"h",
        trace=TRACE,
        sale_id=UUID(int=number),
        lines=tuple(OutsideLine(sku=sku, quantity=n, unit_price_micros=price) for sku, n in lines),
        currency="EUR",
    )


async def test_an_order_made_elsewhere_is_recorded_at_its_price(
    store: PgSaleStore, database: Database
) -> None:
    ((status, body),) = await decide(store, outside(1, ("cup", 3)))

    assert (status, body) == (201, {"sale_id": str(UUID(int=1)), "again": False})
    account = await store.get_account(sku="cup", limit=1)
    assert account is not None
    (move,) = account.moves
    assert (move.kind, move.quantity, move.remaining) == ("external", -3, 7)
    assert (move.by, move.reason, move.unit_price_micros) == ("shopify", "shopify 1", 7_000_000)
    assert (account.on_hand, account.balance) == (7, 7)


async def test_what_was_sold_elsewhere_and_was_not_there_is_recorded_and_told(
    store: PgSaleStore, database: Database
) -> None:
    await reserved(store, 4)

    ((status, _),) = await decide(store, outside(1, ("cup", 8), ("hat", 1)))

    assert status == 201
    assert await level(database) == (2, 4)
    query = "SELECT data FROM events WHERE kind = 'stock.oversold_externally'"
    assert await rows(database, query) == [
        ({"sku": "cup", "channel": "shopify", "order": "1", "shortfall": 2, "available": -2},)
    ]
    assert await rows(database, BALANCES) == [("cup", 0, 0, 0), ("hat", 0, 0, 0)]


async def test_nothing_is_sold_here_of_what_is_owed_elsewhere_until_it_has_arrived(
    store: PgSaleStore, database: Database
) -> None:
    await decide(store, outside(1, ("cup", 12)))

    (refused, arrived, sold) = await decide(store, sell("cup", 1), restock("cup", 3), sell("cup", 1))

    assert (refused[0], refused[1]["available"]) == (409, 0)
    assert (arrived[1]["remaining"], sold[0]) == (1, 201)
    assert await rows(database, "SELECT on_hand, short FROM stock WHERE sku = 'cup'") == [(0, 0)]


async def test_an_order_of_an_unknown_product_makes_the_product_known(
    store: PgSaleStore, database: Database
) -> None:
    ((status, _),) = await decide(store, outside(1, ("new", 2)))

    assert status == 201
    assert await level(database, "new") == (-2, 0)
    assert await rows(database, "SELECT quantity, remaining FROM sales") == [(2, -2)]


async def test_an_order_told_again_changes_nothing_even_when_its_answer_is_forgotten(
    store: PgSaleStore, database: Database
) -> None:
    await decide(store, outside(1, ("cup", 3)))
    await run(database, "DELETE FROM idempotency")

    ((status, body),) = await decide(store, outside(1, ("cup", 3), ("hat", 1)))

    assert (status, body["again"]) == (201, True)
    assert await level(database) == (7, 0)
    assert await level(database, "hat") == (10, 0)


async def test_a_cancelled_order_of_elsewhere_comes_back_at_its_price(
    store: PgSaleStore, database: Database
) -> None:
    await decide(store, outside(1, ("cup", 3)))

    ((status, _),) = await decide(store, take_back(str(UUID(int=1))))

    assert status == 201
    assert await level(database) == (10, 0)
    assert await rows(database, "SELECT unit_price_micros FROM stock_moves WHERE kind = 'return'") == [
        (7_000_000,)
    ]
