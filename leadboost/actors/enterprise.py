"""Enterprise: keeps stock and sales, many sales to a transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

import structlog

from leadboost.clock import uuid7
from leadboost.domain.stock import StockLevel
from leadboost.errors import OutcomeUnknownError, StoreDataError, StoreError, StoreUnavailableError
from leadboost.messages.enterprise import Answer, ListStock, Product, PutStock, SellStock
from leadboost.messages.events import EventsCommitted, SalesCommitted, StateChanged, StockReached
from leadboost.ports import Sale, SalesDecided, SaleStore, StockPut
from leadboost.runtime import Actor, Message, Topic

ANSWERS_KEPT = timedelta(days=30)
PURGE_EVERY_S = 3_600.0
PURGED_AT_ONCE = 5_000
LOOK_UP_FOR_S = 30.0
FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 4.0
WARN_EVERY_S = 10.0
TITLES_KNOWN = 10_000
WRITES_REFUSED = "writes refused by the store"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LookUp(Message[None]):
    """Read what became of sales whose COMMIT got no answer, until ``ends_at`` (monotonic)."""

    sales: tuple[Sale, ...]
    ends_at: float
    wait_s: float = FIRST_WAIT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class _LookedUp(Message[None]):
    """``found`` is None when the store could not be read."""

    look_up: _LookUp
    found: Mapping[tuple[str, str], Answer] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Purge(Message[None]):
    """Forget answers that have been repeatable for long enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Purged(Message[None]):
    """A purge ended; ``error`` says why, if it failed."""

    answers: int = 0
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Warn(Message[None]):
    """Tell of writes refused since the last warning."""


_Told = SellStock | PutStock | ListStock | _LookUp | _LookedUp | _Purge | _Purged | _Warn


