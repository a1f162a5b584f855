import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from leadboost.actors.enterprise import Enterprise
from leadboost.actors.enterprise.enterprise import (
    ANSWERS_KEPT,
    LOOK_UP_FOR_S,
    PACE_EVERY_S,
    PURGE_EVERY_S,
    SWEEP_EVERY_S,
    WRITES_REFUSED,
)
from leadboost.domain.stock import Line, Pace, StockLevel
from leadboost.errors import OutcomeUnknownError, StoreDataError, StoreError, StoreUnavailableError
from leadboost.messages.enterprise import (
    Answer,
    ListStock,
    Product,
    PutStock,
    ReleaseReservation,
    SellStock,
    StockAccount,
)
from leadboost.messages.events import StateChanged
from leadboost.ports import Expired, Lease, SalesDecided, StockPut, StockRequest
from leadboost.runtime import ActorRef, Topic
from leadboost.runtime.testing import Probe, System

AWAY = StoreUnavailableError("away")


class Dark:
    """A store whose COMMIT never answers; each look-up ends as scripted, the last for ever after."""

    def __init__(self, *lookups: StoreError | bool) -> None:
        self._lookups = list(lookups)
        self.looked_up = 0
        self.swept = 0
        self.listed = 0
        self.purged: list[datetime] = []

    async def decide(self, requests: Sequence[StockRequest]) -> SalesDecided:
        raise OutcomeUnknownError("no answer to COMMIT")

    async def expire(self, *, limit: int) -> Expired:
        self.swept += 1
        return Expired()

    async def read_paces(self, skus: Collection[str]) -> Mapping[str, Pace]:
        return {sku: Pace(per_day=2.0, units=2.0, days=1.0) for sku in skus}

    async def get_account(self, *, sku: str, limit: int) -> StockAccount | None:
        raise AWAY

    async def find_answers(self, requests: Sequence[StockRequest]) -> Mapping[tuple[str, str], Answer]:
        self.looked_up += 1
        result = self._lookups.pop(0) if len(self._lookups) > 1 else self._lookups[0]
        if isinstance(result, StoreError):
            raise result
        answer = Answer(status=201, body=b"{}")
        return {(sale.command.principal, sale.command.key): answer for sale in requests if result}

    async def purge_answers(self, *, before: datetime, limit: int) -> int:
        self.purged.append(before)
        return limit if len(self.purged) < 3 else 0

    async def put_stock(self, commands: Sequence[PutStock]) -> StockPut:
        return StockPut(results=[AWAY] * len(commands))

    async def list_stock(self, *, after: str, limit: int) -> Sequence[Product]:
        self.listed += 1
        raise AWAY


class OwnLeases:
    """Every lease is had; with ``taken``, none."""

    def __init__(self, *, taken: bool = False) -> None:
        self._taken = taken

    async def acquire(self, name: str, holder: str) -> Lease | None:
        return None if self._taken else Lease(name=name, holder=holder, epoch=1, trusted_until=1e9)

    async def renew(self, lease: Lease) -> Lease:
        return lease

    async def keep(self, name: str, holder: str, lease: Lease | None) -> Lease | None:
        return lease or await self.acquire(name, holder)

    async def release(self, lease: Lease) -> None:
        raise AssertionError("the lease runs out by itself")


async def start(
    system: System,
    store: Dark,
    doorbell: Probe,
    *,
    leases: OwnLeases | None = None,
    state: Topic[StateChanged] | None = None,
) -> ActorRef[Any]:
    committed: Topic[Any] = Topic("committed")
    committed.subscribe(doorbell.ref)
    return await system.spawn(
        lambda: Enterprise(
            store=store,
            committed=committed,
            reached=Topic("reached"),
            sold=Topic("sold"),
            state=state or Topic("state"),
            leases=leases or OwnLeases(),
            holder="here",
        ),
        name="enterprise",
    )


def order(key: str, *, sku: str = "cup") -> SellStock:
    return SellStock(principal="shop", key=key, request_hash=b"h", lines=(Line(sku=sku, quantity=1),))


