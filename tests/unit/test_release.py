import asyncio
from typing import Any

import pytest

from leadboost.actors.release import LOOK_EVERY_S, Release
from leadboost.domain.halt import Halt, Scope
from leadboost.errors import AdPlatformError, HaltError
from leadboost.messages.release import ApproveResume, ResumeApproved
from leadboost.runtime import ActorRef, Topic
from leadboost.runtime.testing import System
from tests.unit.panic_world import GAP_S, PanicWorld, campaign, panic_world

NARROW = Scope("sku", ("fan",))


async def release(world: PanicWorld, *, needed: int = 1, cool_off_s: float = 0.0) -> ActorRef[Any]:
    async def how_many() -> int:
        return needed

    world.ads.gate = world.gate
    committed: Topic[Any] = Topic("committed")
    return await world.system.spawn(
        lambda: Release(
            store=world.store,
            panic=world.ref,
            platforms=[world.ads],
            committed=committed,
            needed=how_many,
            cool_off_s=cool_off_s,
            pause=asyncio.sleep,
        ),
        name="release",
    )


async def halted(system: System, statuses: dict[str, str] | None = None) -> tuple[PanicWorld, Halt]:
    world = await panic_world(system, statuses or {"1": "ACTIVE", "2": "ACTIVE"})
    halt = await world.trip(NARROW, campaigns=(campaign("1"),))
    await asyncio.sleep(3 * GAP_S)
    return world, halt


async def approve(ref: ActorRef[Any], halt: Halt, by: str = "eva") -> ResumeApproved:
    reply: ResumeApproved = await ref.ask(ApproveResume(halt_id=halt.id, reason="fine", by=by), timeout_s=9)
    return reply


def states(world: PanicWorld) -> list[str]:
    return [each.state for each in world.store.actions.values()]


async def test_an_approved_halt_lets_run_again_what_it_had_paused(system: System) -> None:
    world, halt = await halted(system)
    ref = await release(world)

    approved = await approve(ref, halt)
    await asyncio.sleep(5)

    assert approved == ResumeApproved(approvals=1, needed=1, resumed=True)
    assert world.ads.statuses["1"] == "ACTIVE"
    assert states(world) == ["confirmed"]


async def test_what_was_paused_before_the_halt_stays_paused(system: System) -> None:
    world, halt = await halted(system, {"1": "PAUSED", "2": "ACTIVE"})
    ref = await release(world)

    await approve(ref, halt)
    await asyncio.sleep(5)

    assert world.ads.asked("enable") == []


async def test_one_approval_of_two_ends_nothing(system: System) -> None:
    world, halt = await halted(system)
    ref = await release(world, needed=2)

    first = await approve(ref, halt, by="eva")
    again = await approve(ref, halt, by="eva")

    assert (first.approvals, again.approvals, again.resumed) == (1, 1, False)
    assert (await world.halt(halt)).is_open


async def test_two_distinct_persons_end_it(system: System) -> None:
    world, halt = await halted(system)
    ref = await release(world, needed=2)

    await approve(ref, halt, by="eva")
    second = await approve(ref, halt, by="ana")

    assert second.resumed
    assert not (await world.halt(halt)).is_open


async def test_an_approval_of_before_the_last_stop_does_not_count(system: System) -> None:
    world, halt = await halted(system)
    ref = await release(world, needed=2)
    await approve(ref, halt, by="eva")

    await world.trip(NARROW, by="ana")
    await asyncio.sleep(1)
    second = await approve(ref, halt, by="bob")

    assert (second.approvals, second.resumed) == (1, False)


async def test_where_one_is_enough_a_halt_cools_off_first(system: System) -> None:
    world, halt = await halted(system)
    ref = await release(world, cool_off_s=60)

    with pytest.raises(HaltError) as caught:
        await approve(ref, halt)

    assert caught.value.halt_code == "cooling_off"


async def test_a_halt_that_is_over_cannot_be_resumed_again(system: System) -> None:
    world, halt = await halted(system)
    ref = await release(world)
    await approve(ref, halt)

    with pytest.raises(HaltError) as caught:
        await approve(ref, halt)

    assert caught.value.halt_code == "already_resumed"


async def test_a_campaign_that_another_halt_holds_is_not_enabled(system: System) -> None:
    world, halt = await halted(system)
    await world.trip(Scope("campaign", ("meta_ads", "1")))
    ref = await release(world)

    await approve(ref, halt)
    await asyncio.sleep(5)

    assert world.ads.asked("enable") == []
    assert world.ads.statuses["1"] == "PAUSED"


async def test_an_error_after_the_effect_is_read_back_and_never_sent_twice(system: System) -> None:
    world, halt = await halted(system)
    world.ads.after = [AdPlatformError("meta_ads", "unknown", "500")]
    ref = await release(world)

    await approve(ref, halt)
    await asyncio.sleep(10)

    assert len(world.ads.asked("enable")) == 1
    assert states(world) == ["confirmed"]


async def test_a_halt_during_the_resume_stops_what_was_not_sent(system: System) -> None:
    world, halt = await halted(system)
    ref = await release(world)
    world.store.latch = "HALTED"

    await approve(ref, halt)
    await asyncio.sleep(5)

    assert world.ads.asked("enable") == []
    assert states(world) == ["failed"]


async def test_a_gate_closed_for_want_of_proof_only_delays(system: System) -> None:
    world, halt = await halted(system)
    ref = await release(world)
    world.gate.prove("rules", "the stock floors could not be evaluated lately")

    await approve(ref, halt)
    await asyncio.sleep(1)
    waiting = states(world)
    world.gate.prove("rules", None)
    await asyncio.sleep(LOOK_EVERY_S * 3)

    assert waiting == ["intended"]
    assert states(world) == ["confirmed"]


async def test_a_person_who_pauses_right_after_a_resume_is_not_fought(system: System) -> None:
    world, halt = await halted(system)
    ref = await release(world)
    world.ads.seen = {"1": "PAUSED"}

    await approve(ref, halt)
    await asyncio.sleep(1)
    world.ads.statuses["1"] = "PAUSED"
    await asyncio.sleep(3600)

    assert len(world.ads.asked("enable")) == 1
    assert states(world) == ["failed"]


async def test_an_enabling_that_cannot_be_verified_is_given_up_in_the_end(system: System) -> None:
    world, halt = await halted(system)
    ref = await release(world)
    world.ads.after = [AdPlatformError("meta_ads", "unknown", "500")]
    world.ads.unreadable = True

    await approve(ref, halt)
    await asyncio.sleep(3600)

    assert len(world.ads.asked("enable")) == 1
    assert states(world) == ["failed"]


async def test_after_a_restart_a_sent_action_is_read_before_anything_is_sent(system: System) -> None:
    world, halt = await halted(system)
    ref = await release(world, needed=2)
    await approve(ref, halt, by="eva")
    await world.system.runtime.stop("release")
    ref = await release(world, needed=2)
    await approve(ref, halt, by="ana")
    await asyncio.sleep(5)
    action = next(iter(world.store.actions.values()))
    await world.store.settle_action(action, "sent", None)
    sent = len(world.ads.asked("enable"))

    await world.system.runtime.stop("release")
    await release(world)
    await asyncio.sleep(5)

    assert len(world.ads.asked("enable")) == sent
    assert states(world) == ["confirmed"]
