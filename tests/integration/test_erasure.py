"""What somebody asks to be erased goes, with all that was made of it, and does not come back."""

import asyncio
from typing import Any

import pytest

from leadboost.domain.radar.spam import SpamModel
from leadboost.domain.signal import Signal
from leadboost.messages.retention import EraseSignals
from leadboost.messages.scout import DecideSignal, SignalQuery
from leadboost.store.database import Database
from leadboost.store.erasure import PgErasureStore
from leadboost.store.hearing import PgHearingStore
from leadboost.store.radar import PgKnowledgeStore
from leadboost.store.signals import PgSignalStore
from tests.cleaned import PSEUDONYMS, cleaned
from tests.integration.tables import rows, run
from tests.integration.test_hearing_store import process

LONG = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
def store(database: Database) -> PgErasureStore:
    return PgErasureStore(database, pseudonyms=PSEUDONYMS)


async def hear(
    database: Database, name: str, *, author: str | None = "ada", source: str = "x", text: str | None = None
) -> int:
    """Returns how many signals were stored."""
    signal = Signal(source=source, external_id=name, text=text or f"what {name} says of fans", author=author)
    return len(await PgSignalStore(database).save_raw_signal(*cleaned(signal)))


async def erase(store: PgErasureStore, **asked: Any) -> int:
    return (await store.erase(EraseSignals(by="ana", **asked))).signals


async def left(database: Database) -> list[str]:
    found = (await PgSignalStore(database).page(SignalQuery())).items
    return sorted(each.signal.external_id for each in found)


async def stray_bands(database: Database) -> int:
    query = "SELECT count(*)::int FROM signal_bands WHERE seq NOT IN (SELECT seq FROM raw_signals)"
    ((count,),) = await rows(database, query)
    return int(count)


async def test_a_person_is_erased_in_every_source_by_name(store: PgErasureStore, database: Database) -> None:
    await hear(database, "one")
    await hear(database, "two", source="reddit")
    await hear(database, "other", author="bob")

    assert await erase(store, handle="@Ada") == 2

    assert await left(database) == ["other"]
    assert await stray_bands(database) == 0


async def test_a_person_is_erased_in_one_source_alone_when_told_to(
    store: PgErasureStore, database: Database
) -> None:
    await hear(database, "one")
    await hear(database, "two", source="reddit")

    assert await erase(store, handle="ada", source="reddit") == 1

    assert await left(database) == ["one"]
    assert await hear(database, "three") == 1
    assert await hear(database, "four", source="reddit") == 0


async def test_one_item_is_erased_in_all_its_versions(store: PgErasureStore, database: Database) -> None:
    await hear(database, "one")
    await hear(database, "one", text="the same, edited since")
    await hear(database, "two")

    assert await erase(store, source="x", external_id="one") == 2

    assert await left(database) == ["two"]
    assert await hear(database, "one", text="the same, edited once more") == 0
    assert await hear(database, "one", source="y") == 1


async def test_what_was_erased_does_not_come_back_from_any_poll(
    store: PgErasureStore, database: Database
) -> None:
    await hear(database, "one")
    await erase(store, handle="ada")

    assert await hear(database, "one") == 0
    assert await hear(database, "one", author=None, text="told without its author") == 0
    assert await hear(database, "new", author="ADA") == 0
    assert await hear(database, "other", author="bob") == 1


async def test_who_was_never_heard_can_be_erased_beforehand(
    store: PgErasureStore, database: Database
) -> None:
    assert await erase(store, handle="ada") == 0
    assert await erase(store, source="x", external_id="seven") == 0

    assert await hear(database, "one") == 0
    assert await hear(database, "seven", author="bob") == 0


