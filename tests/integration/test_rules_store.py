from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from leadboost.clock import uuid7
from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import GLOBAL, Scope
from leadboost.domain.outcome import Outcome
from leadboost.domain.rules.facts import DayFact
from leadboost.domain.rules.money import DailySpendCap, RoiFloor
from leadboost.domain.rules.replay import Replayed, replay
from leadboost.domain.rules.rule import Action, Firing, Rule, Skip
from leadboost.domain.rules.rule import Outcome as LookOutcome
from leadboost.domain.stock import Line, Pace
from leadboost.errors import InputError
from leadboost.messages.enterprise import Answer, PutStock, ReturnSale, SellStock
from leadboost.ports import LookRun, NewEvent, SellRate, StockRequest
from leadboost.store import rules as rules_module
from leadboost.store.database import Database
from leadboost.store.outcomes import PgOutcomeStore
from leadboost.store.rules import PgFactStore, PgRuleStore
from leadboost.store.sales import PgSaleStore
from tests.integration.stocking import put
from tests.integration.tables import rows, run
from tests.unit.rule_facts import UNIT, rule

AT = datetime(2026, 3, 10, 12, 0, 0, 1, tzinfo=UTC)
DAY = date(2026, 3, 1)
ONE = Campaign(platform="meta_ads", campaign_id="1")
TWO = Campaign(platform="meta_ads", campaign_id="2")
CAP = rule(DailySpendCap(limit_micros=99_500_001), name="cap", scope=Scope("account", ("meta_ads", "900")))


@pytest.fixture
def store(database: Database) -> PgRuleStore:
    return PgRuleStore(database)


@pytest.fixture
def facts(database: Database) -> PgFactStore:
    return PgFactStore(database, currency="EUR")


def firing(database: Database, at: datetime = AT) -> Firing:
    return Firing(
        id=uuid7(database.clock, database.rng),
        rule="cap",
        kind="daily_spend_cap",
        subject=Scope("sku", ("a:b",)),
        action=Action.HALT,
        shadow=True,
        at=at,
        said="too much",
        observed=1.5,
        limit=1.0,
        delta=0.25,
        campaigns=(ONE, TWO),
    )


def outcome(
    day: date, spend: int, revenue: int, *, campaign: Campaign | None = ONE, currency: str = "EUR"
) -> Outcome:
    named = campaign.campaign_id if campaign else "none"
    return Outcome(
        external_id=f"{named}-{day}-{currency}",
        platform="meta_ads",
        day=day,
        spend_micros=spend * UNIT,
        revenue_micros=revenue * UNIT,
        currency=currency,
        attributes={"campaign_id": named} if campaign else {},
    )


async def decide(database: Database, command: SellStock | ReturnSale) -> UUID:
    """Sell or take back, and return the id that it was given."""
    request = StockRequest(id=uuid7(database.clock, database.rng), command=command)
    decided = await PgSaleStore(database, currency="EUR").decide([request])
    assert [each.status for each in decided.answers if isinstance(each, Answer)] in ([200], [201])
    return request.id


async def sell(database: Database, sku: str, quantity: int, key: str) -> UUID:
    lines = (Line(sku=sku, quantity=quantity),)
    command = SellStock(principal="ana", key=key, request_hash=b"\0" * 32, lines=lines)
    return await decide(database, command)


async def take_back(database: Database, sale_id: UUID, sku: str, quantity: int) -> None:
    command = ReturnSale(
        principal="ana",
        key=f"back {sale_id}",
        request_hash=b"\0" * 32,
        sale_id=sale_id,
        lines=(Line(sku=sku, quantity=quantity),),
        reason=None,
    )
    await decide(database, command)


async def test_rules_are_read_as_they_were_set_and_who_set_them_is_on_record(
    store: PgRuleStore, database: Database
) -> None:
    await store.replace([CAP], by="ana")
    other = rule(RoiFloor(roi=-0.5), name="roi")
    await store.replace([other, CAP], by="eva")

    read = await store.rules()

    assert [(each.name, each.kind, each.scope) for each in read] == [
        (each.name, each.kind, each.scope) for each in (other, CAP)
    ]
    audit = await rows(database, "SELECT actor, action, detail FROM audit_log ORDER BY seq")
    assert [each[:2] for each in audit] == [("ana", "rules.replace"), ("eva", "rules.replace")]
    assert [each["name"] for each in audit[1][2]["before"]] == ["cap"]
    assert [each["name"] for each in audit[1][2]["after"]] == ["roi", "cap"]


