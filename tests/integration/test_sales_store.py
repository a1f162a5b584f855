import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from leadboost.clock import Rng, SystemClock, uuid7
from leadboost.domain.stock import Line
from leadboost.errors import StoreConflictError, StoreDataError, StoreUnavailableError
from leadboost.messages.enterprise import Answer, PutStock, SellStock
from leadboost.ports import StockRequest
from leadboost.store.database import Database
from leadboost.store.errors import LockTimeoutError
from leadboost.store.sales import PgSaleStore
from tests.integration.stocking import put
from tests.integration.tables import rows, run

RNG, CLOCK = Rng(1), SystemClock()
NUMBERS = itertools.count()


def sale(
    *lines: tuple[str, Any], key: str | None = None, principal: str = "shop", body: bytes | None = None
) -> StockRequest:
    order = tuple(Line(sku=sku, quantity=quantity) for sku, quantity in lines)
    command = SellStock(
        principal=principal,
        key=key or f"key-{next(NUMBERS)}",
        request_hash=hashlib.sha256(body or repr(order).encode()).digest(),
        lines=order,
    )
    return StockRequest(id=uuid7(CLOCK, RNG), command=command)


@pytest.fixture
async def store(database: Database) -> PgSaleStore:
    store = PgSaleStore(database, currency="EUR")
    await put(store, PutStock(sku="cup", by="test", on_hand=10))
    await put(store, PutStock(sku="hat", by="test", on_hand=10))
    return store


@pytest.fixture
async def other(dsn: str, clock: SystemClock) -> AsyncIterator[PgSaleStore]:
    """The store of a second host."""
    database = await Database.open(dsn, clock=clock, rng=Rng(8))
    yield PgSaleStore(database, currency="EUR")
    await database.close()


async def sell(store: PgSaleStore, *sales: StockRequest) -> Sequence[Answer]:
    decided = await store.decide(sales)
    return [answer for answer in decided.answers if isinstance(answer, Answer)]


async def sell_at_once(stores: Sequence[PgSaleStore], batches: Sequence[Sequence[StockRequest]]) -> list[int]:
    calls = [store.decide(batch) for store, batch in zip(stores, batches, strict=True)]
    decided = await asyncio.gather(*calls)
    return [answer.status for each in decided for answer in each.answers if isinstance(answer, Answer)]


async def test_a_sale_is_answered_with_its_id_and_what_is_left(store: PgSaleStore) -> None:
    one = sale(("cup", 3))

    (answer,) = await sell(store, one)

    assert answer.status == 201
    assert orjson.loads(answer.body) == {
        "sale_id": str(one.id), "sku": "cup", "quantity": 3, "remaining": 7
    }  # fmt: skip


async def test_a_sale_is_a_row_per_line_with_its_key(store: PgSaleStore, database: Database) -> None:
    one = sale(("cup", 3), ("hat", 1), key="k")

    await sell(store, one)

    query = "SELECT id, line, sku, quantity, remaining, principal, idempotency_key FROM sales ORDER BY line"
    assert await rows(database, query) == [
        (one.id, 0, "cup", 3, 7, "shop", "k"),
        (one.id, 1, "hat", 1, 9, "shop", "k"),
    ]


async def test_a_refusal_says_what_is_available(store: PgSaleStore) -> None:
    (answer,) = await sell(store, sale(("cup", 11)))

    problem = orjson.loads(answer.body)
    assert answer.status == problem["status"] == 409
    assert (problem["code"], problem["sku"], problem["available"]) == ("insufficient_stock", "cup", 10)


async def test_an_order_of_several_lines_sells_all_or_none(store: PgSaleStore, database: Database) -> None:
    refused, granted = await sell(store, sale(("hat", 4), ("cup", 11)), sale(("hat", 4), ("cup", 10)))

    assert (refused.status, granted.status) == (409, 201)
    assert [line["remaining"] for line in orjson.loads(granted.body)["lines"]] == [6, 0]
    assert await rows(database, "SELECT sku, on_hand FROM stock ORDER BY sku") == [("cup", 0), ("hat", 6)]


