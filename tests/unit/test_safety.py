import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from leadboost.actors.safety.engine import EVALUATE_EVERY_S, STALE_AFTER_S
from leadboost.domain.halt import GLOBAL, Halt, Scope
from leadboost.domain.rules.facts import DayFact
from leadboost.domain.rules.money import DailySpendCap
from leadboost.domain.rules.replay import History, Revision
from leadboost.domain.rules.rule import Action, Mode, Outcome, Rule, Skip
from leadboost.domain.rules.stock import Runway, StockFloor
from leadboost.domain.rules.trust import ModelDrift
from leadboost.errors import GateClosedError, StoreUnavailableError
from leadboost.messages.bookkeeper import SpendRead, SpendReading
from leadboost.messages.events import StateChanged
from leadboost.messages.safety import ListRules, PreviewRules, ReplaceRules, ReplayRules
from leadboost.ports import SellRate
from leadboost.runtime import Bounds, Child
from leadboost.runtime.testing import System
from tests.unit.rule_facts import TEN_A_DAY, UNIT, campaign, listed, product, rule
from tests.unit.safety_world import SafetyWorld, reached

FAN = product("fan", 0, campaigns=(campaign(1),))
CUP = product("cup", 3, floor=5, campaigns=(campaign(2),))
SHORT = product("mug", 10, campaigns=(campaign(3),), sold=70, pace=TEN_A_DAY)
SELLS = {"mug": SellRate(sold=70, pace=TEN_A_DAY)}
RUNWAY = rule(Runway(days=2), name="runway", action=Action.REDUCE)


@pytest.fixture
def world(system: System) -> SafetyWorld:
    return SafetyWorld(system)


async def next_look(world: SafetyWorld) -> None:
    await asyncio.sleep(EVALUATE_EVERY_S + 0.1)
    await world.system.settle()


def held(world: SafetyWorld, scope: str) -> Halt:
    return Halt(
        id=UUID(int=7),
        scope=Scope.parse(scope),
        reason="out",
        tripped_by="ana",
        tripped_at=world.system.clock.now(),
    )


def spend_today(world: SafetyWorld, spend: int) -> DayFact:
    today = world.system.clock.now().date()
    return DayFact(campaign=campaign(1), day=today, spend_micros=spend * UNIT, revenue_micros=0)


# -- looking --------------------------------------------------------------------------------------


async def test_everything_is_evaluated_at_the_start(world: SafetyWorld) -> None:
    world.facts.found = [FAN, CUP, product("mug", 9)]
    await world.start()

    assert world.scopes == ["sku:fan", "sku:cup"]
    assert world.gate.reasons() == ()


async def test_what_a_sale_brought_to_its_floor_is_halted_at_once(world: SafetyWorld) -> None:
    ref = await world.start()
    world.facts.found = [FAN]

    ref.tell(reached("fan"))
    await world.system.settle()

    (trip,) = world.trips
    assert (trip.by, trip.reason, trip.campaigns) == ("rule:stock_floor", "fan: 0 left", (campaign(1),))
    assert world.facts.asked[-1] == {"fan"}


async def test_the_gate_closes_before_anybody_is_asked(world: SafetyWorld) -> None:
    ref = await world.start()
    world.facts.found, world.mute = [FAN], True

    ref.tell(reached("fan"))
    await world.system.settle()

    assert world.gate.unsettled() == (Scope("sku", ("fan",)),)


async def test_a_kill_switch_too_busy_to_say_what_is_halted_still_halts(world: SafetyWorld) -> None:
    world.facts.found, world.mute = [FAN], True
    await world.start()

    assert world.scopes == ["sku:fan"]


async def test_the_reason_names_the_floor_where_there_is_one(world: SafetyWorld) -> None:
    world.facts.found = [CUP]
    await world.start()

    assert world.trips[-1].reason == "cup: 3 left, floor 5"


async def test_a_crossing_that_nobody_told_is_found_within_five_seconds(world: SafetyWorld) -> None:
    await world.start()

    world.facts.found = [FAN]
    await next_look(world)

    assert "sku:fan" in world.scopes


async def test_what_is_halted_already_is_not_halted_again(world: SafetyWorld) -> None:
    world.facts.found, world.halts = [FAN], [held(world, "sku:fan")]
    ref = await world.start()

    await next_look(world)
    status = await ref.ask(ListRules())

    assert world.trips == []
    assert status.looked is not None
    assert [each.skip for each in status.looked.verdicts] == [Skip.PENDING]