async def test_a_rule_of_another_version_leaves_the_others_standing(
    store: PgRuleStore, database: Database
) -> None:
    await store.replace([CAP], by="ana")
    await run(
        database,
        'INSERT INTO rules VALUES (\'new\', \'{"name": "new", "kind": "of tomorrow"}\', 9, \'x\', now())',
    )

    assert [each.name for each in await store.rules()] == ["cap"]


async def test_a_reload_of_the_file_is_on_record(store: PgRuleStore, database: Database) -> None:
    await store.note_reload([], "rules[0].days = 0: must be above 0")

    ((action, detail),) = await rows(database, "SELECT action, detail FROM audit_log")
    assert (action, detail["problem"]) == ("rules.reload", "rules[0].days = 0: must be above 0")


async def test_firings_are_read_as_they_were_kept_newest_first(
    store: PgRuleStore, database: Database
) -> None:
    old, new = firing(database, AT - timedelta(days=2)), firing(database)
    event = NewEvent(id=new.id, kind="rule.fired", at=AT, data={})

    await store.record([new, old], [], [event])
    await store.record([new, old], [], [event])

    assert await store.firings(AT - timedelta(days=3)) == [new, old]
    assert await store.firings(AT - timedelta(days=1)) == [new]
    assert await rows(database, "SELECT kind FROM events") == [("rule.fired",)]


async def test_a_run_of_looks_grows_and_an_old_one_is_forgotten(
    store: PgRuleStore, database: Database
) -> None:
    now = database.clock.now()

    def look(id_: int, until: datetime, times: int) -> LookRun:
        return LookRun(
            id=uuid7(database.clock, database.rng) if id_ else known,
            rule="cap",
            subject=Scope(GLOBAL),
            outcome=LookOutcome.SKIPPED,
            skip=Skip.COOLDOWN,
            detail="x",
            since=until,
            until=until,
            times=times,
        )

    known = uuid7(database.clock, database.rng)
    await store.record([], [look(0, now, 1), look(1, now - timedelta(days=31), 4)], [])
    await store.record([], [look(0, now, 7)], [])

    assert await rows(database, "SELECT skip, times FROM rule_looks") == [("cooldown", 7)]


async def test_stock_is_what_is_at_its_floor_and_what_was_asked_for(
    facts: PgFactStore, database: Database
) -> None:
    sales = PgSaleStore(database, currency="EUR")
    for command in (
        PutStock(sku="out", by="ana", on_hand=0, campaigns=(ONE,)),
        PutStock(sku="low", by="ana", on_hand=2, floor=2, campaigns=(ONE, TWO)),
        PutStock(sku="fine", by="ana", on_hand=3, floor=2, campaigns=(ONE,)),
        PutStock(sku="unlinked", by="ana", on_hand=0),
    ):
        await put(sales, command)
    rate = SellRate(sold=7, pace=Pace(per_day=1.0, units=7.0, days=7.0), returned=1)

    everything = await facts.stock(None, {"fine": rate, "unlinked": rate})
    some = await facts.stock({"low", "fine"}, {})

    assert [(each.sku, each.available, each.floor, each.campaigns) for each in everything] == [
        ("fine", 3, 2, (ONE,)),
        ("low", 2, 2, (ONE, TWO)),
        ("out", 0, 0, (ONE,)),
    ]
    assert (everything[0].sold, everything[0].runway_days, everything[0].returned) == (7, 1.0, 1)
    assert [each.sku for each in some] == ["low"]


async def test_sell_rates_count_the_last_days_of_what_is_advertised(
    facts: PgFactStore, database: Database
) -> None:
    sales = PgSaleStore(database, currency="EUR")
    await put(sales, PutStock(sku="fan", by="ana", on_hand=100, campaigns=(ONE,)))
    await put(sales, PutStock(sku="other", by="ana", on_hand=100))
    await sell(database, "fan", 14, "a")
    await run(database, "UPDATE sales_days SET day = day - 8")
    await run(database, "UPDATE stock SET stocked_at = stocked_at - interval '9 days'")
    sale = await sell(database, "fan", 7, "b")
    await sell(database, "other", 7, "c")
    await take_back(database, sale, "fan", 3)

    (rate,) = (await facts.sell_rates()).values()
    assert (rate.sold, rate.returned) == (7, 3)
    pace = (await sales.read_paces(["fan"]))["fan"]
    assert rate.pace is not None
    assert rate.pace.per_day == pytest.approx(pace.per_day, rel=1e-4)