async def test_sold_equals_stock_when_two_hosts_sell_at_once(
    store: PgSaleStore, other: PgSaleStore, database: Database
) -> None:
    await put(store, PutStock(sku="cup", by="test", on_hand=150))
    batches = [[sale(("cup", 1)) for _ in range(20)] for _ in range(20)]

    statuses = await sell_at_once([store, other] * 10, batches)

    assert (statuses.count(201), statuses.count(409)) == (150, 250)
    assert await rows(database, "SELECT sum(quantity)::int FROM sales") == [(150,)]
    assert await rows(database, "SELECT on_hand FROM stock WHERE sku = 'cup'") == [(0,)]


async def test_orders_over_crossing_skus_from_two_hosts_all_end(
    store: PgSaleStore, other: PgSaleStore, database: Database
) -> None:
    batches = [[sale(pair[0], pair[1])] for pair in [(("cup", 1), ("hat", 1)), (("hat", 1), ("cup", 1))] * 8]

    statuses = await sell_at_once([store, other] * 8, batches)

    assert (statuses.count(201), statuses.count(409)) == (10, 6)
    assert await rows(database, "SELECT on_hand FROM stock") == [(0,), (0,)]


async def test_an_equal_key_gets_the_same_bytes_again(store: PgSaleStore, database: Database) -> None:
    (first,) = await sell(store, sale(("cup", 3), key="k"))

    again = await sell(store, sale(("cup", 3), key="k"), sale(("cup", 3), key="k"))

    assert [answer.body for answer in again] == [first.body] * 2
    assert await rows(database, "SELECT count(*) FROM sales") == [(1,)]


async def test_a_refusal_is_repeated_even_after_restocking(store: PgSaleStore) -> None:
    (first,) = await sell(store, sale(("cup", 11), key="k"))
    await put(store, PutStock(sku="cup", by="test", on_hand=50))

    (again,) = await sell(store, sale(("cup", 11), key="k"))

    assert again == first


async def test_equal_keys_within_a_batch_share_one_answer(store: PgSaleStore, database: Database) -> None:
    first, second, conflict = await sell(
        store, sale(("cup", 3), key="k"), sale(("cup", 3), key="k"), sale(("cup", 4), key="k")
    )

    assert first == second
    assert orjson.loads(conflict.body)["code"] == "idempotency_conflict"
    assert await rows(database, "SELECT on_hand FROM stock WHERE sku = 'cup'") == [(7,)]


async def test_one_key_on_two_hosts_at_once_sells_once(
    store: PgSaleStore, other: PgSaleStore, database: Database
) -> None:
    attempts = (each.decide([sale(("cup", 1), key=f"k{n}") for n in range(5)]) for each in [store, other] * 5)
    decided = await asyncio.gather(*attempts)

    assert len({tuple(answer.body for answer in each.answers) for each in decided}) == 1  # type: ignore[union-attr]
    assert await rows(database, "SELECT on_hand FROM stock WHERE sku = 'cup'") == [(5,)]


async def test_one_key_for_different_skus_on_two_hosts_at_once_sells_one_of_them(
    store: PgSaleStore, other: PgSaleStore, database: Database
) -> None:
    for n in range(10):
        orders = sale(("cup", 1), key=f"k{n}"), sale(("hat", 1), key=f"k{n}")

        decided = await asyncio.gather(store.decide(orders[:1]), other.decide(orders[1:]))

        assert sorted(each.answers[0].status for each in decided) == [201, 409]  # type: ignore[union-attr]
    assert await rows(database, "SELECT sum(on_hand)::int FROM stock") == [(10,)]


async def test_a_stored_key_with_another_body_is_a_conflict_and_changes_nothing(
    store: PgSaleStore, database: Database
) -> None:
    (first,) = await sell(store, sale(("cup", 3), key="k"))

    conflict, again = await sell(store, sale(("cup", 4), key="k"), sale(("cup", 3), key="k"))

    assert (conflict.status, orjson.loads(conflict.body)["code"]) == (409, "idempotency_conflict")
    assert again == first
    assert await rows(database, "SELECT on_hand FROM stock WHERE sku = 'cup'") == [(7,)]


async def test_principals_use_the_same_key_independently(store: PgSaleStore) -> None:
    answers = await sell(
        store, sale(("cup", 1), key="k", principal="a"), sale(("hat", 2), key="k", principal="b")
    )

    assert [answer.status for answer in answers] == [201, 201]


