import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from leadboost.actors.enterprise import ANSWERS_KEPT, LOOK_UP_FOR_S, PURGE_EVERY_S, Enterprise
from leadboost.domain.stock import Line
from leadboost.errors import OutcomeUnknownError, StoreError, StoreUnavailableError
from leadboost.messages.enterprise import Answer, ListStock, Product, PutStock, SellStock
from leadboost.ports import Sale, SalesDecided
from leadboost.runtime import ActorRef, Topic
from leadboost.runtime.testing import Probe, System

AWAY = StoreUnavailableError("away")


class Dark:
    """A store whose COMMIT never answers; each look-up ends as scripted, the last for ever after."""

    def __init__(self, *lookups: StoreError | bool) -> None:
        self._lookups = list(lookups)
        self.looked_up = 0
        self.listed = 0
        self.purged: list[datetime] = []

    async def sell(self, sales: Sequence[Sale]) -> SalesDecided:
        raise OutcomeUnknownError("no answer to COMMIT")

    async def find_answers(self, sales: Sequence[Sale]) -> Mapping[tuple[str, str], Answer]:
        self.looked_up += 1
        result = self._lookups.pop(0) if len(self._lookups) > 1 else self._lookups[0]
        if isinstance(result, StoreError):
            raise result
        answer = Answer(status=201, body=b"{}")
        return {(sale.command.principal, sale.command.key): answer for sale in sales if result}

    async def purge_answers(self, *, before: datetime, limit: int) -> int:
        self.purged.append(before)
        return limit if len(self.purged) < 3 else 0

    async def put_stock(self, command: PutStock) -> Product:
        raise AWAY

    async def list_stock(self, *, after: str, limit: int) -> Sequence[Product]:
        self.listed += 1
        raise AWAY


async def start(system: System, store: Dark, doorbell: Probe) -> ActorRef[Any]:
    committed: Topic[Any] = Topic("committed")
    committed.subscribe(doorbell.ref)
    return await system.spawn(lambda: Enterprise(store=store, committed=committed), name="enterprise")


async def sell_in_the_dark(system: System, store: Dark, doorbell: Probe) -> list[Any]:
    """Sell once, let the whole look-up time pass, and return what was logged after the warning."""
    enterprise = await start(system, store, doorbell)
    order = SellStock(principal="shop", key="k", request_hash=b"h", lines=(Line(sku="cup", quantity=1),))
    with capture_logs() as logs:
        with pytest.raises(OutcomeUnknownError):
            await enterprise.ask(order)
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


async def test_answers_older_than_a_month_are_purged_every_hour_until_none_is_left(system: System) -> None:
    store = Dark(False)
    await start(system, store, await system.probe())

    await asyncio.sleep(PURGE_EVERY_S * 1.2)

    assert len(store.purged) == 3
    assert store.purged[0] <= system.clock.now() - ANSWERS_KEPT
