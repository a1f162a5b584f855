"""What people teach: topics and decisions, each counted once and seen by every host."""

import asyncio
from uuid import UUID

import pytest

from leadboost.clock import Rng, SystemClock
from leadboost.domain.hearing.passage import hear
from leadboost.domain.radar.cleaning import Knowledge
from leadboost.domain.radar.policy import Policy
from leadboost.domain.radar.spam import MIN_LABELS, Tally, spam_features
from leadboost.domain.radar.topic import Topic
from leadboost.domain.signal import Signal
from leadboost.messages.scout import DecideSignal
from leadboost.ports import NewSignal, Rejections
from leadboost.store.database import Database
from leadboost.store.hearing import PgHearingStore
from leadboost.store.radar import PgKnowledgeStore
from leadboost.store.radar_reports import PgRadarReports
from leadboost.store.signals import PgSignalStore
from tests.cleaned import cleaned
from tests.integration.tables import rows

FANS = Topic(name="fans", terms=("electric fan",), examples=("too hot to sleep",))


@pytest.fixture
def store(database: Database) -> PgKnowledgeStore:
    return PgKnowledgeStore(database)


async def heard(database: Database, text: str = "a text to judge") -> NewSignal:
    (new,) = cleaned(Signal(source="x", external_id=text, text=text))
    await PgSignalStore(database).save_raw_signal(new)
    return new


def accept(new: NewSignal) -> DecideSignal:
    return DecideSignal(id=new.id, accept=True, reason=None, by="ada")


def reject(new: NewSignal, reason: str | None = None) -> DecideSignal:
    return DecideSignal(id=new.id, accept=False, reason=reason, by="ada")


async def labels(store: PgKnowledgeStore) -> tuple[int, int]:
    spam = (await store.knowledge(None)).spam
    return spam.spam, spam.wanted


async def test_nothing_is_known_at_first(store: PgKnowledgeStore) -> None:
    knowledge = await store.knowledge(None)

    assert (knowledge.topics, knowledge.version, await labels(store)) == ((), (0, 0), (0, 0))


async def test_knowledge_stays_the_same_object_until_something_changes(store: PgKnowledgeStore) -> None:
    known = await store.knowledge(None)

    assert await store.knowledge(known) is known
    await store.replace_topics([FANS], by="ada")
    assert (await store.knowledge(known)).version == (1, 0)


async def test_topics_are_replaced_as_a_whole_and_come_back_by_name(store: PgKnowledgeStore) -> None:
    heat = Topic(name="heat", terms=("heat wave",))
    first = await store.replace_topics([heat, FANS], by="ada")

    second = await store.replace_topics([Topic(name="zoo", terms=("zebra",)), FANS], by="ada")

    assert [topic.name for topic in first] == ["fans", "heat"]
    assert [topic.name for topic in second] == ["fans", "zoo"]
    assert second[0] == first[0]  # unchanged, with its date
    assert (await store.knowledge(None)).topics == tuple(second)


async def test_a_rejection_keeps_its_reason_and_teaches(store: PgKnowledgeStore, database: Database) -> None:
    new = await heard(database)

    decided = await store.decide(reject(new, "an advert"))

    assert decided is not None
    assert (decided.state, decided.reason, decided.decided_by) == ("rejected", "operator: an advert", "ada")
    assert await labels(store) == (1, 0)


async def test_the_same_decision_teaches_once_and_a_changed_one_in_its_place(
    store: PgKnowledgeStore, database: Database
) -> None:
    new = await heard(database)

    for decision in (reject(new), reject(new, "again"), accept(new), accept(new)):
        await store.decide(decision)

    assert await labels(store) == (0, 1)


async def test_a_decision_that_is_changed_again_and_again_weighs_like_one(
    store: PgKnowledgeStore, database: Database
) -> None:
    new = await heard(database)
    await store.decide(reject(new))
    once = (await store.knowledge(None)).spam

    for _ in range(5):
        await store.decide(accept(new))
        await store.decide(reject(new))

    spam = (await store.knowledge(None)).spam
    assert (spam.spam, spam.wanted) == (1, 0)
    assert spam.weights == pytest.approx(once.weights, abs=1e-5)
    assert spam.squares == pytest.approx(once.squares, abs=1e-5)