async def test_after_a_gap_everything_is_evaluated(world: SafetyWorld) -> None:
    ref = await world.start(Child(bounds=Bounds(event=1)))
    world.facts.asked.clear()

    ref.tell(reached("fan"))
    ref.tell(reached("cup"))
    await world.system.settle()

    assert None in world.facts.asked


async def test_what_comes_during_a_look_is_looked_at_afterwards(world: SafetyWorld) -> None:
    ref = await world.start()
    world.facts.asked.clear()

    for sku in ("fan", "cup", "mug"):
        ref.tell(reached(sku))
    await world.system.settle()

    assert world.facts.asked == [{"fan"}, {"cup", "mug"}]


async def test_while_rules_cannot_be_evaluated_the_gate_closes_and_opens_by_itself(
    world: SafetyWorld,
) -> None:
    await world.start()

    world.facts.away = True
    await asyncio.sleep(STALE_AFTER_S + EVALUATE_EVERY_S + 1)
    closed = world.gate.reasons()
    world.facts.away = False
    await next_look(world)

    assert closed == ("rules: the rules could not be evaluated lately",)
    assert world.gate.reasons() == ()


async def test_looks_at_single_products_do_not_pass_for_looks_at_everything(world: SafetyWorld) -> None:
    world.file.next = [rule(DailySpendCap(limit_micros=UNIT))]
    ref = await world.start()
    world.facts.ledger_away = True

    for _ in range(8):
        await asyncio.sleep(EVALUATE_EVERY_S)
        ref.tell(reached("fan"))
    await asyncio.sleep(60)

    assert world.gate.reasons() == ("rules: the rules could not be evaluated lately",)


async def test_a_ledger_that_cannot_be_read_keeps_no_stock_from_being_looked_at(world: SafetyWorld) -> None:
    world.file.next = [rule(DailySpendCap(limit_micros=UNIT))]
    world.facts.ledger_away, world.facts.found = True, [FAN]
    await world.start()

    assert world.scopes == ["sku:fan"]
    assert [each.rule for each in world.store.fired] == ["stock_floor"]


# -- acting ---------------------------------------------------------------------------------------


async def test_a_cap_on_everything_halts_everything(world: SafetyWorld) -> None:
    world.file.next = [rule(DailySpendCap(limit_micros=99 * UNIT), name="cap")]
    world.facts.days = [spend_today(world, 100)]
    await world.start()

    (trip,) = world.trips
    assert (trip.scope, trip.by) == (Scope(GLOBAL), "rule:cap")
    assert "100 EUR spent on" in trip.reason


@pytest.mark.parametrize(("currency", "halted"), [("EUR", True), ("USD", False)])
async def test_what_a_platform_says_was_spent_today_counts_against_a_cap(
    world: SafetyWorld, currency: str, halted: bool
) -> None:
    world.file.next = [rule(DailySpendCap(limit_micros=100 * UNIT), name="cap")]
    await world.start()
    now = world.system.clock.now()
    said = SpendReading(
        campaign=campaign(1), day=now.date(), spend_micros=150 * UNIT, currency=currency, at=now
    )

    world.ref.tell(SpendRead(readings=[said]))
    await next_look(world)

    assert (world.scopes == ["global"]) is halted


async def test_a_rule_in_the_shadow_fires_on_record_alone(world: SafetyWorld) -> None:
    world.file.next = [rule(DailySpendCap(limit_micros=99 * UNIT), name="cap", mode=Mode.SHADOW)]
    world.facts.days = [spend_today(world, 100)]
    await world.start()
    await next_look(world)

    assert world.trips == []
    (firing,) = world.store.fired
    assert (firing.rule, firing.shadow) == ("cap", True)
    assert world.store.events == []
    assert world.gate.reasons() == ()


async def test_a_short_runway_lets_nothing_raise_spend_until_it_is_long_again(world: SafetyWorld) -> None:
    world.file.next = [RUNWAY]
    world.facts.found, world.facts.rates = [SHORT], SELLS
    await world.start()

    with pytest.raises(GateClosedError, match="reducing: sku:mug"):
        world.gate.check(campaign(3), "900")
    world.gate.check(campaign(1), "900")
    (cut,) = world.cuts
    assert (cut.rule, cut.campaigns, cut.share) == ("runway", (campaign(3),), 0.2)
    world.facts.found = [replace(SHORT, available=200)]
    await next_look(world)
    world.gate.check(campaign(3), "900")

    assert world.trips == []


