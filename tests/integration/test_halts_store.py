import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from leadboost.clock import uuid7
from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Halt, HaltItem, HaltState, ItemStatus, Scope
from leadboost.errors import HaltError, StoreUnavailableError
from leadboost.messages.enterprise import PutStock
from leadboost.ports import EnableAction, NewEvent
from leadboost.store.database import Database
from leadboost.store.halts import PgHaltStore
from leadboost.store.sales import PgSaleStore

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
ONE = Campaign(platform="meta_ads", campaign_id="1")


@pytest.fixture
def store(database: Database) -> PgHaltStore:
    return PgHaltStore(lambda: database)


def halt(database: Database, scope: str = "sku:fan", *, state: HaltState = HaltState.PAUSING) -> Halt:
    item = HaltItem(
        campaign=ONE,
        status=ItemStatus.ACCEPTED,
        attempts=2,
        name="Fans",
        was_active=True,
        daily_budget_micros=5_000_000,
        currency="USD",
    )
    return Halt(
        id=uuid7(database.clock, database.rng),
        scope=Scope.parse(scope),
        reason="out",
        tripped_by="ana",
        tripped_at=AT,
        stopped_at=AT,
        state=state,
        items=(item,),
    )


def event(database: Database, kind: str = "panic.tripped") -> NewEvent:
    return NewEvent(id=uuid7(database.clock, database.rng), kind=kind, at=AT, data={"scope": "global"})


def action(database: Database, halted: Halt) -> EnableAction:
    return EnableAction(id=uuid7(database.clock, database.rng), halt_id=halted.id, campaign=ONE)


async def resume(store: PgHaltStore, database: Database, halted: Halt, *actions: EnableAction) -> None:
    await store.resume(halted, actions, by="eva", reason="fine", event=event(database, "panic.resumed"))


async def value(database: Database, query: str) -> object:
    async with database.session() as session:
        found: object = await session.fetchval(query)
        return found


async def put(database: Database, *puts: PutStock) -> None:
    await PgSaleStore(database, currency="USD").put_stock(puts)


async def test_a_halt_is_read_as_it_was_saved(store: PgHaltStore, database: Database) -> None:
    halted = halt(database)

    await store.save([halted], [])

    assert await store.load(resumed=5) == [halted]


async def test_saving_again_doubles_no_event(store: PgHaltStore, database: Database) -> None:
    halted, told = halt(database), event(database)
    await store.save([halted], [told])
    item = replace(halted.items[0], status=ItemStatus.CONFIRMED, confirmed_at=AT)

    await store.save([replace(halted, state=HaltState.CONFIRMED, items=(item,))], [told])

    assert (await store.load(resumed=5))[0].items == (item,)
    assert await value(database, "SELECT count(*) FROM events") == 1


@pytest.mark.parametrize(("scope", "latch"), [("global", "HALTED"), ("sku:fan", "ACTIVE")])
async def test_the_latch_says_halted_while_a_global_halt_holds(
    store: PgHaltStore, database: Database, scope: str, latch: str
) -> None:
    await store.save([halt(database, scope)], [])

    assert await value(database, "SELECT state FROM safety") == latch


async def test_the_latch_is_active_again_when_the_last_global_halt_ends(
    store: PgHaltStore, database: Database
) -> None:
    first, second = halt(database, "global"), halt(database, "global")
    await store.save([first, second], [])

    await resume(store, database, first)
    between = await value(database, "SELECT state FROM safety")
    await resume(store, database, second)

    assert (between, await value(database, "SELECT state FROM safety")) == ("HALTED", "ACTIVE")


async def test_a_resumed_halt_stays_so_for_good(store: PgHaltStore, database: Database) -> None:
    halted = halt(database)
    await store.save([halted], [])
    await resume(store, database, halted)

    await store.save([halted], [])

    assert [each.state for each in await store.load(resumed=5)] == [HaltState.RESUMED]


async def test_a_halt_is_resumed_once(store: PgHaltStore, database: Database) -> None:
    halted = halt(database)
    await store.save([halted], [])

    ends = [resume(store, database, halted, action(database, halted)) for _ in range(5)]
    results = await asyncio.gather(*ends, return_exceptions=True)

    assert [type(each) for each in results if each is not None] == [HaltError] * 4
    assert await value(database, "SELECT count(*) FROM actions") == 1