async def test_what_was_heard_and_rejected_is_not_heard_again_when_it_is_accepted(
    store: PgKnowledgeStore, database: Database
) -> None:
    new = await heard(database)
    async with PgHearingStore(database).claim() as claim:
        signals = await claim.fetch_pending_signals(10)
        memory = await claim.remember(signals)
        await claim.mark_as_processed(hear(signals, memory), memory)

    await store.decide(reject(new))
    decided = await store.decide(accept(new))

    assert decided is not None
    assert decided.state == "processed"
    async with PgHearingStore(database).claim() as claim:
        assert await claim.fetch_pending_signals(10) == []


async def test_decisions_of_two_hosts_at_once_are_all_learned(database: Database, dsn: str) -> None:
    other = await Database.open(dsn, clock=SystemClock(), rng=Rng(99))
    signals = [await heard(database, f"text number {number}") for number in range(12)]
    hosts = [PgKnowledgeStore(database), PgKnowledgeStore(other)]

    await asyncio.gather(*(hosts[n % 2].decide(reject(new)) for n, new in enumerate(signals)))
    await asyncio.gather(*(host.decide(reject(signals[0])) for host in hosts))

    assert await labels(hosts[1]) == (12, 0)
    await other.close()


async def test_accepting_what_was_rejected_makes_it_pending_and_says_so(
    store: PgKnowledgeStore, database: Database
) -> None:
    new = await heard(database)
    await store.decide(reject(new))

    decided = await store.decide(accept(new))

    assert decided is not None
    assert (decided.state, decided.reason) == ("pending", None)
    kinds = await rows(database, "SELECT kind FROM events WHERE kind LIKE 'signal.%' ORDER BY seq")
    assert [kind for (kind,) in kinds] == [
        "signal.accepted",
        "signal.decided",
        "signal.decided",
        "signal.accepted",
    ]


async def test_a_decision_on_an_unknown_signal_changes_nothing(store: PgKnowledgeStore) -> None:
    decision = DecideSignal(id=UUID(int=1), accept=False, reason=None, by="ada")

    assert await store.decide(decision) is None
    assert await labels(store) == (0, 0)


async def test_every_host_scores_by_what_was_taught_on_one(database: Database, dsn: str) -> None:
    other = await Database.open(dsn, clock=SystemClock(), rng=Rng(99))
    here = PgKnowledgeStore(database)
    for number in range(MIN_LABELS):
        await here.decide(reject(await heard(database, f"WIN a prize!! Text {number}")))
        await here.decide(accept(await heard(database, f"which fan is quiet, {number}")))

    there: Knowledge = await PgKnowledgeStore(other).knowledge(None)
    await other.close()

    scores = there.spam.scores(spam_features(["WIN a prize!!", "a quiet fan"]))
    assert scores[0] > 0.8 > 0.3 > scores[1]


async def test_every_change_is_in_the_audit_log_with_who_made_it(
    store: PgKnowledgeStore, database: Database
) -> None:
    new = await heard(database)
    await store.replace_topics([FANS], by="ana")
    await store.decide(reject(new, "an advert"))
    await store.decide(accept(new))

    assert await rows(database, "SELECT actor, action, subject, detail FROM audit_log ORDER BY seq") == [
        ("ana", "topics.put", "topics", {"names": ["fans"]}),
        ("ada", "signal.reject", str(new.id), {"reason": "an advert"}),
        ("ada", "signal.accept", str(new.id), {"reason": None}),
    ]


async def test_rejections_are_told_by_source_and_word_with_the_spam_scores_tally(
    store: PgKnowledgeStore, database: Database
) -> None:
    wanted, *advert = [await heard(database, f"text {number} to judge") for number in range(3)]
    await store.decide(accept(wanted))
    for new in advert:
        await store.decide(reject(new, "an advert"))
    await PgSignalStore(database).save_raw_signal(
        *cleaned(Signal(source="y", external_id="1", text="hm"), policy=Policy(min_chars=5))
    )

    report = await PgRadarReports(database).report()

    assert list(report.rejections) == [
        Rejections(source="x", reason="operator", count=2),
        Rejections(source="y", reason="too_short", count=1),
    ]
    assert (report.looked_at, report.since is None) == (3, False)
    assert (report.spam_labels, report.wanted_labels, report.tally) == (2, 1, Tally())