async def test_an_unknown_sku_is_not_remembered(store: PgSaleStore) -> None:
    (unknown,) = await sell(store, sale(("pen", 1), key="k"))
    await put(store, PutStock(sku="pen", by="test", on_hand=1))

    (known,) = await sell(store, sale(("pen", 1), key="k"))

    assert (unknown.status, orjson.loads(unknown.body)["code"]) == (404, "unknown_sku")
    assert known.status == 201


@pytest.mark.parametrize(
    "poison",
    [
        sale(("cup\0", 1)),
        sale(("cup", 1), key="nul\0"),
        sale(("cup", 1), key="surrogate\ud800"),
        sale(("cup", 2**70)),
        sale(("cup", 0)),
        sale(("cup", -1)),
        sale(("cup", True)),
        sale(("cup", "1")),
        sale(("cup", 1.5)),
        sale(),
    ],
    ids=[
        "nul in sku",
        "nul in key",
        "surrogate",
        "overflow",
        "zero",
        "negative",
        "bool",
        "text",
        "float",
        "no lines",
    ],
)
async def test_a_poisoned_sale_fails_alone(
    store: PgSaleStore, database: Database, poison: StockRequest
) -> None:
    decided = await store.decide(
        [*(sale(("cup", 1)) for _ in range(5)), poison, *(sale(("hat", 1)) for _ in range(4))]
    )

    assert [type(answer) for answer in decided.answers] == [Answer] * 5 + [StoreDataError] + [Answer] * 4
    assert await rows(database, "SELECT sum(on_hand)::int FROM stock") == [(11,)]


async def test_three_kinds_of_poison_in_a_full_batch_fail_alone(
    store: PgSaleStore, database: Database
) -> None:
    await put(store, PutStock(sku="cup", by="test", on_hand=1000))
    sales = [sale(("cup", 1)) for _ in range(512)]
    for place, poison in {3: sale(("\0", 1)), 200: sale(("cup", 2**70)), 511: sale(("cup", None))}.items():
        sales[place] = poison

    decided = await store.decide(sales)

    failed = [place for place, answer in enumerate(decided.answers) if isinstance(answer, StoreDataError)]
    assert failed == [3, 200, 511]
    assert await rows(database, "SELECT on_hand FROM stock WHERE sku = 'cup'") == [(491,)]


async def test_each_crossing_of_floor_and_zero_is_one_event(store: PgSaleStore, database: Database) -> None:
    await put(store, PutStock(sku="cup", by="test", floor=5))

    alerts = [(await store.decide([sale(("cup", 2))])).alerts for _ in range(6)]

    query = "SELECT kind, data FROM events ORDER BY seq"
    assert [[alert.kind for alert in each] for each in alerts] == [
        [],
        [],
        ["stock.low"],
        [],
        ["stock.out"],
        [],
    ]
    assert await rows(database, query) == [
        ("stock.low", {"sku": "cup", "on_hand": 4, "available": 4, "floor": 5}),
        ("stock.out", {"sku": "cup", "on_hand": 0, "available": 0, "floor": 5}),
    ]


async def test_a_sale_that_cannot_journal_its_event_does_not_happen(
    store: PgSaleStore, database: Database
) -> None:
    await run(database, "ALTER TABLE events ADD CONSTRAINT shut CHECK (kind <> 'stock.out')")

    refused, granted = (await store.decide([sale(("cup", 10)), sale(("hat", 1))])).answers

    assert isinstance(refused, StoreDataError)
    assert isinstance(granted, Answer)
    assert await rows(database, "SELECT sku FROM sales") == [("hat",)]
    assert await rows(database, "SELECT on_hand FROM stock WHERE sku = 'cup'") == [(10,)]


async def test_find_answers_knows_what_was_committed_and_nothing_else(store: PgSaleStore) -> None:
    known, unheard = sale(("cup", 1), key="known"), sale(("cup", 1), key="unheard")
    (answer,) = await sell(store, known)

    found = await store.find_answers([known, unheard])

    assert found == {("shop", "known"): answer}