async def answer_all(answer: Answer | Exception, sales: Sequence[StockRequest]) -> SalesDecided:
    return SalesDecided(answers=[answer] * len(sales))


async def sell_in_the_dark(system: System, store: Dark, doorbell: Probe) -> list[Any]:
    """Sell once, let the whole look-up time pass, and return what was logged after the warning."""
    enterprise = await start(system, store, doorbell)
    with capture_logs() as logs:
        with pytest.raises(OutcomeUnknownError):
            await enterprise.ask(order("k"))
        await asyncio.sleep(LOOK_UP_FOR_S + 1)
    assert logs[0] == {"event": "sale outcome unknown", "log_level": "warning", "sales": 1}
    return logs[1:]


async def test_an_unknown_sale_found_later_is_logged_and_rings_the_doorbell(system: System) -> None:
    doorbell = await system.probe()
    store = Dark(AWAY, AWAY, False, True)

    logs = await sell_in_the_dark(system, store, doorbell)

    assert logs == [{"event": "sale outcome resolved", "log_level": "info", "answered": 1, "absent": 0}]
    assert (store.looked_up, len(doorbell.received)) == (4, 1)


async def test_an_unknown_sale_still_absent_at_the_end_is_resolved_as_not_made(system: System) -> None:
    store = Dark(False)

    logs = await sell_in_the_dark(system, store, await system.probe())

    assert logs == [{"event": "sale outcome resolved", "log_level": "info", "answered": 0, "absent": 1}]
    assert store.looked_up < 15


async def test_an_unknown_sale_that_cannot_be_looked_up_ends_in_an_alert(system: System) -> None:
    logs = await sell_in_the_dark(system, Dark(AWAY), await system.probe())

    assert [(log["log_level"], log["sales"]) for log in logs] == [("error", 1)]


async def test_reads_of_a_store_that_is_away_wait_for_it_once(system: System) -> None:
    store = Dark(AWAY)
    enterprise = await start(system, store, await system.probe())

    answers = await asyncio.gather(
        *(enterprise.ask(ListStock(after=str(n))) for n in range(20)), return_exceptions=True
    )

    assert answers == [AWAY] * 20
    assert store.listed == 1


class Refusing(Dark):
    """A store that cannot be reached."""

    async def decide(self, requests: Sequence[StockRequest]) -> SalesDecided:
        raise AWAY


async def test_refused_writes_are_counted_in_one_warning_at_a_time(system: System) -> None:
    enterprise = await start(system, Refusing(False), await system.probe())
    with capture_logs() as logs:
        for number in range(30):
            messages: list[Any] = [order(str(number)), PutStock(sku="hat", by="ada", on_hand=1)]
            for message in messages:
                with pytest.raises(StoreUnavailableError):
                    await enterprise.ask(message)
            await asyncio.sleep(0.6)
        await asyncio.sleep(60)

    assert [(log["event"], log["log_level"], log["error"]) for log in logs] == [
        (WRITES_REFUSED, "warning", "away")
    ] * 3
    assert [log["count"] for log in logs] == [1, 33, 26]


async def test_an_order_that_the_store_finds_faulty_is_no_cause_for_a_warning(system: System) -> None:
    store = Refusing(False)
    store.decide = partial(answer_all, StoreDataError("faulty"))  # type: ignore[method-assign]
    enterprise = await start(system, store, await system.probe())
    with capture_logs() as logs, pytest.raises(StoreDataError):
        await enterprise.ask(order("k"))

    assert logs == []


class Remembering(Dark):
    """A store that grants all, and remembers what was written in which call."""

    def __init__(self) -> None:
        super().__init__(False)
        self.calls: list[list[str]] = []

    async def decide(self, requests: Sequence[StockRequest]) -> SalesDecided:
        self.calls.append([f"sell {sale.command.key}" for sale in requests])
        return await answer_all(Answer(status=201, body=b"{}"), requests)

    async def put_stock(self, commands: Sequence[PutStock]) -> StockPut:
        self.calls.append([f"put {command.sku}" for command in commands])
        return StockPut(results=[AWAY] * len(commands))