class Enterprise(Actor[_Told]):
    """Holds nothing itself: the store decides, and keeps every answer.

    Within a batch, the writes of one SKU happen in order of arrival: sales in one transaction, then
    stock changes in one; a sale of a SKU that was changed before it begins another round. Reads come
    last, so that they see all of it and hold up no sale.
    """

    batch_size = 512

    def __init__(
        self,
        *,
        store: SaleStore,
        committed: Topic[EventsCommitted],
        reached: Topic[StockReached],
        sold: Topic[SalesCommitted],
        state: Topic[StateChanged],
        crash: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._committed = committed
        self._reached = reached
        self._sold = sold
        self._state = state
        self._crash = crash
        self._titles: dict[str, str | None] = {}
        self._links_put = 0
        self._refused = 0
        self._refusal: StoreError | None = None
        self._warning = False

    async def on_start(self) -> None:
        self.every(PURGE_EVERY_S, _Purge(), jitter=0.1)

    async def receive_batch(self, messages: Sequence[_Told]) -> Sequence[object]:
        results: dict[int, object] = {}
        sales: dict[int, SellStock] = {}
        puts: dict[int, PutStock] = {}
        put_skus: set[str] = set()
        reads: dict[int, ListStock] = {}
        for place, message in enumerate(messages):
            match message:
                case SellStock():
                    if put_skus and any(line.sku in put_skus for line in message.lines):
                        results |= await self._write(sales, puts)
                        sales, puts, put_skus = {}, {}, set()
                    sales[place] = message
                case PutStock():
                    puts[place] = message
                    put_skus.add(message.sku)
                case ListStock():
                    reads[place] = message
                case _LookUp():
                    self._look_up(message)
                case _LookedUp():
                    self._looked_up(message)
                case _Purge():
                    self._purge()
                case _Purged():
                    self._purged(message)
                case _Warn():
                    self._warn()
                case _:
                    assert_never(message)
        results |= await self._write(sales, puts)
        results |= await self._list(reads)
        return [results.get(place) for place in range(len(messages))]

    async def _write(
        self, sales: Mapping[int, SellStock], puts: Mapping[int, PutStock]
    ) -> Mapping[int, object]:
        results = {**await self._sell(sales), **await self._put(puts)}
        self._count_refused(results.values())
        return results

    async def _sell(self, commands: Mapping[int, SellStock]) -> Mapping[int, Answer | Exception]:
        if not commands:
            return {}
        sales = [Sale(sale_id=uuid7(self.clock, self.rng), command=each) for each in commands.values()]
        try:
            decided = await self._store.sell(sales)
        except StoreError as error:
            decided = SalesDecided(answers=[error] * len(sales))
        self._tell_sold(decided)
        self._look_up_unknown(sales, decided.answers)
        return dict(zip(commands, decided.answers, strict=True))

    async def _put(self, commands: Mapping[int, PutStock]) -> Mapping[int, Product | Exception]:
        if not commands:
            return {}
        put = await self._store.put_stock(list(commands.values()))
        self._tell_put(put)
        self._tell_links(list(commands.values()), put)
        return dict(zip(commands, put.results, strict=True))

    def _tell_sold(self, decided: SalesDecided) -> None:
        if decided.alerts:
            self._crash("sale.committed")
            self._committed.publish(EventsCommitted())
            self._reached.publish(StockReached(alerts=tuple(decided.alerts)))
        if decided.sold:
            self._sold.publish(SalesCommitted(count=decided.sold))
        for level in decided.levels:
            self._state.publish(_stock_state(level, self._titles.get(level.sku)))

    def _tell_put(self, put: StockPut) -> None:
        products = [result for result in put.results if isinstance(result, Product)]
        if products:
            self._committed.publish(EventsCommitted())
        if put.alerts:
            self._reached.publish(StockReached(alerts=tuple(put.alerts)))
        self._note_titles(products)
        for product in products:
            self._state.publish(_stock_state(_level(product), product.title))

    def _tell_links(self, commands: Sequence[PutStock], put: StockPut) -> None:
        """Tell that links to campaigns were written; which ones, ``ListStock`` says."""
        linked = [
            result
            for command, result in zip(commands, put.results, strict=True)
            if command.campaigns is not None and isinstance(result, Product)
        ]
        if linked:
            self._links_put += len(linked)
            self._state.publish(StateChanged(key="links", data={"written": self._links_put}))

    def _note_titles(self, products: Sequence[Product]) -> None:
        if len(self._titles) + len(products) > TITLES_KNOWN:
            self._titles.clear()
        self._titles.update((product.sku, product.title) for product in products)

    async def _list(self, reads: Mapping[int, ListStock]) -> Mapping[int, object]:
        pages: dict[ListStock, Sequence[Product] | StoreError] = {}
        down: StoreUnavailableError | None = None
        for read in reads.values():
            if read in pages:
                continue
            try:
                pages[read] = down or await self._store.list_stock(after=read.after, limit=read.limit)
            except StoreUnavailableError as error:
                pages[read] = down = error
            except StoreError as error:
                pages[read] = error
        for page in pages.values():
            if not isinstance(page, StoreError):
                self._note_titles(page)
        return {place: pages[read] for place, read in reads.items()}

    def _look_up_unknown(self, sales: Sequence[Sale], answers: Sequence[Answer | Exception]) -> None:
        unknown = tuple(
            sale
            for sale, answer in zip(sales, answers, strict=True)
            if isinstance(answer, OutcomeUnknownError)
        )
        if unknown:
            _log.warning("sale outcome unknown", sales=len(unknown))
            self._look_up(_LookUp(sales=unknown, ends_at=self.clock.monotonic() + LOOK_UP_FOR_S))

    def _look_up(self, look_up: _LookUp) -> None:
        self.spawn(
            "look up sales",
            self._store.find_answers(look_up.sales),
            then=lambda found: _LookedUp(look_up=look_up, found=found),
            otherwise=lambda _: _LookedUp(look_up=look_up, found=None),
        )

    def _looked_up(self, looked_up: _LookedUp) -> None:
        look_up, found = looked_up.look_up, looked_up.found
        keys = {(sale.command.principal, sale.command.key) for sale in look_up.sales}
        over = self.clock.monotonic() + look_up.wait_s > look_up.ends_at
        if found is not None and (over or len(found) == len(keys)):
            self._committed.publish(EventsCommitted())
            _log.info("sale outcome resolved", answered=len(found), absent=len(keys) - len(found))
        elif over:
            _log.error("sale outcome unresolved, the store cannot be read", sales=len(look_up.sales))
        else:
            wait_s = min(2 * look_up.wait_s, LONGEST_WAIT_S)
            self.after(look_up.wait_s, replace(look_up, wait_s=wait_s))

    def _purge(self) -> None:
        self.spawn(
            "purge answers",
            self._store.purge_answers(before=self.clock.now() - ANSWERS_KEPT, limit=PURGED_AT_ONCE),
            then=lambda count: _Purged(answers=count),
            otherwise=lambda error: _Purged(error=error),
        )

    def _purged(self, purged: _Purged) -> None:
        if purged.error is not None:
            _log.warning("answers not purged", error=str(purged.error))
        elif purged.answers == PURGED_AT_ONCE:
            self._purge()

    def _count_refused(self, results: Iterable[object]) -> None:
        # A value of the sender's own is for him to know, and an unknown outcome has its own warning.
        refusals = [
            result
            for result in results
            if isinstance(result, StoreError) and not isinstance(result, StoreDataError | OutcomeUnknownError)
        ]
        if refusals:
            self._refused += len(refusals)
            self._refusal = refusals[-1]
            if not self._warning:
                self._warn()

    def _warn(self) -> None:
        """Warn at once, and then no more than every ``WARN_EVERY_S``."""
        self._warning = self._refused > 0
        if self._warning:
            _log.warning(WRITES_REFUSED, count=self._refused, error=str(self._refusal))
            self._refused = 0
            self.after(WARN_EVERY_S, _Warn())


def _level(product: Product) -> StockLevel:
    return StockLevel(
        sku=product.sku, on_hand=product.on_hand, reserved=product.reserved, floor=product.floor
    )


def _stock_state(level: StockLevel, title: str | None) -> StateChanged:
    data = {
        "sku": level.sku,
        "title": title,
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "available": level.available,
        "floor": level.floor,
    }
    return StateChanged(key=f"stock/{level.sku}", data=data)
