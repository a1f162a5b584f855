from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from leadboost.errors import LeaseLostError
from leadboost.messages.retention import EraseSignals
from leadboost.ports import ReplicaProgress
from leadboost.standins.api import Fault
from leadboost.standins.firestore.status import ABORTED, DENIED, EXHAUSTED, INVALID, UNAVAILABLE
from leadboost.store.database import Database
from leadboost.store.erasure import PgErasureStore
from leadboost.store.leases import PgLeaseStore
from leadboost.store.replicas import PgReplicaStore
from leadboost.store.retention import PgRetentionStore
from tests.cleaned import PSEUDONYMS
from tests.contract.conftest import Show, show
from tests.contract.firestore_world import FirestoreWorld, fault, firestore_world
from tests.integration.replica_world import AT, Dying, Host, happen, hear, new_signals, number
from tests.integration.tables import run

__all__ = ["show"]

ADA = PSEUDONYMS.author("ada")
SIGNALS = 10_000


@pytest.fixture
async def firestore(tmp_path: Path, database: Database) -> AsyncIterator[FirestoreWorld]:
    async with firestore_world(tmp_path, database.clock) as world:
        yield world


@pytest.fixture
async def host(database: Database, firestore: FirestoreWorld) -> AsyncIterator[Host]:
    host = Host(database, firestore.replica)
    yield host
    await host.runtime.close()


def copied(firestore: FirestoreWorld) -> list[str]:
    return [str(each["id"]) for each in firestore.server.collection("lb_signals").values()]


# -- what is copied -------------------------------------------------------------------------------


