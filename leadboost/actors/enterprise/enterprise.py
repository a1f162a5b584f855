"""Enterprise: keeps stock and sales, many sales to a transaction."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

import structlog

from leadboost.actors.enterprise.showcase import Showcase
from leadboost.actors.enterprise.told import (
    LookedUp,
    LookUp,
    PacesRead,
    Purge,
    Purged,
    ReadPaces,
    Sweep,
    Swept,
    Warn,
)
from leadboost.clock import uuid7
from leadboost.domain.stock import StockLevel
from leadboost.errors import OutcomeUnknownError, StoreDataError, StoreError, StoreUnavailableError
from leadboost.messages.enterprise import (
    Answer,
    GetAccount,
    Keyed,
    ListStock,
    Product,
    PutStock,
    RecordSale,
    ReserveStock,
    RestockStock,
    SellStock,
    StockChange,
)
from leadboost.messages.events import EventsCommitted, SalesCommitted, StateChanged, StockReached
from leadboost.ports import Lease, LeaseStore, SalesDecided, SaleStore, StockPut, StockRequest
from leadboost.runtime import Actor, Topic

ANSWERS_KEPT = timedelta(days=30)
PURGE_EVERY_S = 3_600.0
PURGED_AT_ONCE = 5_000
SWEEP_EVERY_S = 2.0
EXPIRED_AT_ONCE = 1_000
LOOK_UP_FOR_S = 30.0
LONGEST_WAIT_S = 4.0
WARN_EVERY_S = 10.0
PACE_EVERY_S = 30.0
PACES_AT_ONCE = 1_000
WRITES_REFUSED = "writes refused by the store"

_log = structlog.get_logger(__name__)


_OwnTold = LookUp | LookedUp | Purge | Purged | ReadPaces | PacesRead | Sweep | Swept | Warn
_Told = StockChange | PutStock | ListStock | GetAccount | _OwnTold


class Enterprise(Actor[_Told]):
    """Holds nothing itself: the store decides, and keeps every answer.

    Within a batch, the writes of one SKU happen in order of arrival: sales, reservations, returns and
    restocks in one transaction, then what is set of products in another; a sale of a SKU that was set
    before it begins another round. Reads come last, so that they see all of it and hold up no sale.
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
        leases: LeaseStore,
        holder: str,
        crash: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._committed = committed
        self._reached = reached
        self._sold = sold
        self._state = state
        self._leases = leases
        self._holder = holder
        self._lease: Lease | None = None
        self._crash = crash
        self._showcase = Showcase(state)
        self._links_put = 0
        self._refused = 0
        self._refusal: StoreError | None = None
        self._warning = False

    async def on_start(self) -> None:
        self.every(PURGE_EVERY_S, Purge(), jitter=0.1)
        self.after(SWEEP_EVERY_S, Sweep())
        self.every(PACE_EVERY_S, ReadPaces(), jitter=0.1)

    async def receive_batch(self, messages: Sequence[_Told]) -> Sequence[object]:
        results: dict[int, object] = {}
        changes: dict[int, StockChange] = {}
        puts: dict[int, PutStock] = {}
        reads: dict[int, ListStock | GetAccount] = {}
        for place, message in enumerate(messages):
            match message:
                case Keyed():
                    if puts and _may_touch(message, puts.values()):
                        results |= await self._write(changes, puts)
                        changes, puts = {}, {}
                    changes[place] = message
                case PutStock():
                    puts[place] = message
                case ListStock() | GetAccount():
                    reads[place] = message
                case _:
                    self._mind(message)
        results |= await self._write(changes, puts)
        results |= await self._read(reads)
        return [results.get(place) for place in range(len(messages))]

    def _mind(
        self, message: LookUp | LookedUp | Purge | Purged | ReadPaces | PacesRead | Sweep | Swept | Warn
    ) -> None:
        match message:
            case LookUp():
                self._look_up(message)
            case LookedUp():
                self._looked_up(message)
            case Purge():
                self._purge()
            case Purged():
                self._purged(message)
            case ReadPaces():
                self._read_paces()
            case PacesRead(skus=skus, paces=paces):
                self._showcase.freshen(skus, paces)
            case Sweep():
                self._sweep()
            case Swept():
                self._swept(message)
            case Warn():
                self._warn()
            case _:
                assert_never(message)

    async def _write(
        self, changes: Mapping[int, StockChange], puts: Mapping[int, PutStock]
    ) -> Mapping[int, object]:
        results = {**await self._decide(changes), **await self._put(puts)}
        self._count_refused(results.values())
        return results

    async def _decide(self, commands: Mapping[int, StockChange]) -> Mapping[int, Answer | Exception]:
        if not commands:
            return {}
        requests = [StockRequest(id=uuid7(self.clock, self.rng), command=each) for each in commands.values()]
        try:
            decided = await self._store.decide(requests)
        except StoreError as error:
            decided = SalesDecided(answers=[error] * len(requests))
        self._tell_decided(decided)
        self._look_up_unknown(requests, decided.answers)
        return dict(zip(commands, decided.answers, strict=True))

    async def _put(self, commands: Mapping[int, PutStock]) -> Mapping[int, Product | Exception]:
        if not commands:
            return {}
        put = await self._store.put_stock(list(commands.values()))
        self._tell_put(put)
        self._tell_links(list(commands.values()), put)
        return dict(zip(commands, put.results, strict=True))

    def _tell_decided(self, decided: SalesDecided) -> None:
        if decided.told:
            self._committed.publish(EventsCommitted())
        if decided.alerts:
            self._crash("sale.committed")
            self._committed.publish(EventsCommitted())
            self._reached.publish(StockReached(alerts=tuple(decided.alerts)))
        if decided.sold:
            self._sold.publish(SalesCommitted(count=decided.sold))
        self._showcase.show(decided.levels)

    def _tell_put(self, put: StockPut) -> None:
        products = [result for result in put.results if isinstance(result, Product)]
        if products:
            self._committed.publish(EventsCommitted())
        if put.alerts:
            self._reached.publish(StockReached(alerts=tuple(put.alerts)))
        self._showcase.note(products)
        self._showcase.show(map(_level, products))

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

    async def _read(self, reads: Mapping[int, ListStock | GetAccount]) -> Mapping[int, object]:
        found: dict[ListStock | GetAccount, object] = {}
        down: StoreUnavailableError | None = None
        for read in reads.values():
            if read in found:
                continue
            try:
                found[read] = down or await self._look(read)
            except StoreUnavailableError as error:
                found[read] = down = error
            except StoreError as error:
                found[read] = error
        return {place: found[read] for place, read in reads.items()}

    async def _look(self, read: ListStock | GetAccount) -> object:
        if isinstance(read, GetAccount):
            return await self._store.get_account(sku=read.sku, limit=read.limit)
        page = await self._store.list_stock(after=read.after, limit=read.limit)
        self._showcase.note(page)
        return page

    def _look_up_unknown(
        self, requests: Sequence[StockRequest], answers: Sequence[Answer | Exception]
    ) -> None:
        unknown = tuple(
            request
            for request, answer in zip(requests, answers, strict=True)
            if isinstance(answer, OutcomeUnknownError)
        )
        if unknown:
            _log.warning("sale outcome unknown", sales=len(unknown))
            self._look_up(LookUp(requests=unknown, ends_at=self.clock.monotonic() + LOOK_UP_FOR_S))

    def _look_up(self, look_up: LookUp) -> None:
        self.spawn(
            "look up sales",
            self._store.find_answers(look_up.requests),
            then=lambda found: LookedUp(look_up=look_up, found=found),
            otherwise=lambda _: LookedUp(look_up=look_up, found=None),
        )

    def _looked_up(self, looked_up: LookedUp) -> None:
        look_up, found = looked_up.look_up, looked_up.found
        keys = {(each.command.principal, each.command.key) for each in look_up.requests}
        over = self.clock.monotonic() + look_up.wait_s > look_up.ends_at
        if found is not None and (over or len(found) == len(keys)):
            self._committed.publish(EventsCommitted())
            _log.info("sale outcome resolved", answered=len(found), absent=len(keys) - len(found))
        elif over:
            _log.error("sale outcome unresolved, the store cannot be read", sales=len(look_up.requests))
        else:
            wait_s = min(2 * look_up.wait_s, LONGEST_WAIT_S)
            self.after(look_up.wait_s, replace(look_up, wait_s=wait_s))

    def _purge(self) -> None:
        self.spawn(
            "purge answers",
            self._store.purge_answers(before=self.clock.now() - ANSWERS_KEPT, limit=PURGED_AT_ONCE),
            then=lambda count: Purged(answers=count),
            otherwise=lambda error: Purged(error=error),
        )

    def _purged(self, purged: Purged) -> None:
        if purged.error is not None:
            _log.warning("answers not purged", error=str(purged.error))
        elif purged.answers == PURGED_AT_ONCE:
            self._purge()

    def _sweep(self) -> None:
        self.spawn(
            "sweep reservations",
            self._expire(),
            then=lambda swept: swept,
            otherwise=lambda error: Swept(error=error),
        )

    async def _expire(self) -> Swept:
        lease = await self._leases.keep("reservations", self._holder, self._lease)
        if lease is None:
            return Swept()
        return Swept(lease=lease, expired=await self._store.expire(limit=EXPIRED_AT_ONCE))

    def _swept(self, swept: Swept) -> None:
        self.after(SWEEP_EVERY_S, Sweep())
        self._lease = swept.lease
        self._showcase.show(swept.expired.levels)
        if swept.error is not None:
            _log.warning("reservations not swept", error=str(swept.error))
        elif swept.expired.count:
            _log.info("reservations expired", count=swept.expired.count)

    def _read_paces(self) -> None:
        if skus := self._showcase.stale(PACES_AT_ONCE):
            self.spawn(
                "read paces",
                self._store.read_paces(skus),
                then=lambda paces: PacesRead(skus=skus, paces=paces),
                otherwise=lambda _: PacesRead(),
            )

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
            self.after(WARN_EVERY_S, Warn())


def _may_touch(change: StockChange, puts: Collection[PutStock]) -> bool:
    """Whether a change may be of a SKU that is set; what names a sale or reservation might be of any."""
    match change:
        case SellStock(lines=lines):
            skus = {line.sku for line in lines}
        case RecordSale(lines=outside):
            skus = {line.sku for line in outside}
        case ReserveStock(line=line) | RestockStock(line=line):
            skus = {line.sku}
        case _:
            return True
    return any(put.sku in skus for put in puts)


def _level(product: Product) -> StockLevel:
    return StockLevel(
        sku=product.sku, on_hand=product.on_hand, reserved=product.reserved, floor=product.floor
    )
