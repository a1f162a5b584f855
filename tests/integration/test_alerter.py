"""Alerts on a real database: who is told of what, when, and what becomes of it when telling fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from leadboost.domain.alerting.alert import Raise, Recipient, Severity
from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Halt, HaltItem, HaltState, ItemStatus, Scope
from leadboost.errors import AlertChannelError, UnknownChannelError
from leadboost.messages.alerter import Acknowledge, NoteChanges, TryChannel
from leadboost.store.alerts import MOST_WAITING, PgAlertStore
from leadboost.store.database import Database
from tests.integration.alert_world import QUICK, AlertHost, Away, Recorder, happen, way
from tests.integration.live_world import turns
from tests.integration.tables import rows

HALT = UUID("01890000-0000-7000-8000-000000000002")
START = Callable[..., Awaitable[AlertHost]]


@pytest.fixture
async def start(database: Database) -> AsyncIterator[START]:
    hosts: list[AlertHost] = []

    async def started(*ways: object, **given: object) -> AlertHost:
        host = AlertHost(database, *ways, **given)  # type: ignore[arg-type]  # as a test gives them
        hosts.append(host)
        await host.start()
        await host.until(lambda _: host.shown is not None)
        return host

    yield started
    for host in hosts:
        await host.runtime.close()


async def begun(database: Database) -> None:
    """Wait until somebody reads the journal: what was before is left alone."""
    store = PgAlertStore(database)
    async with asyncio.timeout(20):
        while await store.progress() is None:
            await turns(10)


def silent(source: str = "trade-news") -> dict[str, object]:
    return {"source": source, "since": "2026-11-25T00:00:00+00:00", "expected_per_day": 24}


# -- raised, told, over ---------------------------------------------------------------------------


async def test_an_event_is_told_once_however_often_it_comes(database: Database, start: START) -> None:
    slack = Recorder("slack")
    host = await start(way(slack))
    await begun(database)
    for _ in range(5):
        await happen(database, "source.silent", **silent())
    await host.until(lambda shown: [each.alert.count for each in shown.items] == [5])
    await slack.until_taken(1)

    assert slack.told == [("raised", "trade-news has fallen silent")]


async def test_whoever_was_told_hears_that_it_is_over(database: Database, start: START) -> None:
    slack, pager = Recorder("slack"), Recorder("pagerduty")
    host = await start(way(slack), way(pager, least=Severity.CRITICAL))
    await begun(database)
    await happen(database, "source.silent", **silent())
    await happen(database, "source.heard", source="trade-news")
    await slack.until_taken(2)
    await host.until(lambda shown: [str(each.alert.state) for each in shown.items] == ["resolved"])

    assert [notice for notice, _ in slack.told] == ["raised", "resolved"]
    assert pager.taken == []


async def test_what_was_before_alerts_began_is_left_alone_but_for_halts_that_hold(
    database: Database, start: START
) -> None:
    await happen(database, "source.silent", **silent())
    halt = Halt(
        id=HALT,
        scope=Scope("global"),
        reason="the button",
        tripped_by="ana",
        tripped_at=database.clock.now() - timedelta(days=2),
    )
    slack = Recorder("slack")
    await start(way(slack), halts=[halt])
    await slack.until_taken(1)

    assert slack.told == [("raised", "Everything is halted")]


async def test_campaigns_that_are_not_confirmed_are_told_by_name(database: Database, start: START) -> None:
    slack = Recorder("slack")
    host = await start(way(slack))
    await begun(database)
    await happen(database, "panic.resolved", id=str(HALT), state="unconfirmed")
    for name in ("Fans AR", "Fans MX"):
        item = {"id": str(HALT), "platform": "meta_ads", "campaign_id": "1", "name": name, "error": "500"}
        await happen(database, "panic.item", **item, status="unconfirmed")
    shown = await host.until(lambda shown: any(len(each.alert.subjects) == 2 for each in shown.items))
    await slack.until(lambda: any(each.alert.subjects == ("Fans AR", "Fans MX") for each in slack.taken))

    assert [str(each.alert.severity) for each in shown.items] == ["critical"]
    await happen(database, "panic.resolved", id=str(HALT), state="confirmed")
    await slack.until(lambda: "resolved" in [notice for notice, _ in slack.told])


async def test_a_rule_that_stops_ads_is_one_alert_with_its_halt(database: Database, start: START) -> None:
    slack = Recorder("slack")
    host = await start(way(slack))
    await begun(database)
    scope, reason = "sku:cup", "cup: 0 left"
    told = {"id": str(HALT), "scope": scope, "reason": reason}
    await happen(database, "safety.breached", **told, rule="rule:stock_floor", campaigns=[["meta_ads", "7"]])
    await happen(database, "panic.tripped", **told, tripped_by="rule:stock_floor")
    shown = await host.until(lambda shown: [each.alert.count for each in shown.items] == [2])

    assert shown.items[0].alert.title == "A rule stopped 1 campaign: cup: 0 left"
    await happen(database, "panic.resumed", id=str(HALT), scope=scope)
    await slack.until_taken(2)
    assert [notice for notice, _ in slack.told] == ["raised", "resolved"]


# -- escalating -----------------------------------------------------------------------------------

HASTY = replace(QUICK, escalate_after=timedelta(seconds=0.3), rounds=2)


async def test_what_nobody_acknowledges_goes_to_the_next_level_and_in_the_end_no_further(
    database: Database, start: START
) -> None:
    slack, pager = Recorder("slack"), Recorder("pagerduty")
    host = await start(way(slack), way(pager, level=2), policy=HASTY)
    await begun(database)
    await happen(database, "source.silent", **silent())
    await pager.until_taken(2)
    await slack.until_taken(3)
    shown = await host.until(lambda shown: shown.items[0].alert.rounds == 2)

    assert [notice for notice, _ in slack.told] == ["raised", "reminded", "reminded"]
    assert [notice for notice, _ in pager.told] == ["reminded", "reminded"]
    assert shown.items[0].alert.next_round_at is None


async def test_what_is_acknowledged_is_passed_on_no_further_and_those_told_hear_who_has_it(
    database: Database, start: START
) -> None:
    slack, pager = Recorder("slack"), Recorder("pagerduty")
    host = await start(way(slack), way(pager, level=2))
    await begun(database)
    await happen(database, "source.silent", **silent())
    shown = await host.until(lambda shown: len(shown.items) == 1)
    alert = shown.items[0].alert

    first = await host.ref.ask(Acknowledge(id=alert.id, by="ana", note="calling them"))
    again = await host.ref.ask(Acknowledge(id=alert.id, by="bob"))
    await slack.until_taken(2)

    assert first is not None
    assert again is not None
    assert (str(first.state), str(again.state)) == ("acknowledged", "acknowledged")
    assert [notice for notice, _ in slack.told] == ["raised", "acknowledged"]
    assert pager.taken == []
    (seen,) = (await host.list()).items
    assert (seen.alert.acknowledged_by, seen.alert.note, seen.alert.next_round_at) == (
        "ana",
        "calling them",
        None,
    )
    audited = await rows(database, "SELECT actor, action, subject FROM audit_log")
    assert audited == [("ana", "alert.acknowledge", str(alert.id))]


async def test_what_happened_and_does_not_last_is_over_once_it_is_acknowledged(
    database: Database, start: START
) -> None:
    host = await start()
    await begun(database)
    await happen(database, "model.rolled_back", to=3, reason="worse", by="rule:drift")
    shown = await host.until(lambda shown: len(shown.items) == 1)

    done = await host.ref.ask(Acknowledge(id=shown.items[0].alert.id, by="ana"))

    assert done is not None
    assert str(done.state) == "resolved"
    assert await host.ref.ask(Acknowledge(id=HALT, by="ana")) is None


# -- channels that fail ---------------------------------------------------------------------------


def fault(name: str, kind: str = "passing") -> AlertChannelError:
    return AlertChannelError(name, "503", kind=kind)


async def test_a_channel_that_fails_for_good_is_passed_over_at_once_and_is_itself_an_alert(
    database: Database, start: START
) -> None:
    slack, mail = Recorder("slack"), Recorder("smtp")
    slack.down = AlertChannelError("slack", "404 no_service", kind="lasting")
    host = await start(way(slack), way(mail, level=2, least=Severity.WARNING))
    await begun(database)
    await happen(database, "source.silent", **silent())
    await mail.until_taken(1)
    shown = await host.until(lambda shown: len(shown.items) == 2)

    assert mail.told[0] == ("reminded", "trade-news has fallen silent")
    by_key = {each.alert.key: each for each in shown.items}
    assert by_key["channel/slack"].alert.detail == "404 no_service"
    (failed,) = [each for each in by_key["source/trade-news"].deliveries if each.channel == "slack"][:1]
    assert (failed.state, failed.error) == ("pending", "404 no_service")
    assert [(each.state, each.detail) for each in shown.channels if each.name == "slack"] == [
        ("DEGRADED", "404 no_service")
    ]
    assert host.health["alerts.slack"].state == "DEGRADED"


async def test_a_channel_that_comes_back_gets_what_it_missed_and_its_alert_is_over(
    database: Database, start: START
) -> None:
    slack, mail = Recorder("slack"), Recorder("smtp")
    slack.fails.extend(fault("slack") for _ in range(2))
    host = await start(way(slack), way(mail))
    await begun(database)
    await happen(database, "source.silent", **silent())
    await slack.until_taken(1)
    await host.until(
        lambda shown: [each.attempts for each in shown.items[0].deliveries if each.channel == "slack"] == [3]
    )

    assert slack.told == [("raised", "trade-news has fallen silent")]
    assert slack.tries == 3
    assert len(mail.taken) == 1


async def test_what_weighs_most_goes_out_first_and_of_one_alert_nothing_out_of_turn(
    database: Database, start: START
) -> None:
    slack = Recorder("slack")
    slack.down = fault("slack")
    await start(way(slack))
    await begun(database)
    await happen(database, "source.silent", **silent())
    await happen(database, "source.heard", source="trade-news")
    await slack.until(lambda: slack.tries == 1)
    await happen(
        database, "panic.tripped", id=str(HALT), scope="global", reason="the button", tripped_by="ana"
    )
    slack.down = None
    await slack.until_taken(3)

    assert slack.told == [
        ("raised", "Everything is halted"),
        ("raised", "trade-news has fallen silent"),
        ("resolved", "trade-news has fallen silent"),
    ]


async def test_a_channel_that_hangs_keeps_nobody_waiting(database: Database, start: START) -> None:
    slack, mail = Recorder("slack"), Recorder("smtp")
    slack.hangs = True
    host = await start(way(slack), way(mail))
    await begun(database)
    await happen(database, "source.silent", **silent())
    await slack.until(lambda: slack.tries == 1)
    for number in range(20):
        await happen(database, "source.silent", **silent(f"news-{number}"))
    await mail.until_taken(21)

    shown = await host.list()
    assert len(shown.items) == 21
    assert slack.tries == 1


async def test_a_channel_that_breaks_loses_one_notice_and_no_other(database: Database, start: START) -> None:
    slack = Recorder("slack")
    slack.fails.append(ZeroDivisionError())
    host = await start(way(slack))
    await begun(database)
    await happen(database, "source.silent", **silent())
    await happen(database, "source.silent", **silent("other"))
    await slack.until_taken(1)
    await host.until(
        lambda shown: sorted(each.deliveries[0].state for each in shown.items) == ["delivered", "failed"]
    )


async def test_a_notice_that_is_refused_says_nothing_of_the_channel(database: Database, start: START) -> None:
    slack = Recorder("slack")
    slack.fails.append(fault("slack", "refused"))
    host = await start(way(slack))
    await begun(database)
    await happen(database, "source.silent", **silent())
    await happen(database, "source.silent", **silent("other"))
    await slack.until_taken(1)

    shown = await host.until(lambda shown: len(shown.items) == 2)
    assert [each.state for each in shown.channels] == ["RUNNING"]


async def test_of_what_waits_for_a_channel_the_oldest_is_given_up_beyond_a_bound(database: Database) -> None:
    store, at = PgAlertStore(database), database.clock.now()
    for start in range(0, MOST_WAITING + 50, 50):
        changes = [
            Raise(key=f"source/{number}", severity=Severity.WARNING, title=str(number), at=at)
            for number in range(start, start + 50)
        ]
        await store.apply(changes, QUICK, [Recipient(name="slack")])

    assert await store.pending() == {"slack": MOST_WAITING}
    dropped = await rows(
        database,
        "SELECT title FROM alerts JOIN alert_deliveries d ON alert_id = alerts.id WHERE d.state = 'dropped'",
    )
    assert sorted(int(title) for (title,) in dropped) == list(range(50))


# -- restarts, hosts, no database -----------------------------------------------------------------


async def test_what_has_not_gone_out_goes_out_after_a_restart(database: Database, start: START) -> None:
    slack = Recorder("slack")
    slack.down = fault("slack")
    first = await start(way(slack), name="first")
    await begun(database)
    await happen(database, "source.silent", **silent())
    await slack.until(lambda: slack.tries == 1)
    await first.runtime.close()
    await happen(database, "source.silent", **silent("while nobody looked"))

    again = Recorder("slack")
    await start(way(again), name="second")
    await again.until_taken(2)

    assert sorted(title for _, title in again.told) == [
        "trade-news has fallen silent",
        "while nobody looked has fallen silent",
    ]


async def test_a_daemon_that_lives_for_one_command_leaves_telling_to_the_next(
    database: Database, start: START
) -> None:
    slack = Recorder("slack")
    command = await start(way(slack), name=None)
    at = database.clock.now()
    command.ref.tell(
        NoteChanges(changes=[Raise(key="actor/a/b", severity=Severity.CRITICAL, title="gone", at=at)])
    )
    await command.until(lambda shown: [each.pending for each in shown.channels] == [1])
    assert slack.taken == []
    assert await PgAlertStore(database).progress() is None
    await command.runtime.close()

    again = Recorder("slack")
    await start(way(again))
    await again.until_taken(1)
    assert again.told == [("raised", "gone")]


async def test_two_hosts_tell_once_and_both_note_what_they_see(database: Database, start: START) -> None:
    slack, other = Recorder("slack"), Recorder("slack")
    first = await start(way(slack), name="first")
    await begun(database)
    second = await start(way(other), name="second")
    await happen(database, "source.silent", **silent())
    at = database.clock.now()
    second.ref.tell(
        NoteChanges(changes=[Raise(key="actor/b/scout", severity=Severity.CRITICAL, title="gone", at=at)])
    )
    await slack.until_taken(2)
    await first.until(lambda shown: len(shown.items) == 2)

    assert sorted(title for _, title in slack.told) == ["gone", "trade-news has fallen silent"]
    assert other.taken == []


async def test_without_a_database_halts_go_out_directly_and_stand_in_it_later(
    database: Database, start: START
) -> None:
    halt = Halt(
        id=HALT,
        scope=Scope("global"),
        reason="the button",
        tripped_by="ana",
        tripped_at=database.clock.now(),
        state=HaltState.UNCONFIRMED,
        items=(
            HaltItem(
                campaign=Campaign(platform="meta_ads", campaign_id="7"),
                status=ItemStatus.UNCONFIRMED,
                name="Fans AR",
            ),
        ),
    )
    store = Away(database)
    store.away = True
    slack, pager = Recorder("slack"), Recorder("pagerduty")
    host = await start(
        way(slack),
        way(pager, level=3, least=Severity.CRITICAL),
        halts=[halt],
        store=store,
        direct_after_s=0.1,
    )
    await slack.until_taken(3)
    await pager.until_taken(3)
    assert slack.told == [
        ("raised", "The database does not answer"),
        ("raised", "Everything is halted"),
        ("raised", "A halt is not confirmed: ads may still run"),
    ]

    store.away = False
    await slack.until_taken(4)
    shown = await host.until(lambda shown: len(shown.items) == 3)

    assert slack.told[3] == ("resolved", "The database does not answer")
    assert {each.alert.key: str(each.alert.state) for each in shown.items} == {
        "database": "resolved",
        "halt/global": "open",
        f"halt-unconfirmed/{HALT}": "open",
    }


# -- trying a channel -----------------------------------------------------------------------------


async def test_a_test_says_whether_it_gets_through(database: Database, start: START) -> None:
    slack = Recorder("slack")
    host = await start(way(slack))

    assert await host.ref.ask(TryChannel(name="slack", by="ana")) is None
    slack.down = fault("slack")
    assert await host.ref.ask(TryChannel(name="slack", by="ana")) == "503"
    with pytest.raises(UnknownChannelError):
        await host.ref.ask(TryChannel(name="fax", by="ana"))
    assert [notice for notice, _ in slack.told] == ["raised", "resolved"]
    assert {title for _, title in slack.told} == {"A test of this channel"}
