import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from leadboost.domain.halt import Halt, HaltItem, HaltState, Scope, widened
from leadboost.errors import AdPlatformError, GateClosedError, HaltLogError
from leadboost.messages.events import HaltTripped, StateChanged
from leadboost.messages.panic import (
    EndHalt,
    GetSafety,
    HearHalt,
    ListCampaigns,
    LookAgain,
    NoteApproval,
    TripHalt,
)
from leadboost.runtime.testing import System
from tests.unit.panic_world import ACCOUNT, GAP_S, WATCH_S, Log, Store, campaign, panic_world

SKU = Scope("sku", ("fan",))


def trouble(kind: str, retry_after_s: float | None = None) -> AdPlatformError:
    return AdPlatformError("meta_ads", kind, f"is {kind}", retry_after_s)


async def test_a_global_halt_pauses_what_the_platform_lists_as_running(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE", "2": "PAUSED", "3": "ACTIVE"})

    halt = await world.trip()
    await asyncio.sleep(3 * GAP_S)

    assert world.ads.statuses == {"1": "PAUSED", "2": "PAUSED", "3": "PAUSED"}
    assert await world.statuses(halt) == {"1": "confirmed", "3": "confirmed"}
    assert (await world.halt(halt)).state is HaltState.CONFIRMED


async def test_a_pause_is_accepted_until_two_equal_reads_lie_the_gap_apart(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    halt = await world.trip()

    await asyncio.sleep(GAP_S * 0.9)
    before = await world.statuses(halt)
    await asyncio.sleep(GAP_S * 0.3)

    assert before == {"1": "accepted"}
    assert await world.statuses(halt) == {"1": "confirmed"}


async def test_the_first_pause_waits_for_nothing(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.store.away = True
    tripped_at = system.clock.monotonic()

    await world.trip()
    await system.settle()

    assert world.ads.asked("pause") == [round(tripped_at, 1)]


async def test_a_halt_is_in_the_log_before_the_first_pause(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    recorded: list[int] = []
    pause = world.ads.pause

    async def look_first(campaign_id: str) -> None:
        recorded.append(len(world.log.halts))
        await pause(campaign_id)

    world.ads.pause = look_first  # type: ignore[method-assign]  # to see the order
    await world.trip()
    await system.settle()

    assert recorded == [1]


@pytest.mark.parametrize("kind", ["unknown", "busy"])
async def test_a_pause_is_sent_again_until_it_is_taken(system: System, kind: str) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.ads.failures = [trouble(kind), trouble(kind)]

    halt = await world.trip()
    await asyncio.sleep(3 * GAP_S)

    item = (await world.halt(halt)).items[0]
    assert (str(item.status), item.attempts) == ("confirmed", 3)


async def test_a_busy_platform_is_asked_again_when_it_said(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.ads.failures = [trouble("busy", 7.0)]

    await world.trip()
    await asyncio.sleep(9)

    first, second = world.ads.asked("pause")
    assert second - first == pytest.approx(7.0, abs=0.2)


async def test_an_error_after_the_effect_is_resolved_by_the_same_absolute_state(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.ads.after = [trouble("unknown")]

    halt = await world.trip()
    await asyncio.sleep(3 * GAP_S)

    assert await world.statuses(halt) == {"1": "confirmed"}


async def test_a_stale_read_back_is_never_shown_as_confirmed(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.ads.seen = {"1": "ACTIVE"}

    halt = await world.trip()
    await asyncio.sleep(2.5 * GAP_S)
    while_stale = await world.statuses(halt)
    world.ads.seen = {}
    await asyncio.sleep(2.5 * GAP_S)

    assert while_stale == {"1": "accepted"}
    assert await world.statuses(halt) == {"1": "confirmed"}


async def test_a_pause_that_never_shows_needs_a_person_and_is_still_tried(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.ads.seen = {"1": "ACTIVE"}

    halt = await world.trip()
    await asyncio.sleep(200)

    assert (await world.halt(halt)).state is HaltState.UNCONFIRMED
    assert len(world.ads.asked("pause")) > 3


async def test_a_dead_token_is_told_at_once_and_works_again_when_it_is_mended(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.ads.failures = [trouble("auth")] * 2

    halt = await world.trip()
    await system.settle()
    told = await world.statuses(halt)
    await asyncio.sleep(5 * GAP_S)

    assert told == {"1": "unconfirmed"}
    assert await world.statuses(halt) == {"1": "confirmed"}


async def test_a_campaign_on_a_platform_without_connection_is_for_a_person(system: System) -> None:
    world = await panic_world(system, {})

    halt = await world.trip(SKU, campaigns=(campaign("7", "google_ads"),))
    await system.settle()

    item = (await world.halt(halt)).items[0]
    assert str(item.status) == "unconfirmed"
    assert "by hand" in str(item.error)


async def test_a_campaign_that_someone_resumes_by_hand_is_paused_again(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    halt = await world.trip()
    await asyncio.sleep(3 * GAP_S)

    world.ads.statuses["1"] = "ACTIVE"
    await asyncio.sleep(WATCH_S + 2)

    assert world.ads.statuses == {"1": "PAUSED"}
    assert len(world.ads.asked("pause")) == 2
    assert str((await world.halt(halt)).items[0].status) == "confirmed"


async def test_a_resume_knows_what_a_person_had_paused_just_before_the_halt(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    await asyncio.sleep(20)

    world.ads.statuses["1"] = "PAUSED"
    halt = await world.trip(SKU, campaigns=(campaign("1"),))
    await asyncio.sleep(1)

    assert (await world.halt(halt)).items[0].was_active is False


async def test_what_ran_before_is_in_the_log_before_it_is_paused(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    await asyncio.sleep(20)
    recorded: list[bool | None] = []
    pause = world.ads.pause

    async def look_first(campaign_id: str) -> None:
        recorded.extend(item.was_active for halt in world.log.halts.values() for item in halt.items)
        await pause(campaign_id)

    world.ads.pause = look_first  # type: ignore[method-assign]  # to see the order
    await world.trip(SKU, campaigns=(campaign("1"),))
    await system.settle()

    assert recorded == [True]


async def test_campaigns_are_shown_as_the_read_back_found_them(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})

    await world.trip(SKU, campaigns=(campaign("1"),))
    await asyncio.sleep(1)

    read = await world.ref.ask(ListCampaigns())
    assert [each.status for each in read.campaigns] == ["PAUSED"]


async def test_a_viewer_that_comes_late_is_told_how_things_stand(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.viewer.received.clear()

    await asyncio.sleep(2.5)

    keys = {each.key for each in world.viewer.received if isinstance(each, StateChanged)}
    assert keys == {"safety", "campaigns"}


async def test_an_empty_list_proves_nothing_by_itself(system: System) -> None:
    world = await panic_world(system, {})
    world.ads.hidden = True
    world.ads.statuses = {"9": "ACTIVE"}

    halt = await world.trip()
    await asyncio.sleep(1)
    first = (await world.halt(halt)).state
    world.ads.hidden = False
    await asyncio.sleep(4 * GAP_S)

    assert first is HaltState.PAUSING
    assert await world.statuses(halt) == {"9": "confirmed"}


async def test_a_halt_works_while_the_database_is_away_and_is_written_afterwards(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.store.away = True

    halt = await world.trip()
    await asyncio.sleep(3 * GAP_S)
    state = (await world.halt(halt)).state
    world.store.away = False
    await asyncio.sleep(3)

    assert state is HaltState.CONFIRMED
    assert world.store.halts[halt.id].state is HaltState.CONFIRMED
    assert world.store.kinds() == ["panic.tripped", "panic.item", "panic.item", "panic.resolved"]


async def test_the_gate_is_closed_while_the_database_is_away_and_opens_by_itself(system: System) -> None:
    world = await panic_world(system, {})
    world.store.away = True
    await asyncio.sleep(3)

    closed = world.gate.reasons()
    world.store.away = False
    await asyncio.sleep(3)

    assert closed == ("store: the database does not answer",)
    assert world.gate.reasons() == ()


async def test_a_trip_closes_the_gate_before_anyone_awaits(system: System) -> None:
    world = await panic_world(system, {"1": "PAUSED"})

    world.gate.trip(Scope("global"))

    with pytest.raises(GateClosedError):
        world.gate.check(campaign("1"), ACCOUNT)


async def test_a_restart_finishes_what_the_log_holds(system: System) -> None:
    first = await panic_world(system, {"1": "ACTIVE"})
    first.ads.failures = [trouble("unknown")] * 1000
    halt = await first.trip()
    await system.close()

    again = await panic_world(System(), {"1": "ACTIVE"}, log=first.log)
    await asyncio.sleep(3 * GAP_S)

    assert again.ads.statuses == {"1": "PAUSED"}
    assert (await again.halt(halt)).state is HaltState.CONFIRMED
    await again.system.close()


async def test_a_log_that_cannot_be_read_means_halted(system: System) -> None:
    log = Log()
    log.failure = HaltLogError("halt.log: neither slot is whole", damaged=True)

    world = await panic_world(system, {"1": "ACTIVE"}, log=log)
    await asyncio.sleep(1)

    assert str((await world.status()).state) == "HALTED"
    assert world.ads.statuses == {"1": "PAUSED"}


async def test_a_log_that_cannot_be_written_halts_all_the_same_and_closes_the_gate(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.log.failure = HaltLogError("halt.log: No space left on device")

    await world.trip(SKU, campaigns=(campaign("1"),))
    await system.settle()

    assert world.ads.statuses == {"1": "PAUSED"}
    assert any("No space left" in reason for reason in world.gate.reasons())


async def test_a_second_trip_of_the_same_scope_is_the_same_halt_verified_again(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    halt = await world.trip()
    await asyncio.sleep(3 * GAP_S)

    again = await world.trip()

    assert again.id == halt.id
    assert await world.statuses(halt) == {"1": "requested"}


async def test_a_rule_that_fires_again_changes_nothing(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    halt = await world.trip(SKU, by="rule:stock_floor", campaigns=(campaign("1"),))
    await asyncio.sleep(2 * GAP_S)
    paused = len(world.ads.asked("pause"))

    await world.trip(SKU, by="rule:stock_floor", campaigns=(campaign("1"),))
    await asyncio.sleep(1)

    assert len(world.ads.asked("pause")) == paused
    assert await world.statuses(halt) == {"1": "confirmed"}


async def test_a_narrow_halt_leaves_the_latch_active_and_holds_its_campaigns(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE", "2": "ACTIVE"})

    await world.trip(SKU, campaigns=(campaign("1"),))
    await system.settle()

    assert str((await world.status()).state) == "ACTIVE"
    world.gate.check(campaign("2"), ACCOUNT)
    with pytest.raises(GateClosedError):
        world.gate.check(campaign("1"), ACCOUNT)


async def test_a_persons_halt_of_a_sku_takes_the_campaigns_that_are_linked_to_it(system: System) -> None:
    store = Store()
    store.linked = {"fan": [campaign("2")]}
    world = await panic_world(system, {"1": "ACTIVE", "2": "ACTIVE"}, store=store)

    halt = await world.trip(SKU)
    await asyncio.sleep(3 * GAP_S)

    assert await world.statuses(halt) == {"2": "confirmed"}


async def test_an_ended_halt_opens_the_gate_and_is_gone_from_the_log(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    halt = await world.trip()
    await asyncio.sleep(3 * GAP_S)

    await world.ref.ask(EndHalt(halt_id=halt.id, last_stop=halt.last_stop))

    assert world.gate.reasons() == ()
    assert world.log.halts == {}


async def test_a_campaign_held_by_two_halts_is_the_lasting_ones_to_enable(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    narrow = await world.trip(SKU, campaigns=(campaign("1"),))
    await asyncio.sleep(3 * GAP_S)
    wide = await world.trip(Scope("campaign", ("meta_ads", "1")))
    was_active = (await world.halt(wide)).items[0].was_active

    await world.ref.ask(EndHalt(halt_id=narrow.id, last_stop=narrow.last_stop))

    assert (was_active, (await world.halt(wide)).items[0].was_active) == (False, True)


async def test_a_halt_resumed_on_another_host_is_let_go_here(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    halt = await world.trip()
    await asyncio.sleep(3 * GAP_S)

    stored = world.store.halts[halt.id]
    await world.store.resume(
        stored, [], by="eva", reason="fine", event=next(iter(world.store.events.values()))
    )
    await asyncio.sleep(3)

    assert not (await world.halt(halt)).is_open


async def test_a_halt_in_the_log_of_a_command_is_taken_over(system: System) -> None:
    other = await panic_world(System(), {})
    halt = await other.trip()
    await other.system.close()
    world = await panic_world(system, {"1": "ACTIVE"})

    world.log.put(list(other.log.halts.values()))
    await asyncio.sleep(3)

    assert (await world.halt(halt)).is_open
    assert world.ads.statuses == {"1": "PAUSED"}


async def test_two_hundred_campaigns_are_confirmed_within_a_minute_with_faults(system: System) -> None:
    world = await panic_world(system, {str(number): "ACTIVE" for number in range(200)})
    faults = [trouble("unknown") if number % 5 == 0 else None for number in range(4000)]
    world.ads.failures = [*faults]

    halt = await world.trip()
    await asyncio.sleep(60)

    assert set((await world.statuses(halt)).values()) == {"confirmed"}


async def test_a_jump_of_the_wall_clock_closes_the_gate_for_a_moment(system: System) -> None:
    world = await panic_world(system, {})

    system.clock.advance(3600)
    await asyncio.sleep(2.5)
    jumped = world.gate.reasons()
    await asyncio.sleep(2.5)

    assert jumped == ("clock: the wall clock jumped by 3600.0 s",)
    assert world.gate.reasons() == ()


async def test_a_log_that_is_slow_to_answer_at_the_start_closes_the_gate_and_halts_nothing(
    system: System,
) -> None:
    log = Log()
    log.failure = HaltLogError("halt.log: no answer")
    world = await panic_world(system, {"1": "ACTIVE"}, log=log)
    closed = world.gate.reasons()

    log.failure = None
    await asyncio.sleep(3)

    assert "halt_log: halt.log: no answer" in closed
    assert (world.gate.reasons(), world.ads.statuses) == ((), {"1": "ACTIVE"})


async def test_a_disk_that_hangs_holds_up_no_pause(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.log.hangs = True
    tripped_at = system.clock.monotonic()

    await world.trip(SKU, campaigns=(campaign("1"),))
    await asyncio.sleep(20)

    assert world.ads.asked("pause")[0] - tripped_at < 2.5
    assert world.ads.statuses == {"1": "PAUSED"}
    assert any("does not answer" in reason for reason in world.gate.reasons())


async def test_a_stop_during_a_resume_becomes_a_halt_of_its_own(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    halt = await world.trip()
    await asyncio.sleep(3 * GAP_S)

    await world.trip(by="bob")
    await world.ref.ask(EndHalt(halt_id=halt.id, last_stop=halt.last_stop))

    status = await world.status()
    assert str(status.state) == "HALTED"
    assert [(each.tripped_by, each.id != halt.id) for each in status.halts if each.is_open] == [("bob", True)]
    assert "halted" in world.gate.reasons()


async def test_a_second_stop_voids_the_approvals_given_before_it_and_is_told(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    halt = await world.trip()
    await world.ref.ask(NoteApproval(halt_id=halt.id, approvals=("eva",), needed=2))

    await world.trip(by="bob")
    await asyncio.sleep(1)

    assert (await world.halt(halt)).approvals == ()
    told = [each.data["tripped_by"] for each in world.store.events.values() if each.kind == "panic.tripped"]
    assert told == ["ana", "bob"]


async def test_an_end_that_could_not_be_logged_is_logged_later(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    halt = await world.trip()
    await asyncio.sleep(3 * GAP_S)
    world.log.failure = HaltLogError("halt.log: Input/output error")

    await world.ref.ask(EndHalt(halt_id=halt.id, last_stop=halt.last_stop))
    world.log.failure = None
    await asyncio.sleep(3)

    assert world.log.halts == {}


async def test_a_restart_does_not_pause_what_was_resumed_before_it(system: System) -> None:
    first = await panic_world(System(), {"1": "ACTIVE"})
    halt = await first.trip()
    await asyncio.sleep(3 * GAP_S)
    stored, event = first.store.halts[halt.id], next(iter(first.store.events.values()))
    await first.store.resume(stored, [], by="eva", reason="fine", event=event)
    await first.system.close()  # killed before the log knew

    world = await panic_world(system, {"1": "ACTIVE"}, log=first.log, store=first.store)
    await asyncio.sleep(8)

    assert world.ads.asked("pause") == []
    assert not (await world.halt(halt)).is_open


async def test_a_recalled_halt_is_pursued_when_no_database_says_that_it_is_over(system: System) -> None:
    first = await panic_world(System(), {"1": "ACTIVE"})
    first.store.away = True
    await first.trip()
    await first.system.close()

    world = await panic_world(system, {"1": "ACTIVE"}, log=first.log, store=first.store)
    await asyncio.sleep(6)

    assert world.ads.statuses == {"1": "PAUSED"}


async def test_what_the_log_had_to_widen_is_narrow_again_once_the_database_is_read(system: System) -> None:
    store, log = Store(), Log()
    first = await panic_world(System(), {"1": "ACTIVE", "2": "ACTIVE"}, store=store)
    halt = await first.trip(SKU, campaigns=(campaign("1"),))
    await asyncio.sleep(1)
    await first.system.close()
    log.put([widened(halt, {"meta_ads": ACCOUNT})])

    world = await panic_world(system, {"1": "PAUSED", "2": "ACTIVE"}, log=log, store=store)
    await asyncio.sleep(2 * GAP_S)

    assert world.ads.statuses == {"1": "PAUSED", "2": "ACTIVE"}
    assert (await world.halt(halt)).scope == SKU


async def test_a_look_that_fails_leaves_it_open_whether_the_campaign_ran(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    await asyncio.sleep(20)
    world.ads.unreadable = True

    halt = await world.trip(SKU, campaigns=(campaign("1"),))
    await asyncio.sleep(1)

    assert (await world.halt(halt)).items[0].was_active is None


async def test_a_halt_of_an_account_that_is_not_connected_is_never_confirmed(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})

    halt = await world.trip(Scope("account", ("meta_ads", "901")))
    await asyncio.sleep(3 * GAP_S)

    assert (await world.halt(halt)).state is HaltState.UNCONFIRMED


async def test_an_account_is_known_with_its_prefix_too(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})

    halt = await world.trip(Scope("account", ("meta_ads", f"act_{ACCOUNT}")))
    await asyncio.sleep(3 * GAP_S)

    assert await world.statuses(halt) == {"1": "confirmed"}


async def test_a_wide_halt_answers_for_what_a_narrow_one_had_paused(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE", "2": "ACTIVE"})
    narrow = await world.trip(SKU, campaigns=(campaign("1"),))
    await asyncio.sleep(3 * GAP_S)
    wide = await world.trip()
    await asyncio.sleep(3 * GAP_S)

    await world.ref.ask(EndHalt(halt_id=narrow.id, last_stop=narrow.last_stop))

    ran = {item.campaign.campaign_id: item.was_active for item in (await world.halt(wide)).items}
    assert ran == {"1": True, "2": True}


async def test_one_paused_read_and_then_a_running_one_is_no_lag(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    await world.trip()
    await asyncio.sleep(GAP_S / 2)

    world.ads.statuses["1"] = "ACTIVE"
    await asyncio.sleep(GAP_S)

    assert len(world.ads.asked("pause")) == 2
    assert world.ads.statuses == {"1": "PAUSED"}


async def test_a_pause_that_is_tried_again_ends_with_its_halt(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.ads.failures = [trouble("busy", 8.0)]
    halt = await world.trip()
    await asyncio.sleep(1)

    await world.ref.ask(EndHalt(halt_id=halt.id, last_stop=halt.last_stop))
    await asyncio.sleep(20)

    assert world.ads.statuses == {"1": "ACTIVE"}


async def test_a_stop_whose_request_was_lost_becomes_a_halt(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})

    world.gate.trip(Scope("global"))
    await asyncio.sleep(6)

    assert str((await world.status()).state) == "HALTED"
    assert world.ads.statuses == {"1": "PAUSED"}


async def test_a_halt_of_a_command_is_told_in_the_journal(system: System) -> None:
    other = await panic_world(System(), {})
    await other.trip()
    await other.system.close()
    world = await panic_world(system, {}, log=other.log)

    await asyncio.sleep(3)

    assert "panic.tripped" in world.store.kinds()


async def test_a_refused_credential_closes_the_gate_until_it_is_good_again(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    world.ads.failures = [trouble("auth")]

    await world.trip(SKU, campaigns=(campaign("1"),))
    await asyncio.sleep(1)
    closed = world.gate.reasons()
    await asyncio.sleep(2 * WATCH_S)

    assert closed == ("meta_ads: the credential is refused: is auth",)
    assert world.gate.reasons() == ()


async def test_many_readers_do_not_hold_up_a_stop(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})

    reads = [world.ref.ask(GetSafety()) for _ in range(500)]
    answers = await asyncio.gather(*reads, world.trip())

    assert len(answers) == 501
    assert system.failures == []


async def test_what_is_confirmed_is_watched_by_the_list_of_its_account(system: System) -> None:
    world = await panic_world(system, {str(number): "ACTIVE" for number in range(20)})
    await world.trip()
    await asyncio.sleep(3 * GAP_S)
    world.ads.calls.clear()

    await asyncio.sleep(10 * WATCH_S)

    assert len(world.ads.calls) < 30


# -- other hosts ----------------------------------------------------------------------------------


def heard_halt(scope: Scope, *campaign_ids: str) -> Halt:
    return Halt(
        id=uuid4(),
        scope=scope,
        reason="elsewhere",
        tripped_by="ben",
        tripped_at=datetime(2026, 1, 1, tzinfo=UTC),
        items=tuple(HaltItem(campaign=campaign(each)) for each in campaign_ids),
    )


async def test_a_halt_of_another_host_is_pursued_and_written_under_its_own_id(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    halt = heard_halt(Scope("global"))

    world.ref.tell(HearHalt(halt=halt))
    await asyncio.sleep(3 * GAP_S)

    assert world.ads.statuses == {"1": "PAUSED"}
    assert halt.id in world.log.halts
    assert halt.id in world.store.halts
    assert world.store.kinds().count("panic.tripped") == 1
    assert "halted" in world.gate.reasons()


async def test_news_cannot_narrow_a_halt_that_is_known(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE", "2": "ACTIVE"})
    halt = await world.trip()

    world.ref.tell(HearHalt(halt=replace(heard_halt(Scope("campaign", ("meta_ads", "1"))), id=halt.id)))
    await asyncio.sleep(3 * GAP_S)

    assert (await world.halt(halt)).scope == Scope("global")
    assert "halted" in world.gate.reasons()


async def test_late_news_of_a_halt_that_is_over_stops_nothing(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    halt = await world.trip()
    await asyncio.sleep(3 * GAP_S)
    world.store.halts[halt.id] = replace(world.store.halts[halt.id], state=HaltState.RESUMED)
    await asyncio.sleep(5)
    world.gate.latch_unknown(halt.id, halt.scope, ())

    world.ref.tell(HearHalt(halt=replace(halt, items=())))
    await system.settle()

    assert world.gate.reasons() == ()


async def test_a_change_in_the_database_is_looked_up_at_once(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    await asyncio.sleep(0.5)
    halt = heard_halt(Scope("global"))
    world.store.halts[halt.id] = halt

    world.ref.tell(LookAgain())
    await system.settle()

    assert "halted" in world.gate.reasons()


async def test_a_change_during_a_look_is_looked_up_right_after_it(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    await asyncio.sleep(0.5)
    load, going_on = world.store.load, asyncio.Event()

    async def load_slowly(*, resumed: int) -> Sequence[Halt]:
        found = await load(resumed=resumed)
        await going_on.wait()
        return found

    world.store.load = load_slowly  # type: ignore[method-assign]  # to change something meanwhile
    world.ref.tell(LookAgain())
    await system.settle()
    halt = heard_halt(Scope("global"))
    world.store.halts[halt.id] = halt
    world.ref.tell(LookAgain())
    await system.settle()

    going_on.set()
    await system.settle()

    assert "halted" in world.gate.reasons()


async def test_other_hosts_are_told_of_a_halt_before_it_is_in_the_log(system: System) -> None:
    world = await panic_world(system, {"1": "ACTIVE"})
    probe = await system.probe(name="mirror")
    world.tripped.subscribe(probe.ref)
    world.log.hangs = True

    world.gate.trip(Scope("global"))
    world.ref.tell(TripHalt(scope=Scope("global"), reason="because", by="ana"))
    await system.settle()

    assert [each.halt.scope for each in probe.received if isinstance(each, HaltTripped)] == [Scope("global")]