async def test_purging_forgets_old_answers_a_few_at_a_time(store: PgSaleStore, database: Database) -> None:
    await sell(store, *(sale(("cup", 1), key=f"k{n}") for n in range(5)))
    later = datetime.now(UTC) + timedelta(seconds=1)

    purged = [
        await store.purge_answers(before=before, limit=3)
        for before in (later - timedelta(hours=1), later, later)
    ]

    assert purged == [0, 3, 2]
    assert await rows(database, "SELECT count(*) FROM idempotency") == [(0,)]
    assert await rows(database, "SELECT count(*) FROM sales") == [(5,)]


FAIL_SALES_OF_HAT = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'away' USING ERRCODE = '57014'; END $$;
CREATE TRIGGER fail BEFORE INSERT ON sales FOR EACH ROW WHEN (new.sku = 'hat') EXECUTE FUNCTION fail();
"""


async def test_a_store_lost_between_two_halves_leaves_the_first_half_sold(
    store: PgSaleStore, database: Database
) -> None:
    await run(database, FAIL_SALES_OF_HAT)

    decided = await store.decide([sale(("cup", 1)), sale(("\0", 1)), sale(("hat", 1))])

    assert [type(answer) for answer in decided.answers] == [Answer, StoreDataError, StoreUnavailableError]
    assert await rows(database, "SELECT sku FROM sales") == [("cup",)]


CONFLICT_AT_FIRST = """
CREATE SEQUENCE attempts;
CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('attempts') <= {times} THEN RAISE EXCEPTION 'retry' USING ERRCODE = '40001'; END IF;
    RETURN new;
END $$;
CREATE TRIGGER conflict BEFORE INSERT ON sales FOR EACH ROW EXECUTE FUNCTION conflict();
"""


async def test_a_sale_is_run_again_after_up_to_three_conflicts(
    store: PgSaleStore, database: Database
) -> None:
    await run(database, CONFLICT_AT_FIRST.format(times=3))

    (answer,) = await sell(store, sale(("cup", 1)))

    assert orjson.loads(answer.body)["remaining"] == 9


async def test_a_sale_in_conflict_for_ever_is_given_up(store: PgSaleStore, database: Database) -> None:
    await run(database, CONFLICT_AT_FIRST.format(times=4))

    with pytest.raises(StoreConflictError):
        await store.decide([sale(("cup", 1))])
    assert await rows(database, "SELECT on_hand FROM stock WHERE sku = 'cup'") == [(10,)]


LOCK_CUP = "SELECT * FROM stock WHERE sku = 'cup' FOR UPDATE"


async def test_a_locked_sku_fails_its_own_sales_alone(store: PgSaleStore, database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(LOCK_CUP)
        decided = await store.decide([sale(("hat", 1)), sale(("hat", 1), ("cup", 1)), sale(("hat", 1))])
    (after,) = await sell(store, sale(("cup", 1)))

    assert [type(answer) for answer in decided.answers] == [Answer, LockTimeoutError, Answer]
    assert str(decided.answers[1]) == "cup: locked by another transaction; try again later"
    assert orjson.loads(after.body)["remaining"] == 9
    assert await rows(database, "SELECT on_hand FROM stock WHERE sku = 'hat'") == [(8,)]


async def test_a_sku_known_to_be_locked_holds_nobody_up(
    store: PgSaleStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction(deadline_s=5) as session:
        await session.execute(LOCK_CUP)
        await store.decide([sale(("cup", 1))])
        monkeypatch.setattr("leadboost.store.sales.LOCK_WAIT_S", 60.0)
        async with asyncio.timeout(1):
            decided = await store.decide([sale(("cup", 1)), sale(("hat", 1))])

    assert [type(answer) for answer in decided.answers] == [LockTimeoutError, Answer]


async def test_a_sale_waits_for_a_lock_that_is_soon_released(store: PgSaleStore, database: Database) -> None:
    async with asyncio.TaskGroup() as group, database.transaction() as session:
        await session.execute(LOCK_CUP)
        selling = group.create_task(store.decide([sale(("cup", 1))]))
        while not await session.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            pass

    assert isinstance(selling.result().answers[0], Answer)


async def test_a_sale_runs_again_when_a_prepared_statement_no_longer_fits(
    store: PgSaleStore, database: Database
) -> None:
    await sell(store, sale(("cup", 1)))
    await run(database, "ALTER TABLE idempotency ALTER status TYPE integer")

    (answer,) = await sell(store, sale(("cup", 1)))

    assert answer.status == 201