async def test_budgets_fall_again_after_the_cooldown_and_no_further_than_a_day_allows(
    world: SafetyWorld,
) -> None:
    world.file.next = [RUNWAY]
    world.facts.found, world.facts.rates = [SHORT], SELLS
    ref = await world.start()
    for _ in range(3):
        await asyncio.sleep(RUNWAY.protections.cooldown_s + 10)
    status = await ref.ask(ListRules())

    assert [each.share for each in world.cuts] == [0.2, 0.2, pytest.approx(0.1)]
    assert status.looked is not None
    assert status.looked.verdicts[-1].skip is Skip.DELTA_CAP
    assert world.gate.reducing() == (Scope("sku", ("mug",)),)


async def test_a_reduction_in_the_shadow_lowers_and_holds_nothing(world: SafetyWorld) -> None:
    world.file.next = [replace(RUNWAY, mode=Mode.SHADOW)]
    world.facts.found, world.facts.rates = [SHORT], SELLS
    await world.start()

    assert world.cuts == []
    assert world.gate.reducing() == ()
    assert len(world.store.fired) == 1


async def test_a_reduction_holds_on_while_its_rule_cools_down(world: SafetyWorld) -> None:
    world.file.next = [RUNWAY]
    world.facts.found, world.facts.rates = [SHORT], SELLS
    await world.start()

    await next_look(world)

    assert len(world.store.fired) == 1
    assert world.gate.reducing() == (Scope("sku", ("mug",)),)


async def test_a_firing_is_recorded_also_after_the_database_was_away(world: SafetyWorld) -> None:
    world.facts.found, world.store.away = [FAN], True
    await world.start()
    assert world.store.fired == []

    world.store.away, world.halts = False, [held(world, "sku:fan")]
    await next_look(world)

    assert [each.rule for each in world.store.fired] == ["stock_floor"]


async def test_a_reduction_is_told_to_viewers(world: SafetyWorld) -> None:
    world.file.next = [RUNWAY]
    world.facts.found, world.facts.rates = [SHORT], SELLS
    await world.start()

    (event,) = world.store.events
    assert (event.kind, event.data["scope"]) == ("safety.breached", "sku:mug")


async def test_the_cooldown_survives_a_restart(system: System) -> None:
    first, second = SafetyWorld(system, name="one"), SafetyWorld(system, name="two")
    cap = rule(DailySpendCap(limit_micros=99 * UNIT), name="cap", pending_check=False)
    for world in (first, second):
        world.store = first.store
        world.file.next = [cap]
        world.facts.days = [spend_today(world, 100)]
        await world.start()

    assert (len(first.trips), len(second.trips)) == (1, 0)


async def test_an_open_breaker_keeps_the_gate_closed(world: SafetyWorld) -> None:
    world.file.next = [rule(Runway(days=2), name="runway", breaker=0.5)]
    world.facts.found = [replace(SHORT, sku=f"sku{number}") for number in range(4)]
    world.facts.rates = {each.sku: SELLS["mug"] for each in world.facts.found}
    await world.start()

    assert world.trips == []
    assert world.gate.reasons() == ("rules: runway matches most of what it looks at: look at its facts",)


async def test_the_model_that_trainer_tells_of_is_judged(world: SafetyWorld) -> None:
    world.file.next = [rule(ModelDrift(), name="drift", action=Action.REDUCE)]
    ref = await world.start()

    ref.tell(StateChanged(key="model", data={"drift": "drifted", "observations": 900}))
    await next_look(world)

    assert world.gate.reducing() == (Scope(GLOBAL),)


# -- rules ----------------------------------------------------------------------------------------


async def test_a_bad_file_leaves_the_old_rules_and_says_why(world: SafetyWorld) -> None:
    world.file.next = [RUNWAY]
    ref = await world.start()

    world.file.next = "must be above 0"
    await next_look(world)
    status = await ref.ask(ListRules())

    assert [each.name for each in status.rules] == ["stock_floor", "runway"]
    assert status.file_problem == "rules[0].days = 0: must be above 0"
    assert world.gate.reasons() == ()
    assert world.store.reloads == [status.file_problem]