async def test_the_ledger_adds_up_by_campaign_and_day(facts: PgFactStore, database: Database) -> None:
    await PgOutcomeStore(database).record(
        [
            outcome(DAY, 10, 20),
            Outcome(
                external_id="second ad of the same campaign",
                platform="meta_ads",
                day=DAY,
                spend_micros=5 * UNIT,
                revenue_micros=1 * UNIT,
                currency="EUR",
                attributes={"campaign_id": "1"},
            ),
            outcome(DAY, 3, 0, campaign=None),
            outcome(DAY, 99, 0, currency="USD"),
            outcome(DAY - timedelta(days=1), 50, 0),
        ]
    )

    found = await facts.ledger(DAY)

    assert sorted(found, key=lambda each: each.spend_micros) == [
        DayFact(campaign=None, day=DAY, spend_micros=3 * UNIT, revenue_micros=0),
        DayFact(campaign=ONE, day=DAY, spend_micros=15 * UNIT, revenue_micros=21 * UNIT),
    ]


async def test_changes_and_sources_are_told_as_they_stand(facts: PgFactStore, database: Database) -> None:
    await run(
        database,
        "INSERT INTO actions (id, origin, kind, platform, campaign_id, arguments_hash, state, intended_at) "
        "VALUES (gen_random_uuid(), 'a', 'enable', 'meta_ads', '1', '', 'unknown', now()),"
        "(gen_random_uuid(), 'a', 'enable', 'meta_ads', '2', '', 'sent', now()),"
        "(gen_random_uuid(), 'a', 'enable', 'meta_ads', '3', '', 'confirmed', now())",
    )
    await run(
        database,
        "INSERT INTO sources (name, kind, cursor, state, errors, accepted, duplicates, last_polled_at, "
        "last_item_at, muted) VALUES ('a', 'rss', '{}', 'up', 0, 0, 0, '2026-03-02Z', '2026-03-01Z', false),"
        "('b', 'rss', '{}', 'failing', 3, 0, 0, '2026-03-02Z', '2026-03-01Z', true)",
    )

    changes, sources = await facts.open_changes(), await facts.sources()

    assert changes.unknown == {ONE}
    assert changes.pending == {ONE, TWO}
    assert sorted((each.name, each.read_at, each.muted) for each in sources) == [
        ("a", datetime(2026, 3, 2, tzinfo=UTC), False),
        ("b", datetime(2026, 3, 1, tzinfo=UTC), True),
    ]