async def test_an_accepted_signal_is_copied_whole(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    long_text = "Which fan? " * 100
    (signal,) = new_signals(1, text=long_text, author=ADA)
    await hear(database, [signal])
    await host.start()
    await host.until("up to date, 1 documents")

    (document,) = firestore.server.collection("lb_signals").values()
    assert {**document, "journal": None, "heard_at": None} == {
        "id": str(signal.id),
        "source": "reddit.fans",
        "external_id": signal.signal.external_id,
        "title": "Fans",
        "text": long_text,
        "url": None,
        "author": ADA,
        "published_at": AT,
        "engagement": {"score": 12.0},
        "extra": {"subreddit": "fans", "adult": False},
        "state": "pending",
        "reason": None,
        "heard_at": None,
        "language": "en",
        "topics": ["fans"],
        "spam": 0.25,
        "cluster": None,
        "decided_by": None,
        "journal": None,
    }
    assert isinstance(document["heard_at"], datetime)


async def test_what_becomes_of_the_model_is_copied_and_nothing_else_of_the_journal(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await happen(database, "model.trained", version=3, mae=0.25, baseline_mae=None)
    await happen(database, "stock.low", sku="fan")
    await happen(database, "model.rolled_back", **{"from": 3, "to": 2, "reason": "drift", "by": "ana"})
    await host.start()
    await host.until("up to date, 2 documents, offset 3 of 3")

    models = sorted(firestore.server.collection("lb_models").values(), key=lambda each: str(each["kind"]))
    assert [each["kind"] for each in models] == ["model.rolled_back", "model.trained"]
    assert (models[0]["from"], models[0]["by"]) == (3, "ana")
    assert (models[1]["version"], models[1]["mae"], models[1]["baseline_mae"]) == (3, 0.25, None)
    assert cast(Mapping[str, object], models[1]["journal"])["offset"] == 1
    assert len(firestore.server.documents.held) == 2 + 1  # and the signature


async def test_a_signal_that_is_accepted_again_has_one_document(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    (signal,) = await hear(database, new_signals(1))
    await happen(database, "signal.accepted", id=str(signal))
    await host.start()
    await host.until("up to date, 1 documents, offset 3 of 3")
    await happen(database, "signal.accepted", id=str(signal))
    await host.until("offset 4 of 4")

    assert copied(firestore) == [str(signal)]
    assert set(firestore.statuses) == {200}


async def test_copies_of_one_text_tell_their_cluster(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(2))
    await run(database, "UPDATE raw_signals SET cluster = gen_random_uuid(), is_lead = true")
    await host.start()
    await host.until("up to date, 2 documents")

    (first, second) = firestore.server.collection("lb_signals").values()
    clusters = [cast(Mapping[str, object], each["cluster"]) for each in (first, second)]
    assert [(each["size"], each["sources"], each["lead"]) for each in clusters] == [(1, 1, True)] * 2


async def test_what_happens_later_is_copied_too(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(2))
    await host.start()
    await host.until("up to date, 2 documents")

    await hear(database, new_signals(3))
    await host.until("up to date, 5 documents")

    assert len(copied(firestore)) == 5


async def test_a_signal_that_was_deleted_is_not_copied_and_counted(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    kept, deleted = await hear(database, new_signals(2))
    await run(database, f"DELETE FROM raw_signals WHERE id = '{deleted}'")
    await host.start()

    await host.until("up to date, 1 documents")
    assert copied(firestore) == [str(kept)]
    assert host.told[-1].detail == "up to date, 1 documents, offset 3 of 3; left out: 1 deleted"


async def test_a_copied_signal_that_is_deleted_later_is_not_copied_anew(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    (gone,) = await hear(database, new_signals(1))
    await host.start()
    await host.until("up to date, 1 documents")
    await run(database, f"DELETE FROM raw_signals WHERE id = '{gone}'")
    before = dict(firestore.server.documents.created)

    await hear(database, new_signals(1))
    await host.until("up to date, 2 documents")

    created = firestore.server.documents.created
    assert [created[name] for name in before] == list(before.values())


async def test_an_erased_person_is_gone_from_the_copy_too(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(250, author=ADA))
    (kept,) = await hear(database, new_signals(1))
    await host.start()
    await host.until("up to date, 251 documents")
    firestore.server.item_codes.extend([{3: ABORTED, 90: EXHAUSTED}, {0: UNAVAILABLE}])

    erasure = PgErasureStore(database, pseudonyms=PSEUDONYMS)
    assert (await erasure.erase(EraseSignals(handle="ada", by="ana"))).signals == 250
    await number(database)
    await host.until("offset 256 of 256")

    assert copied(firestore) == [str(kept)]


async def test_a_text_that_was_deleted_for_its_age_is_gone_from_the_copy_and_its_numbers_stay(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(1, author=ADA, url="https://x.example"))
    await host.start()
    await host.until("up to date, 1 documents")
    await run(database, "UPDATE raw_signals SET heard_at = now() - interval '31 days'")

    texts, days = timedelta(days=30), timedelta(days=180)
    await PgRetentionStore(database, pseudonyms=PSEUDONYMS, texts=texts, rows=days).delete_old()
    await number(database)
    await host.until("offset 3 of 3")

    (fields,) = firestore.server.collection("lb_signals").values()
    told = [fields[name] for name in ("text", "title", "author", "url", "extra")]
    assert (told, fields["engagement"]) == (["", None, None, None, {}], {"score": 12.0})


async def test_a_copy_that_dies_while_it_deletes_deletes_the_rest_afterwards(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(250, author=ADA))
    await host.start()
    await host.until("up to date, 250 documents")
    await host.runtime.close()
    erasure = PgErasureStore(database, pseudonyms=PSEUDONYMS)
    await erasure.erase(EraseSignals(handle="ada", by="ana"))
    await number(database)

    dying = Dying(firestore.replica, dies_after=[1])
    again = await Host(database, dying, "there").start()
    await again.until("offset 254 of 254")

    assert (copied(firestore), again.restarts) == ([], 1)
    await again.runtime.close()


async def test_a_refused_document_is_left_out_by_kind_and_the_rest_is_copied(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(10))
    firestore.server.item_codes.append({4: INVALID})
    await host.start()

    await host.until("left out: 1 invalid_argument")
    assert len(copied(firestore)) == 9


async def test_the_signature_in_the_copy_is_made_before_the_first_document(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(1))
    await host.start()
    await host.until("up to date, 1 documents")

    verbs = [each.path.rpartition(":")[2] for each in firestore.server.asked if ":" in each.path]
    assert verbs == ["commit", "batchWrite"]


# -- where it goes on -----------------------------------------------------------------------------


async def test_a_restart_goes_on_where_it_had_come_to(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(450))
    await host.start()
    await host.until("up to date, 450 documents")
    await host.runtime.close()
    asked = len(firestore.server.asked)

    again = await Host(database, firestore.replica, "there").start()
    await again.until("up to date, 450 documents")
    await again.runtime.close()

    verbs = [each.path.rpartition(":")[2] for each in list(firestore.server.asked)[asked:]]
    assert "batchWrite" not in verbs


async def test_another_destination_begins_anew(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(3))
    await host.start()
    await host.until("up to date, 3 documents")
    await host.runtime.close()
    elsewhere = firestore.replica_of(firestore.access)
    elsewhere.destination = elsewhere.destination.replace("lb_", "other_")

    again = await Host(database, elsewhere, "there").start()
    await again.until("up to date, 3 documents")
    await again.runtime.close()

    assert len(firestore.server.collection("other_signals")) == 3


async def test_the_offset_is_only_stored_once_everything_before_it_is_settled(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(90))
    firestore.server.item_codes.append({70: ABORTED})
    firestore.server.faults.extend([Fault(), Fault(), *[fault(DENIED)] * 9])
    await host.start()

    await host.until("DEGRADED")

    assert len(copied(firestore)) == 89
    assert await host.progress() is None


async def test_one_host_copies_and_the_other_takes_over_when_it_ends(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(2))
    await host.start()
    await host.until("up to date, 2 documents")
    other = await Host(database, firestore.replica, "there").start()
    await other.until("another host copies")

    await host.runtime.close()
    await hear(database, new_signals(2))
    await other.until("up to date, 4 documents")
    await other.runtime.close()

    assert len(set(copied(firestore))) == len(copied(firestore)) == 4


async def test_a_host_whose_term_is_over_cannot_store_an_offset(database: Database) -> None:
    leases, store = PgLeaseStore(database), PgReplicaStore(database)
    progress = ReplicaProgress(destination="d", epoch="e", offset=1)
    old = await leases.acquire("firestore", "here")
    assert old is not None
    await store.save(progress, old)
    await run(database, "UPDATE leases SET expires_at = '-infinity'")
    assert await leases.acquire("firestore", "there") is not None

    with pytest.raises(LeaseLostError):
        await store.save(ReplicaProgress(destination="d", epoch="e", offset=9), old)

    assert await store.load("d") == progress


# -- what keeps it from going on ------------------------------------------------------------------


async def test_a_denial_degrades_it_says_why_and_leaves_it_alive(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(1))
    firestore.server.faults.append(fault(DENIED))
    await host.start()

    health = await host.until("DEGRADED")

    assert "roles/datastore.user" in (health.detail or "")
    assert (host.restarts, copied(firestore)) == (0, [])


async def test_an_unreadable_key_file_degrades_it_and_names_the_setting(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    firestore.key_file.unlink()
    await host.start()

    health = await host.until("DEGRADED")

    assert health.detail == (
        "connectors.firestore.credentials_file cannot be read (No such file or directory)"
    )


async def test_another_journal_is_not_copied_unless_that_is_set(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(3))
    await host.start()
    await host.until("up to date, 3 documents")
    await host.runtime.close()
    await run(database, "UPDATE journal SET epoch = 'another'")

    stopped = await Host(database, firestore.replica, "there").start()
    health = await stopped.until("DEGRADED")
    await stopped.runtime.close()
    followed = await Host(database, firestore.replica, "here", follow_new_journal=True).start()
    await followed.until("up to date")
    await followed.runtime.close()

    assert "connectors.firestore.follow_new_journal = true" in (health.detail or "")
    assert len(copied(firestore)) == len(set(copied(firestore))) == 3
    progress = await followed.progress()
    assert progress is not None
    assert (progress.epoch, progress.offset) == ("another", 4)


async def test_a_journal_whose_beginning_is_gone_is_not_copied_in_part(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(3))
    await run(database, 'DELETE FROM events WHERE "offset" = 1')
    await host.start()

    assert (await host.until("DEGRADED")).detail == "the beginning of the journal is gone"
    assert copied(firestore) == []


async def test_a_database_that_is_away_makes_it_wait(
    database: Database, firestore: FirestoreWorld, host: Host
) -> None:
    await hear(database, new_signals(1))
    await run(database, "ALTER TABLE replicas RENAME TO hidden")
    await host.start()
    await host.until("WAITING")

    await run(database, "ALTER TABLE hidden RENAME TO replicas")
    await host.until("up to date, 1 documents")

    assert host.restarts == 0


# -- exactly once ---------------------------------------------------------------------------------


def troubles(firestore: FirestoreWorld) -> list[Fault]:
    """One call in three goes wrong: contention, limits with and without a time, outages before and after
    the work, and tokens that end."""

    def end_tokens(body: bytes) -> bytes:
        firestore.server.tokens.expire()
        return body

    round_of = [
        Fault(),
        fault(ABORTED),
        Fault(),
        fault(EXHAUSTED, Retry_After="0"),
        Fault(),
        fault(UNAVAILABLE),
        Fault(mangle=end_tokens),
        fault(UNAVAILABLE, late=True),
        Fault(),
        fault(EXHAUSTED),
        Fault(),
        fault(ABORTED, late=True),
    ]
    return round_of * 8


async def test_ten_thousand_signals_are_copied_once_each_through_every_trouble(
    database: Database, firestore: FirestoreWorld, show: Show
) -> None:
    ids = await hear(database, new_signals(SIGNALS))
    firestore.server.faults.extend(troubles(firestore))
    firestore.server.item_codes.extend([{3: ABORTED, 50: EXHAUSTED, 120: UNAVAILABLE}, {}] * 20)
    replica = Dying(firestore.replica, dies_after=[7, 31])
    first = await Host(database, replica, "first").start()
    await replica.until(20)
    assert first.restarts == 1
    await first.runtime.close()

    second = await Host(database, replica, "second").start()
    await second.until(f"up to date, {SIGNALS:,} documents", within_s=90)
    assert second.restarts == 1
    progress = await second.progress()
    await second.runtime.close()

    found = copied(firestore)
    doubled, missing = len(found) - len(set(found)), len({str(each) for each in ids} - set(found))
    show(
        [
            f"{SIGNALS} signals: {len(found)} documents, doubled {doubled}, missing {missing}, "
            f"refused by kind {dict(progress.left_out) if progress else None}"
        ]
    )
    assert (len(found), doubled, missing) == (SIGNALS, 0, 0)
    assert max(firestore.server.documents.created.values()) == 1
    assert {name for name in firestore.server.documents.overwritten if "status" not in name} == set()
    assert {401, 409, 429, 503} <= set(firestore.statuses)
    assert firestore.server.tokens.given > 5
