"""Sales: many orders in one transaction, each decided once and answered for ever alike.

Every host locks stock rows first, in SKU order, and then inserts keys, in key order: no two sales can
wait for each other in a circle. A key goes in together with its answer, so that it is written once;
where another host stored one of the keys since we looked, the batch rolls back, runs again and finds it.
A row that stays locked fails those who name its SKU; the others go on without them.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from leadboost.clock import uuid7
from leadboost.domain.stock import Desk, Pace, StockAlert, StockLevel
from leadboost.errors import InputError, StoreConflictError, StoreDataError, StoreError
from leadboost.messages.enterprise import Answer, Product, PutStock, StockAccount
from leadboost.ports import Expired, NewEvent, SalesDecided, StockPut, StockRequest
from leadboost.store.answers import CONFLICT, decision_answer, is_final
from leadboost.store.asked import Asked, Key, fault_of, in_domain_words, named_id, skus_of
from leadboost.store.database import Database, Session
from leadboost.store.decided import (
    Decided,
    expire_reservations,
    is_sale,
    level_columns,
    moves_of,
    open_desk,
    outside_lines,
    outside_of,
    shortfalls,
    sold_lines,
    write_reservations,
)
from leadboost.store.journal import insert_events
from leadboost.store.ledger import add_moves, end_outs, read_account
from leadboost.store.locks import LOCK_WAIT_S, HeldSkus, locked_error
from leadboost.store.queries import load_queries
from leadboost.store.stock import insert_alerts, lock_levels, put_stock, read_paces, read_products

DEADLINE_S = 2.0
READ_DEADLINE_S = 0.5
RERUNS = 3
OVERSOLD = "stock.oversold_externally"

_queries = load_queries("sales")
_reservations = load_queries("reservations")

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

    async def decide(self, requests: Sequence[StockRequest]) -> SalesDecided:
        faults = [fault_of(request.command) for request in requests]
        sound = [request for request, fault in zip(requests, faults, strict=True) if fault is None]
        decided = await self._decide_sound(await self._name(sound)) if sound else SalesDecided(answers=())
        answers = iter(decided.answers)
        return replace(decided, answers=[next(answers) if fault is None else fault for fault in faults])

    async def find_answers(self, requests: Sequence[StockRequest]) -> Mapping[Key, Answer]:
        firsts = _first_of_each_key(Asked(request, frozenset()) for request in requests)
        async with self._database.session(deadline_s=READ_DEADLINE_S) as session:
            stored = await _read_stored(session, firsts)
        return {key: _answer(stored[key], asked) for key, asked in firsts.items() if key in stored}

    async def expire(self, *, limit: int) -> Expired:
        async with self._database.session(deadline_s=READ_DEADLINE_S) as session:
            rows = await session.fetch(_reservations.find_expired, self._clock.now(), limit)
        if not rows:
            return Expired()
        skus = [row["sku"] for row in rows]
        _, expired = await self._held.run_free(skus, lambda sku: (sku,), partial(_rerun, self._expire_once))
        return expired

    async def get_account(self, *, sku: str, limit: int) -> StockAccount | None:
        async with self._database.transaction(deadline_s=READ_DEADLINE_S) as session:
            return await read_account(session, sku, limit)

    async def put_stock(self, commands: Sequence[PutStock]) -> StockPut:
        done = StockPut(results=())
        for run in _runs_of_distinct_skus(commands):
            done = _both_puts(done, await self._put_sound(run))
        return done

    async def list_stock(self, *, after: str, limit: int) -> Sequence[Product]:
        async with self._database.session(deadline_s=READ_DEADLINE_S) as session:
            return await read_products(session, after=after, limit=limit, now=self._clock.now())

    async def read_paces(self, skus: Collection[str]) -> Mapping[str, Pace]:
        async with self._database.session(deadline_s=READ_DEADLINE_S) as session:
            return await read_paces(session, skus, self._clock.now())

    async def purge_answers(self, *, before: datetime, limit: int) -> int:
        """Forget at most ``limit`` answers stored before that moment; returns how many."""
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            return len(await session.fetch(_queries.purge_answers, before, limit))

    async def _name(self, requests: Sequence[StockRequest]) -> Sequence[Asked]:
        """Find the SKUs of reservations and sales that are named: these never change."""
        ids = [id for request in requests if (id := named_id(request.command)) is not None]
        named: dict[UUID, frozenset[str]] = {}
        if ids:
            async with self._database.session(deadline_s=READ_DEADLINE_S) as session:
                rows = await session.fetch(_reservations.find_named, ids)
            for id, sku in rows:
                named[id] = named.get(id, frozenset()) | {sku}
        return [Asked(request, skus_of(request.command, named)) for request in requests]

    async def _decide_sound(self, asked: Sequence[Asked]) -> SalesDecided:
        """Commit together, or by halves where the database refuses a value of one of them."""
        try:
            return await self._decide_free(asked)
        except StoreDataError as error:
            if len(asked) == 1:
                return SalesDecided(answers=(error,))
        middle = len(asked) // 2
        first = await self._decide_half(asked[:middle])
        second = await self._decide_half(asked[middle:])
        return SalesDecided(
            answers=[*first.answers, *second.answers],
            sold=first.sold + second.sold,
            levels=[*first.levels, *second.levels],
            alerts=[*first.alerts, *second.alerts],
            told=first.told + second.told,
        )

    async def _decide_half(self, asked: Sequence[Asked]) -> SalesDecided:
        # The other half may stand, so a failure here must not speak for the whole batch.
        try:
            return await self._decide_sound(asked)
        except StoreError as error:
            return SalesDecided(answers=[error] * len(asked))

    async def _decide_free(self, asked: Sequence[Asked]) -> SalesDecided:
        held, decided = await self._held.run_free(asked, _skus, partial(_rerun, self._decide_once))
        if not held:
            return decided
        answers = iter(decided.answers)
        return replace(
            decided,
            answers=[locked_error(named) if (named := held & each.skus) else next(answers) for each in asked],
        )

    async def _decide_once(self, asked: Sequence[Asked]) -> SalesDecided:
        if not asked:
            return SalesDecided(answers=())
        firsts = _first_of_each_key(asked)
        skus = {sku for each in firsts.values() for sku in each.skus}
        now = self._clock.now()
        async with self._database.transaction(deadline_s=DEADLINE_S, lock_wait_s=LOCK_WAIT_S) as session:
            if elsewhere := outside_of(each.request.command for each in firsts.values()):
                await session.execute(_queries.add_unknown_products, elsewhere, now, self._currency)
            levels = await lock_levels(session, skus)
            stored = await _read_stored(session, firsts)
            fresh = [each for key, each in firsts.items() if key not in stored]
            desk = await open_desk(session, levels, fresh, now)
            decided = [(each.request, desk.decide(in_domain_words(each.request, now))) for each in fresh]
            answers = [decision_answer(decision) for _, decision in decided]
            changed = desk.changed()
            await self._write(session, decided, answers, levels, changed, now)
            alerts = await insert_alerts(session, levels, changed, clock=self._clock, rng=self._rng)
            told = await self._tell_shortfalls(session, decided, now)
        for each, answer in zip(fresh, answers, strict=True):
            stored[each.key] = _Stored(each.request.command.request_hash, answer)
        return SalesDecided(
            answers=[_answer(stored[each.key], each) for each in asked],
            sold=sum(is_sale(decision) for _, decision in decided),
            levels=list(changed.values()),
            alerts=alerts,
            told=told,
        )

    async def _tell_shortfalls(self, session: Session, decided: Sequence[Decided], now: datetime) -> int:
        events = [
            NewEvent(id=uuid7(self._clock, self._rng), kind=OVERSOLD, at=now, data=data)
            for data in shortfalls(decided)
        ]
        await insert_events(session, events)
        return len(events)

    async def _write(
        self,
        session: Session,
        decided: Sequence[Decided],
        answers: Sequence[Answer],
        levels: Mapping[str, StockLevel],
        changed: Mapping[str, StockLevel],
        now: datetime,
    ) -> None:
        kept = [
            (
                *(request.command.principal, request.command.key, request.command.request_hash),
                *(answer.status, answer.body),
            )
            for (request, decision), answer in zip(decided, answers, strict=True)
            if is_final(decision)
        ]
        await end_outs(session, levels, changed, now)
        await write_reservations(session, decided, now)
        await add_moves(session, moves_of(decided), now=now, clock=self._clock, rng=self._rng)
        if outside := outside_lines(decided):
            columns = zip(*outside, strict=True)
            await session.execute(_queries.write_outside, now, *columns, *level_columns(changed))
        if kept or changed:
            await session.execute(
                _queries.write_sales,
                now,
                *_columns(kept, 5),
                *_columns(sold_lines(decided), 8),
                *level_columns(changed),
            )

    async def _expire_once(self, skus: Sequence[str]) -> Expired:
        now = self._clock.now()
        async with self._database.transaction(deadline_s=DEADLINE_S, lock_wait_s=LOCK_WAIT_S) as session:
            levels = await lock_levels(session, skus)
            lines = await expire_reservations(session, levels, now)
            desk = Desk(levels)
            desk.expire(lines)
            changed = desk.changed()
            await end_outs(session, levels, changed, now)
            await session.execute(_queries.write_levels, now, *level_columns(changed))
        return Expired(count=len(lines), levels=list(changed.values()))

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


def _skus(asked: Asked) -> frozenset[str]:
    return asked.skus


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> Sequence[Sequence[object]]:
    return list(zip(*rows, strict=True)) or [()] * width


def _first_of_each_key(asked: Iterable[Asked]) -> dict[Key, Asked]:
    firsts: dict[Key, Asked] = {}
    for each in asked:
        firsts.setdefault(each.key, each)
    return firsts


def _answer(stored: _Stored, asked: Asked) -> Answer:
    return stored.answer if stored.request_hash == asked.request.command.request_hash else CONFLICT


async def _read_stored(session: Session, keys: Iterable[Key]) -> dict[Key, _Stored]:
    rows = await session.fetch(_queries.find_answers, *_columns(list(keys), 2))
    return {
        (row["principal"], row["key"]): _Stored(
            row["request_hash"], Answer(status=row["status"], body=row["body"])
        )
        for row in rows
    }
