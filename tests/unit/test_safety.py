import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from leadboost.actors.safety import EVALUATE_EVERY_S, STALE_AFTER_S, SafetyEngine
from leadboost.domain.gate import Gate
from leadboost.domain.stock import StockAlert
from leadboost.errors import StoreUnavailableError
from leadboost.messages.events import StockReached
from leadboost.messages.panic import TripHalt
from leadboost.ports import FloorBreach
from leadboost.runtime import ActorRef, Bounds, Child
from leadboost.runtime.testing import Probe, System
from tests.unit.panic_world import campaign

FAN = FloorBreach(sku="fan", available=0, floor=0, campaigns=(campaign("1"),))
CUP = FloorBreach(sku="cup", available=3, floor=5, campaigns=(campaign("2"),))


class Watch:
    """Products at their floor; ``away`` makes the store fail."""

    def __init__(self, *breaches: FloorBreach) -> None:
        self.found = list(breaches)
        self.away = False
        self.asked: list[Collection[str] | None] = []

    async def breaches(self, skus: Collection[str] | None = None) -> Sequence[FloorBreach]:
        self.asked.append(skus)
        if self.away:
            raise StoreUnavailableError("away")
        return [each for each in self.found if skus is None or each.sku in skus]


def reached(sku: str) -> StockReached:
    return StockReached(alerts=(StockAlert(kind="stock.out", sku=sku, on_hand=0, available=0, floor=0),))


async def start(
    system: System, watch: Watch, child: Child | None = None
) -> tuple[ActorRef[Any], Probe, Gate]:
    gate = Gate(["rules"])
    panic = await system.probe({TripHalt: lambda _: None}, name="panic")
    ref = await system.spawn(lambda: SafetyEngine(watch=watch, panic=panic.ref, gate=gate), child)
    await system.settle()
    return ref, panic, gate


def scopes(panic: Probe) -> list[str]:
    return [str(each.scope) for each in panic.received if isinstance(each, TripHalt)]


async def test_everything_is_evaluated_at_the_start(system: System) -> None:
    _, panic, gate = await start(system, Watch(FAN, CUP))

    assert scopes(panic) == ["sku:fan", "sku:cup"]
    assert gate.reasons() == ()


async def test_what_a_sale_brought_to_its_floor_is_halted_at_once(system: System) -> None:
    watch = Watch()
    ref, panic, _ = await start(system, watch)
    watch.found = [FAN]

    ref.tell(reached("fan"))
    await system.settle()

    trip = panic.received[-1]
    assert isinstance(trip, TripHalt)
    assert (trip.by, trip.reason, trip.campaigns) == ("rule:stock_floor", "fan: 0 left", (campaign("1"),))
    assert watch.asked[-1] == {"fan"}


async def test_the_reason_names_the_floor_where_there_is_one(system: System) -> None:
    _, panic, _ = await start(system, Watch(CUP))

    trip = panic.received[-1]
    assert isinstance(trip, TripHalt)
    assert trip.reason == "cup: 3 left, floor 5"


async def test_a_crossing_that_nobody_told_is_found_within_five_seconds(system: System) -> None:
    watch = Watch()
    _, panic, _ = await start(system, watch)

    watch.found = [FAN]
    await asyncio.sleep(EVALUATE_EVERY_S + 0.1)

    assert "sku:fan" in scopes(panic)


async def test_after_a_gap_everything_is_evaluated(system: System) -> None:
    watch = Watch()
    ref, _, _ = await start(system, watch, Child(bounds=Bounds(event=1)))
    watch.asked.clear()

    ref.tell(reached("fan"))
    ref.tell(reached("cup"))
    await system.settle()

    assert None in watch.asked


async def test_what_comes_during_a_look_is_looked_at_afterwards(system: System) -> None:
    watch = Watch()
    ref, _, _ = await start(system, watch)
    watch.asked.clear()

    for sku in ("fan", "cup", "mug"):
        ref.tell(reached(sku))
    await system.settle()

    assert watch.asked == [{"fan"}, {"cup", "mug"}]


async def test_while_floors_cannot_be_evaluated_the_gate_closes_and_opens_by_itself(system: System) -> None:
    watch = Watch()
    _, _, gate = await start(system, watch)

    watch.away = True
    await asyncio.sleep(STALE_AFTER_S + EVALUATE_EVERY_S + 1)
    closed = gate.reasons()
    watch.away = False
    await asyncio.sleep(EVALUATE_EVERY_S + 1)

    assert closed == ("rules: the stock floors could not be evaluated lately",)
    assert gate.reasons() == ()