async def test_a_corrected_outcome_keeps_what_it_said_before(facts: PgFactStore, database: Database) -> None:
    outcomes = PgOutcomeStore(database)
    for spend, revenue in ((10, 0), (10, 0), (10, 7), (12, 7)):
        await outcomes.record([outcome(DAY, spend, revenue)])

    past = await facts.history(DAY, DAY)

    assert [(each.spend_micros // UNIT, each.revenue_micros // UNIT) for each in past.revisions] == [
        (10, 0),
        (10, 7),
        (12, 7),
    ]
    assert {each.campaign for each in past.revisions} == {ONE}


async def test_a_past_too_long_to_replay_is_refused(
    facts: PgFactStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules_module, "MOST_REVISIONS", 2)
    days = [DAY + timedelta(days=number) for number in range(3)]
    await PgOutcomeStore(database).record([outcome(day, 1, 1) for day in days])

    with pytest.raises(InputError, match="since: reaches over more than 2 rows"):
        await facts.history(DAY, days[-1])


async def test_past_stock_is_what_was_left_at_the_end_of_each_day(
    facts: PgFactStore, database: Database
) -> None:
    sales = PgSaleStore(database, currency="EUR")
    await put(sales, PutStock(sku="fan", by="ana", on_hand=10, floor=3, campaigns=(ONE,)))
    for number, (day, quantity) in enumerate([(1, 3), (1, 1), (2, 2)]):
        sale = await sell(database, "fan", quantity, str(number))
        at = f"'2026-03-0{day} 12:00Z'::timestamptz + interval '{number} s'"
        await run(database, f"UPDATE sales SET sold_at = {at} WHERE idempotency_key = '{number}'")
    await take_back(database, sale, "fan", 1)
    await run(database, "UPDATE stock_moves SET at = '2026-03-02 13:00Z' WHERE kind = 'return'")
    await run(database, "DELETE FROM sales_days")
    await run(
        database,
        "INSERT INTO sales_days (sku, day, units, revenue_micros) "
        "VALUES ('fan', '2026-03-01', 4, 0), ('fan', '2026-03-02', 2, 0)",
    )

    past = await facts.history(DAY, DAY + timedelta(days=1))

    assert sorted((each.day.day, each.sold, each.remaining, each.returned) for each in past.sold) == [
        (1, 4, 6, 0),
        (2, 2, 5, 1),
    ]
    assert [(each.sku, each.floor, each.campaigns) for each in past.products] == [("fan", 3, (ONE,))]


# -- thirty days ----------------------------------------------------------------------------------

DAYS = 30
LAST = DAY + timedelta(days=DAYS - 1)
HOLD_DAYS = 5


async def thirty_days(database: Database) -> None:
    """One campaign that loses from its tenth day on, one that only seems to until its sales are counted,
    and one that earns; the late sales come in five days later."""
    outcomes, truth = PgOutcomeStore(database), []
    for number in range(DAYS):
        day = DAY + timedelta(days=number)
        bad = outcome(day, 40 + number, 60 if number < 10 else 5)
        slow = outcome(day, 30, 8, campaign=TWO)
        good = outcome(day, 20, 50, campaign=Campaign(platform="meta_ads", campaign_id="3"))
        await outcomes.record([bad, slow, good])
        known_at = datetime(day.year, day.month, day.day, 21, tzinfo=UTC)
        await run(database, f"UPDATE outcomes SET recorded_at = '{known_at}' WHERE day = '{day}'")
        truth.append(outcome(day, 30, 45, campaign=TWO))
    await outcomes.record(truth)


async def held_rows(database: Database, done: Replayed) -> Sequence[int]:
    """What the ledger itself has for the days and campaigns of these firings."""
    total = [0, 0]
    for each in done.firings:
        campaign_id = each.subject.parts[1]
        ((spend, revenue),) = await rows(
            database,
            "SELECT coalesce(sum(spend_micros), 0)::bigint, coalesce(sum(revenue_micros), 0)::bigint "
            f"FROM outcomes WHERE attributes ->> 'campaign_id' = '{campaign_id}' "
            f"AND day > '{each.day}' AND day <= '{each.day + timedelta(days=HOLD_DAYS)}'",
        )
        total = [total[0] + spend, total[1] + revenue]
    return total


def losing(**options: object) -> Rule:
    return rule(RoiFloor(roi=-0.3, days=3, lag_days=0), name="losing", **options)  # type: ignore[arg-type]


async def test_over_thirty_days_the_saved_money_is_the_ledgers_and_late_sales_unmask_false_pauses(
    facts: PgFactStore, database: Database
) -> None:
    await thirty_days(database)

    done = replay(losing(), await facts.history(DAY, LAST), DAY, LAST, hold_days=HOLD_DAYS)

    spend, revenue = await held_rows(database, done)
    assert (done.days, done.errored) == (DAYS, 0)
    assert sum(each.spend_micros for each in done.firings) == spend > 0
    assert sum(each.revenue_micros for each in done.firings) == revenue
    assert done.saved_micros == spend - revenue
    of_bad = [each for each in done.firings if each.subject.parts[1] == "1"]
    of_slow = [each for each in done.firings if each.subject.parts[1] == "2"]
    assert of_bad[0].day == DAY + timedelta(days=12)
    assert not any(each.false for each in of_bad)
    assert sum(each.saved_micros for each in of_bad) > 0
    assert of_slow
    assert all(each.false for each in of_slow)
    assert sum(each.saved_micros for each in of_slow) < 0
    assert done.false_pauses == len(of_slow)
    assert len(of_bad) + len(of_slow) == len(done.firings)
