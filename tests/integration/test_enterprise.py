import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import orjson
import pytest

from leadboost.actors.enterprise import Enterprise
from leadboost.domain.campaign import Campaign
from leadboost.domain.stock import Line, Pace, StockAlert
from leadboost.errors import InputError, OutcomeUnknownError, StoreDataError, StoreUnavailableError
from leadboost.messages.enterprise import Answer, ListStock, Product, PutStock, SellStock, StockAccount
from leadboost.messages.events import EventsCommitted, SalesCommitted, StateChanged, StockReached
from leadboost.ports import Expired, SalesDecided, StockPut, StockRequest
from leadboost.runtime import ActorRef, Runtime, Topic
from leadboost.runtime.testing import Probe
from leadboost.store.database import Database
from leadboost.store.leases import PgLeaseStore
from leadboost.store.sales import PgSaleStore


def order(key: str, quantity: Any = 1, sku: str = "cup") -> SellStock:
    lines = (Line(sku=sku, quantity=quantity),)
    request_hash = hashlib.sha256(repr(lines).encode()).digest()
    return SellStock(principal="shop", key=key, request_hash=request_hash, lines=lines)


class Recorded:
    """A real store that remembers how many sales came at once, and fails where told to."""

    def __init__(self, store: PgSaleStore) -> None:
        self._store = store
        self.batches: list[int] = []
        self.after_sale: Exception | None = None

    async def decide(self, requests: Sequence[StockRequest]) -> SalesDecided:
        self.batches.append(len(requests))
        decided = await self._store.decide(requests)
        if self.after_sale is not None:
            raise self.after_sale
        return decided

    async def expire(self, *, limit: int) -> Expired:
        return await self._store.expire(limit=limit)

    async def read_paces(self, skus: Collection[str]) -> Mapping[str, Pace]:
        return await self._store.read_paces(skus)

    async def get_account(self, *, sku: str, limit: int) -> StockAccount | None:
        return await self._store.get_account(sku=sku, limit=limit)

    async def find_answers(self, requests: Sequence[StockRequest]) -> Mapping[tuple[str, str], Answer]:
        return await self._store.find_answers(requests)

    async def purge_answers(self, *, before: datetime, limit: int) -> int:
        return await self._store.purge_answers(before=before, limit=limit)

    async def put_stock(self, commands: Sequence[PutStock]) -> StockPut:
        return await self._store.put_stock(commands)

    async def list_stock(self, *, after: str, limit: int) -> Sequence[Product]:
        return await self._store.list_stock(after=after, limit=limit)


class Shop:
    """Enterprise on a real store, and probes on the doorbell and on all else that it publishes."""

    def __init__(self, store: Recorded, ref: ActorRef[Any], doorbell: Probe, news: Probe) -> None:
        self.store = store
        self.ref = ref
        self.doorbell = doorbell
        self.news = news

    async def ask_all(self, *messages: Any) -> list[Any]:
        """Ask all at once; errors come back as values."""
        return await asyncio.gather(*map(self.ref.ask, messages), return_exceptions=True)

    async def level(self) -> int:
        (product,) = await self.ref.ask(ListStock())
        return int(product.on_hand)


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    store = Recorded(PgSaleStore(database, currency="EUR"))
    runtime = Runtime(clock=database.clock, rng=database.rng)
    committed: Topic[EventsCommitted] = Topic("events.committed")
    doorbell = Probe()
    doorbell.ref = await runtime.spawn("doorbell", doorbell.actor)
    committed.subscribe(doorbell.ref)
    news = Probe()
    news.ref = await runtime.spawn("news", news.actor)
    topics: dict[str, Topic[Any]] = {name: Topic(name) for name in ("reached", "sold", "state")}
    for topic in topics.values():
        topic.subscribe(news.ref)
    ref = await runtime.spawn(
        "enterprise",
        lambda: Enterprise(
            store=store,
            committed=committed,
            reached=topics["reached"],
            sold=topics["sold"],
            state=topics["state"],
            leases=PgLeaseStore(database),
            holder="here",
        ),
    )
    shop = Shop(store, ref, doorbell, news)
    await ref.ask(PutStock(sku="cup", by="ada", on_hand=100, floor=2))
    await asyncio.sleep(0)
    doorbell.received.clear()
    news.received.clear()
    yield shop
    await runtime.close()


async def test_sales_queued_together_are_one_transaction(shop: Shop) -> None:
    answers = await shop.ask_all(*(order(f"k{n}") for n in range(40)))

    assert {answer.status for answer in answers} == {201}
    assert shop.store.batches == [40]
    assert sorted(orjson.loads(answer.body)["remaining"] for answer in answers) == list(range(60, 100))