async def test_a_sku_still_at_its_floor_is_not_resumed(store: PgHaltStore, database: Database) -> None:
    await put(database, PutStock(sku="fan", by="ana", on_hand=2, floor=2))
    halted = halt(database)
    await store.save([halted], [])

    with pytest.raises(HaltError) as caught:
        await resume(store, database, halted)
    await put(database, PutStock(sku="fan", by="ana", on_hand=3))
    await resume(store, database, halted)

    assert caught.value.halt_code == "still_at_floor"


async def test_an_approval_counts_once_per_person_and_is_audited(
    store: PgHaltStore, database: Database
) -> None:
    halted = halt(database)
    await store.save([halted], [])

    for by in ("eva", "eva", "ana"):
        approvals = await store.approve(halted.id, by=by, reason="fine")

    assert list(approvals) == ["eva", "ana"]
    assert await value(database, "SELECT count(*) FROM audit_log WHERE action = 'halt.approve_resume'") == 3


async def test_a_second_stop_voids_approvals_and_a_resume_that_had_not_heard_of_it(
    store: PgHaltStore, database: Database
) -> None:
    halted = halt(database)
    await store.save([halted], [])
    await store.approve(halted.id, by="eva", reason="fine")

    await store.save([replace(halted, stopped_at=database.clock.now())], [])

    assert (await store.load(resumed=1))[0].approvals == ()
    with pytest.raises(HaltError) as caught:
        await resume(store, database, halted)
    assert caught.value.halt_code == "already_resumed"


async def test_an_action_is_sent_three_times_at_most(store: PgHaltStore, database: Database) -> None:
    halted = halt(database)
    await store.save([halted], [])
    enable = action(database, halted)
    await resume(store, database, halted, enable)

    assert [await store.mark_sent(enable) for _ in range(4)] == [True, True, True, False]


async def sent(store: PgHaltStore, database: Database, *later: Halt) -> Sequence[object]:
    halted = halt(database)
    await store.save([halted], [])
    enable = action(database, halted)
    await resume(store, database, halted, enable)
    if later:
        await store.save(later, [])
    return await store.mark_sent(enable), (await store.unfinished_actions())[0].state


async def test_an_action_is_marked_before_it_is_sent(store: PgHaltStore, database: Database) -> None:
    assert await sent(store, database) == (True, "sent")


@pytest.mark.parametrize("scope", ["global", "campaign:meta_ads:1"])
async def test_an_action_is_not_sent_once_a_halt_holds_it(
    store: PgHaltStore, database: Database, scope: str
) -> None:
    assert await sent(store, database, halt(database, scope)) == (False, "intended")


async def test_a_trip_waits_for_an_action_being_marked(store: PgHaltStore, database: Database) -> None:
    async with database.transaction() as session:
        await session.fetchval("SELECT state FROM safety FOR SHARE")
        trip = asyncio.gather(store.save([halt(database, "global")], []))
        done, _ = await asyncio.wait([trip], timeout=0.2)
    await trip

    assert not done
    assert await value(database, "SELECT state FROM safety") == "HALTED"


async def test_a_settled_action_is_journalled_and_finished(store: PgHaltStore, database: Database) -> None:
    halted = halt(database)
    await store.save([halted], [])
    enable = action(database, halted)
    await resume(store, database, halted, enable)

    await store.settle_action(enable, "confirmed", None)

    assert await store.unfinished_actions() == []
    assert await value(database, "SELECT count(*) FROM events WHERE kind = 'campaign.enable'") == 1


async def test_links_are_told_for_every_sku_asked(store: PgHaltStore, database: Database) -> None:
    await put(database, PutStock(sku="fan", by="ana", on_hand=1, campaigns=(ONE,)))

    assert await store.links(["fan", "gone"]) == {"fan": [ONE], "gone": []}


async def test_a_store_without_a_database_says_so() -> None:
    def connect() -> Database:
        raise StoreUnavailableError("the database is not connected")

    with pytest.raises(StoreUnavailableError):
        await PgHaltStore(connect).load(resumed=1)


async def test_every_change_of_halts_raises_the_version(store: PgHaltStore, database: Database) -> None:
    versions, halted = [await store.version()], halt(database, "global")
    await store.save([halted], [])
    versions.append(await store.version())
    await resume(store, database, halted)
    versions.append(await store.version())

    assert versions == sorted(set(versions))
