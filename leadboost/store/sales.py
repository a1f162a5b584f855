"""Sales: many orders in one transaction, each decided once and answered for ever alike.

Every host locks stock rows first, in SKU order, and then inserts keys, in key order: no two sales can
wait for each other in a circle. A key goes in together with its answer, so that it is written once;
where another host stored one of the keys since we looked, the batch rolls back, runs again and finds it.
A row that stays locked fails those who name its SKU; the others go on without them.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from leadboost.domain.stock import Line, Order, Refused, Sold, StockAlert, StockLevel, decide_orders
from leadboost.errors import InputError, StoreConflictError, StoreDataError, StoreError
from leadboost.messages.enterprise import Answer, Product, PutStock, SellStock
from leadboost.ports import Sale, SalesDecided, StockPut
from leadboost.store.answers import CONFLICT, decision_answer
from leadboost.store.database import Database, Session
from leadboost.store.locks import LOCK_WAIT_S, HeldSkus, locked_error
from leadboost.store.queries import load_queries
from leadboost.store.stock import insert_alerts, lock_levels, put_stock, read_products

DEADLINE_S = 2.0
READ_DEADLINE_S = 0.5
RERUNS = 3
_QUANTITY_END = 2**63

_queries = load_queries("sales")

Key = tuple[str, str]
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Stored:
    request_hash: bytes
    answer: Answer


class PgSaleStore:
    """``SaleStore`` on PostgreSQL; new products are priced in ``currency``."""

    def __init__(self, database: Database, *, currency: str) -> None:
        self._database = database
        self._clock = database.clock
        self._rng = database.rng.fork("sales")
        self._currency = currency
        self._held = HeldSkus(database)

    async def sell(self, sales: Sequence[Sale]) -> SalesDecided:
        faults = [_fault(sale.command) for sale in sales]
        sound = [sale for sale, fault in zip(sales, faults, strict=True) if fault is None]
        decided = await self._sell_sound(sound) if sound else SalesDecided(answers=())
        answers = iter(decided.answers)
        return replace(decided, answers=[next(answers) if fault is None else fault for fault in faults])

    async def find_answers(self, sales: Sequence[Sale]) -> Mapping[Key, Answer]:
        firsts = _first_of_each_key(sales)
        async with self._database.session(deadline_s=READ_DEADLINE_S) as session:
            stored = await _read_stored(session, firsts)
        return {key: _answer(stored[key], sale) for key, sale in firsts.items() if key in stored}

    async def put_stock(self, commands: Sequence[PutStock]) -> StockPut:
        done = StockPut(results=())
        for run in _runs_of_distinct_skus(commands):
            done = _both_puts(done, await self._put_sound(run))
        return done

    async def list_stock(self, *, after: str, limit: int) -> Sequence[Product]:
        async with self._database.session(deadline_s=READ_DEADLINE_S) as session:
            return await read_products(session, after=after, limit=limit)

    async def purge_answers(self, *, before: datetime, limit: int) -> int:
        """Forget at most ``limit`` answers stored before that moment; returns how many."""
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            return len(await session.fetch(_queries.purge_answers, before, limit))

    async def _sell_sound(self, sales: Sequence[Sale]) -> SalesDecided:
        """Commit together, or by halves where the database refuses a value of one of them."""
        try:
            return await self._sell_free(sales)
        except StoreDataError as error:
            if len(sales) == 1:
                return SalesDecided(answers=(error,))
        middle = len(sales) // 2
        first = await self._sell_half(sales[:middle])
        second = await self._sell_half(sales[middle:])
        return SalesDecided(
            answers=[*first.answers, *second.answers],
            sold=first.sold + second.sold,
            levels=[*first.levels, *second.levels],
            alerts=[*first.alerts, *second.alerts],
        )

    async def _sell_half(self, sales: Sequence[Sale]) -> SalesDecided:
        # The other half may stand, so a failure here must not speak for the whole batch.
        try:
            return await self._sell_sound(sales)
        except StoreError as error:
            return SalesDecided(answers=[error] * len(sales))

    async def _sell_free(self, sales: Sequence[Sale]) -> SalesDecided:
        held, decided = await self._held.run_free(sales, _skus, partial(_rerun, self._sell_once))
        if not held:
            return decided
        answers = iter(decided.answers)
        return replace(
            decided,
            answers=[
                locked_error(named) if (named := held & _skus(sale)) else next(answers) for sale in sales
            ],
        )

    async def _sell_once(self, sales: Sequence[Sale]) -> SalesDecided:
        if not sales:
            return SalesDecided(answers=())
        firsts = _first_of_each_key(sales)
        skus = {line.sku for sale in firsts.values() for line in sale.command.lines}
        async with self._database.transaction(deadline_s=DEADLINE_S, lock_wait_s=LOCK_WAIT_S) as session:
            levels = await lock_levels(session, skus)
            stored = await _read_stored(session, firsts)
            fresh = {key: sale for key, sale in firsts.items() if key not in stored}
            orders = [Order(sale_id=sale.sale_id, lines=sale.command.lines) for sale in fresh.values()]
            decisions, changed = decide_orders(levels, orders)
            for (key, sale), decision in zip(fresh.items(), decisions, strict=True):
                stored[key] = _Stored(sale.command.request_hash, decision_answer(decision))
            await self._write(session, fresh, decisions, stored, changed)
            alerts = await insert_alerts(session, levels, changed, clock=self._clock, rng=self._rng)
        answers = [_answer(stored[sale.command.principal, sale.command.key], sale) for sale in sales]
        sold = sum(isinstance(decision, Sold) for decision in decisions)
        return SalesDecided(answers=answers, sold=sold, levels=list(changed.values()), alerts=alerts)

    async def _write(
        self,
        session: Session,
        fresh: Iterable[Key],
        decisions: Sequence[Sold | Refused],
        stored: Mapping[Key, _Stored],
        changed: Mapping[str, StockLevel],
    ) -> None:
        decided = list(zip(fresh, decisions, strict=True))
        answers = [
            (*key, stored[key].request_hash, stored[key].answer.status, stored[key].answer.body)
            for key, decision in decided
            if isinstance(decision, Sold) or decision.known
        ]
        if not answers:
            return
        lines = [
            (decision.order.sale_id, place, line.sku, line.quantity, left, *key)
            for key, decision in decided
            if isinstance(decision, Sold)
            for place, (line, left) in enumerate(zip(decision.order.lines, decision.remaining, strict=True))
        ]
        await session.execute(
            _queries.write_sales,
            self._clock.now(),
            *_columns(answers, 5),
            *_columns(lines, 7),
            list(changed),
            [level.on_hand for level in changed.values()],
        )

    async def _put_sound(self, puts: Sequence[PutStock]) -> StockPut:
        """Commit together, or by halves where one of them is refused."""
        try:
            return await self._put_free(puts)
        except (InputError, StoreDataError) as error:
            if len(puts) == 1:
                return StockPut(results=[error])
        except StoreError as error:
            return StockPut(results=[error] * len(puts))
        middle = len(puts) // 2
        return _both_puts(await self._put_sound(puts[:middle]), await self._put_sound(puts[middle:]))

    async def _put_free(self, puts: Sequence[PutStock]) -> StockPut:
        held, (products, alerts) = await self._held.run_free(
            puts, lambda put: (put.sku,), partial(_rerun, self._put_once)
        )
        results = [locked_error([put.sku]) if put.sku in held else products[put.sku] for put in puts]
        return StockPut(results=results, alerts=alerts)

    async def _put_once(self, puts: Sequence[PutStock]) -> tuple[Mapping[str, Product], Sequence[StockAlert]]:
        if not puts:
            return {}, ()
        async with self._database.transaction(deadline_s=DEADLINE_S, lock_wait_s=LOCK_WAIT_S) as session:
            return await put_stock(session, puts, clock=self._clock, rng=self._rng, currency=self._currency)


async def _rerun(call: Callable[[Sequence[T]], Awaitable[R]], items: Sequence[T]) -> R:
    # Rerun at once: the locks queue us behind whoever won the conflict, a pause would add nothing.
    for _ in range(RERUNS):
        try:
            return await call(items)
        except StoreConflictError:
            continue
    return await call(items)


def _runs_of_distinct_skus(puts: Iterable[PutStock]) -> Sequence[Sequence[PutStock]]:
    runs: list[dict[str, PutStock]] = []
    for put in puts:
        if not runs or put.sku in runs[-1]:
            runs.append({})
        runs[-1][put.sku] = put
    return [list(run.values()) for run in runs]


def _both_puts(first: StockPut, second: StockPut) -> StockPut:
    return StockPut(results=[*first.results, *second.results], alerts=[*first.alerts, *second.alerts])


def _skus(sale: Sale) -> frozenset[str]:
    return frozenset(line.sku for line in sale.command.lines)


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> Sequence[Sequence[object]]:
    return list(zip(*rows, strict=True)) or [()] * width


def _first_of_each_key(sales: Sequence[Sale]) -> dict[Key, Sale]:
    firsts: dict[Key, Sale] = {}
    for sale in sales:
        firsts.setdefault((sale.command.principal, sale.command.key), sale)
    return firsts


def _answer(stored: _Stored, sale: Sale) -> Answer:
    return stored.answer if stored.request_hash == sale.command.request_hash else CONFLICT


async def _read_stored(session: Session, keys: Iterable[Key]) -> dict[Key, _Stored]:
    rows = await session.fetch(_queries.find_answers, *_columns(list(keys), 2))
    return {
        (row["principal"], row["key"]): _Stored(
            row["request_hash"], Answer(status=row["status"], body=row["body"])
        )
        for row in rows
    }


def _fault(command: SellStock) -> StoreDataError | None:
    """Find what would upset the decision itself; other bad values are for the database to refuse."""
    if not (type(command.principal) is type(command.key) is str and type(command.request_hash) is bytes):
        return StoreDataError("principal and key must be text, request_hash bytes")
    if not command.lines:
        return StoreDataError("lines: an order needs at least one")
    return next((fault for fault in map(_line_fault, command.lines) if fault is not None), None)


def _line_fault(line: Line) -> StoreDataError | None:
    if type(line.sku) is str and type(line.quantity) is int and 0 < line.quantity < _QUANTITY_END:
        return None
    return StoreDataError(f"quantity of {line.sku!r} must be a whole number from 1 to {_QUANTITY_END - 1}")