async def test_events_messages_and_influence_are_forgotten_too(
    store: PgErasureStore, database: Database
) -> None:
    await hear(database, "of-ada")
    await hear(database, "of-bob", author="bob")
    await process(PgHearingStore(database))
    await run(
        database,
        "INSERT INTO dead_letters (id, lane, actor, msg_type, payload_sha, payload_redacted, error, tries)"
        " VALUES (gen_random_uuid(), 'command', 'scout', 'HearSignals', '', 'author: ADA', 'e', 5),"
        " (gen_random_uuid(), 'command', 'scout', 'HearSignals', '', 'author: bob', 'e', 5)",
    )

    await erase(store, handle="@Ada")

    told = (
        "SELECT data ->> 'external_id', data ? 'text' FROM events WHERE kind = 'signal.accepted' ORDER BY seq"
    )
    assert await rows(database, told) == [(None, False), ("of-bob", True)]
    letters = await rows(database, "SELECT payload_redacted FROM dead_letters ORDER BY 1")
    assert letters == [("",), ("author: bob",)]
    assert await rows(database, "SELECT count(DISTINCT voice) FROM hearing_voices WHERE kind = 'source'") == [
        (1,)
    ]


async def test_a_copy_of_what_was_erased_leads_its_cluster(store: PgErasureStore, database: Database) -> None:
    await hear(database, "gone", text=f"{LONG} more")
    await hear(database, "copy", author="bob", text=LONG)

    await erase(store, handle="ada")

    assert await rows(database, "SELECT external_id, is_lead FROM raw_signals") == [("copy", True)]
    assert await stray_bands(database) == 0


async def test_the_spam_score_forgets_what_the_erased_taught_it(
    store: PgErasureStore, database: Database
) -> None:
    await hear(database, "one", text="buy cheap pills")
    (signal,) = (await PgSignalStore(database).page(SignalQuery())).items
    knowledge = PgKnowledgeStore(database)
    await knowledge.decide(DecideSignal(id=signal.id, accept=False, reason=None, by="ana"))
    assert (await knowledge.knowledge(None)).spam.spam == 1

    await erase(store, handle="ada")

    model = (await knowledge.knowledge(None)).spam
    assert (model.spam, model.wanted) == (0, 0)
    assert model.weights == pytest.approx(SpamModel().weights, abs=1e-6)


async def test_a_dry_run_counts_and_changes_nothing(store: PgErasureStore, database: Database) -> None:
    await hear(database, "one")

    assert await erase(store, handle="ada", dry_run=True) == 1

    assert await left(database) == ["one"]
    assert await hear(database, "two") == 1
    assert await rows(database, "SELECT count(*) FROM deletions") == [(0,)]


async def test_the_proof_and_the_audit_log_do_not_say_who_it_was(
    store: PgErasureStore, database: Database
) -> None:
    await hear(database, "one")

    erased = await store.erase(EraseSignals(handle="ada", by="ana"))

    proof = "SELECT id, cause, texts, rows, events, left_over FROM deletions"
    assert await rows(database, proof) == [(erased.id, "request", 1, 1, 1, 0)]
    ((actor, subject, detail),) = await rows(database, "SELECT actor, subject, detail FROM audit_log")
    assert (actor, subject) == ("ana", f"deletion:{erased.id}")
    assert detail == {"found_by": "handle", "source": None, "signals": 1}


async def test_what_is_heard_while_it_is_erased_is_erased_or_refused(
    store: PgErasureStore, database: Database
) -> None:
    hearing = [hear(database, f"item {number}") for number in range(20)]

    await asyncio.gather(*hearing, erase(store, handle="ada"))

    assert await left(database) == []


async def test_the_journal_tells_which_signals_were_forgotten(
    store: PgErasureStore, database: Database
) -> None:
    for number in range(3):
        await hear(database, f"item {number}")
    ids = {str(id_) for (id_,) in await rows(database, "SELECT id FROM raw_signals")}

    await erase(store, handle="ada")

    ((data,),) = await rows(database, "SELECT data FROM events WHERE kind = 'signal.forgotten'")
    assert set(data["ids"]) == ids