async def test_equal_keys_sent_at_once_get_equal_bytes(shop: Shop) -> None:
    answers = await shop.ask_all(*(order(f"k{n % 4}") for n in range(40)))

    assert len({answer.body for answer in answers}) == 4
    assert await shop.level() == 96


async def test_a_stock_change_between_sales_takes_its_place_in_the_order(shop: Shop) -> None:
    refused, product, granted = await shop.ask_all(
        order("a", 200), PutStock(sku="cup", by="ada", on_hand=200), order("b", 200)
    )

    assert (refused.status, product.on_hand, granted.status) == (409, 200, 201)


async def test_reads_see_the_sales_that_came_with_them(shop: Shop) -> None:
    page, *_ = await shop.ask_all(ListStock(), *(order(f"k{n}") for n in range(5)))

    assert [product.on_hand for product in page] == [95]
    assert shop.store.batches == [5]


async def test_a_poisoned_sale_among_many_fails_alone(shop: Shop) -> None:
    answers = await shop.ask_all(order("a"), order("nul\0"), order("b", 2**70), order("c", "1"), order("d"))

    kinds = [type(answer) for answer in answers]
    assert kinds == [Answer, StoreDataError, StoreDataError, StoreDataError, Answer]


async def test_a_refused_stock_change_answers_its_sender_alone(shop: Shop) -> None:
    refused, sold = await shop.ask_all(PutStock(sku="cup", by="ada", on_hand=-1), order("a"))

    assert isinstance(refused, InputError)
    assert sold.status == 201


async def test_the_doorbell_rings_only_when_events_were_committed(shop: Shop) -> None:
    await shop.ask_all(order("a"))
    quiet = len(shop.doorbell.received)
    await shop.ask_all(order("b", 97))
    await asyncio.sleep(0)

    assert (quiet, len(shop.doorbell.received)) == (0, 1)


async def test_sales_tell_their_count_the_levels_and_what_reached_its_floor(shop: Shop) -> None:
    await shop.ask_all(order("a"), order("b", 97), order("c", 5))
    await asyncio.sleep(0)

    low = StockAlert(kind="stock.low", sku="cup", on_hand=2, available=2, floor=2)
    data = {"sku": "cup", "title": None, "on_hand": 2, "reserved": 0, "available": 2, "floor": 2}
    data |= {"sold_per_day": None, "runway_days": None}
    assert shop.news.received == [
        StockReached(alerts=(low,)),
        SalesCommitted(count=2),
        StateChanged(key="stock/cup", data=data),
    ]


async def test_putting_stock_at_its_floor_tells_it_with_the_title(shop: Shop) -> None:
    await shop.ask_all(PutStock(sku="cup", by="ada", on_hand=0, title="Cup"))
    await asyncio.sleep(0)

    reached, state = cast(list[Any], shop.news.received)
    assert [alert.kind for alert in reached.alerts] == ["stock.low", "stock.out"]
    assert (state.data["title"], state.data["available"]) == ("Cup", 0)


async def test_links_that_were_written_are_told_and_refused_ones_are_not(shop: Shop) -> None:
    linked = (Campaign(platform="meta_ads", campaign_id="1"),)
    await shop.ask_all(
        PutStock(sku="cup", by="ada", campaigns=linked),
        PutStock(sku="mug", by="ada", on_hand=-1, campaigns=linked),
        PutStock(sku="pot", by="ada", on_hand=1),
    )
    await asyncio.sleep(0)

    told = [each for each in shop.news.received if isinstance(each, StateChanged) and each.key == "links"]
    assert told == [StateChanged(key="links", data={"written": 1})]


async def test_everyone_of_a_batch_hears_that_the_store_is_away(shop: Shop) -> None:
    shop.store.after_sale = StoreUnavailableError("away")

    answers = await shop.ask_all(order("a"), order("b"))

    assert [type(answer) for answer in answers] == [StoreUnavailableError] * 2


async def test_an_unknown_outcome_is_told_to_all_and_the_same_key_then_gets_the_stored_answer(
    shop: Shop,
) -> None:
    shop.store.after_sale = OutcomeUnknownError("no answer to COMMIT")
    unknown = await shop.ask_all(order("a"), order("b"))
    shop.store.after_sale = None

    again = await shop.ask_all(order("a"), order("b"))

    assert [type(answer) for answer in unknown] == [OutcomeUnknownError] * 2
    assert [answer.status for answer in again] == [201, 201]
    assert await shop.level() == 98