async def test_a_file_that_was_never_usable_keeps_the_gate_closed_until_it_is(world: SafetyWorld) -> None:
    world.file.next = "must be above 0"
    world.facts.found = [FAN]
    await world.start()

    closed = world.gate.reasons()
    world.file.next = [RUNWAY]
    await next_look(world)

    assert world.scopes[0] == "sku:fan"
    assert closed == ("rules: no rules are in force: rules[0].days = 0: must be above 0",)
    assert world.gate.reasons() == ()


async def test_rules_of_the_api_replace_those_of_the_file_by_name_and_count_at_once(
    world: SafetyWorld,
) -> None:
    world.file.next = [rule(DailySpendCap(limit_micros=500 * UNIT), name="cap")]
    world.facts.days = [spend_today(world, 100)]
    ref = await world.start()

    mine = rule(DailySpendCap(limit_micros=99 * UNIT), name="cap")
    status = await ref.ask(ReplaceRules(rules=[mine], by="ana"))
    await world.system.settle()

    assert [each.kind for each in status.rules if each.name == "cap"] == [mine.kind]
    assert (world.store.by, world.scopes) == ("ana", ["global"])


async def test_every_look_is_kept_equal_ones_in_a_row_as_one(world: SafetyWorld) -> None:
    world.file.next = [RUNWAY]
    world.facts.found, world.facts.rates, world.halts = [FAN, SHORT], SELLS, [held(world, "sku:fan")]
    await world.start()

    await asyncio.sleep(61)
    await world.system.settle()

    runs = {(each.rule, each.outcome, each.skip): each for each in world.store.looks.values()}
    assert set(runs) == {
        ("stock_floor", Outcome.SKIPPED, Skip.PENDING),
        ("stock_floor", Outcome.CLEAR, None),
        ("runway", Outcome.FIRED, None),
        ("runway", Outcome.SKIPPED, Skip.COOLDOWN),
    }
    pending = runs["stock_floor", Outcome.SKIPPED, Skip.PENDING]
    assert pending.times == (pending.until - pending.since).total_seconds() // EVALUATE_EVERY_S + 1 >= 12


# -- asking ---------------------------------------------------------------------------------------


async def test_a_preview_judges_and_does_nothing(world: SafetyWorld) -> None:
    ref = await world.start()
    world.facts.found, world.facts.days = [FAN], [spend_today(world, 100)]
    rules = [rule(StockFloor()), rule(DailySpendCap(limit_micros=UNIT), name="cap")]

    looked = await ref.ask(PreviewRules(rules=rules))

    assert [each.outcome for each in looked.verdicts] == [Outcome.FIRED, Outcome.FIRED]
    assert (world.trips, world.store.fired) == ([], [])


async def test_a_preview_of_the_rules_in_force_includes_what_is_held_back(world: SafetyWorld) -> None:
    world.facts.found, world.halts = [FAN], [held(world, "sku:fan")]
    ref = await world.start()

    looked = await ref.ask(PreviewRules())

    assert [each.skip for each in looked.verdicts] == [Skip.PENDING]


async def test_a_preview_while_the_database_is_away_tells_its_asker_alone(world: SafetyWorld) -> None:
    ref = await world.start()
    world.facts.away = True

    with pytest.raises(StoreUnavailableError):
        await ref.ask(PreviewRules())

    world.facts.away = False
    assert (await ref.ask(PreviewRules())).verdicts == []


async def test_a_replay_covers_the_days_that_are_closed(world: SafetyWorld) -> None:
    world.campaigns = [listed(1)]
    today = world.system.clock.now().date()
    world.facts.past = History(
        currency="EUR",
        revisions=[
            Revision(
                external_id=str(number),
                campaign=campaign(1),
                day=today - timedelta(days=number),
                known_at=world.system.clock.now(),
                spend_micros=100 * UNIT,
                revenue_micros=0,
            )
            for number in range(1, 4)
        ],
    )
    cap: Rule = rule(DailySpendCap(limit_micros=99 * UNIT))
    ref = await world.start()

    (done,) = await ref.ask(ReplayRules(days=3, hold_days=7, rules=[cap]))

    assert (done.days, [each.day for each in done.firings]) == (3, [today - timedelta(days=3)])
    assert done.saved_micros == 200 * UNIT