async def test_sales_and_changes_of_different_skus_are_two_calls_however_they_mix(system: System) -> None:
    store = Remembering()
    enterprise = await start(system, store, await system.probe())
    puts = [PutStock(sku=sku, by="ada", on_hand=1) for sku in ("hat", "pen", "hat")]

    messages: list[Any] = [order("a"), puts[0], order("b"), puts[1], order("c"), puts[2]]
    await asyncio.gather(*map(enterprise.ask, messages), return_exceptions=True)

    assert store.calls == [["sell a", "sell b", "sell c"], ["put hat", "put pen", "put hat"]]


async def test_a_sale_stays_behind_the_change_of_its_sku_that_came_before(system: System) -> None:
    store = Remembering()
    enterprise = await start(system, store, await system.probe())
    put = PutStock(sku="cup", by="ada", on_hand=1)

    messages: list[Any] = [order("a"), put, order("b"), order("hat", sku="hat"), put]
    await asyncio.gather(*map(enterprise.ask, messages), return_exceptions=True)

    assert store.calls == [["sell a"], ["put cup"], ["sell b", "sell hat"], ["put cup"]]


async def test_answers_older_than_a_month_are_purged_every_hour_until_none_is_left(system: System) -> None:
    store = Dark(False)
    await start(system, store, await system.probe())

    await asyncio.sleep(PURGE_EVERY_S * 1.2)

    assert len(store.purged) == 3
    assert store.purged[0] <= system.clock.now() - ANSWERS_KEPT


async def test_what_names_a_reservation_waits_for_every_change_that_came_before(system: System) -> None:
    store = Remembering()
    enterprise = await start(system, store, await system.probe())
    release = ReleaseReservation(principal="shop", key="r", request_hash=b"h", reservation_id=UUID(int=1))

    messages: list[Any] = [order("a"), PutStock(sku="hat", by="ada", on_hand=1), release]
    await asyncio.gather(*map(enterprise.ask, messages), return_exceptions=True)

    assert store.calls == [["sell a"], ["put hat"], ["sell r"]]


class Expiring(Dark):
    """A store where something has run out at every look."""

    async def expire(self, *, limit: int) -> Expired:
        await super().expire(limit=limit)
        return Expired(count=1, levels=[StockLevel(sku="cup", on_hand=5, reserved=0, floor=0)])


@pytest.mark.parametrize(("leases", "sweeps"), [(OwnLeases(), 1), (OwnLeases(taken=True), 0)])
async def test_reservations_are_swept_by_the_holder_of_the_lease_alone(
    system: System, leases: OwnLeases, sweeps: int
) -> None:
    store = Expiring(False)
    viewer = await system.probe()
    state: Topic[StateChanged] = Topic("state")
    state.subscribe(viewer.ref)
    await start(system, store, viewer, leases=leases, state=state)

    await asyncio.sleep(SWEEP_EVERY_S * 1.5)

    assert store.swept == sweeps
    shown = [told.data for told in viewer.received if isinstance(told, StateChanged) and told.data]
    assert [data["available"] for data in shown] == [5] * sweeps


async def test_what_was_written_is_shown_again_once_its_pace_is_read(system: System) -> None:
    viewer = await system.probe()
    state: Topic[StateChanged] = Topic("state")
    state.subscribe(viewer.ref)
    await start(system, Expiring(False), viewer, state=state)

    await asyncio.sleep(SWEEP_EVERY_S * 1.5)
    first = viewer.received[-1]
    await asyncio.sleep(PACE_EVERY_S * 1.2)

    paces = [told.data for told in viewer.received if isinstance(told, StateChanged) and told.data]
    assert isinstance(first, StateChanged)
    assert first.data is not None
    assert first.data["runway_days"] is None
    assert (paces[-1]["sold_per_day"], paces[-1]["runway_days"]) == (2.0, 2.5)
