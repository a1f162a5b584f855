"""The connector and the stand-in of Firestore, held to the contract together."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from leadboost.connectors.firestore.encode import document_id
from leadboost.errors import ReplicaError
from leadboost.ports import Document, ReplicaProgress, Written
from leadboost.runtime.testing import FakeClock
from leadboost.standins.api import Fault
from leadboost.standins.firestore import AccountKey
from leadboost.standins.firestore.access import TOKEN_S
from leadboost.standins.firestore.documents import Write
from leadboost.standins.firestore.status import (
    ABORTED,
    DENIED,
    EXHAUSTED,
    EXISTS,
    FAILED_PRECONDITION,
    INTERNAL,
    INVALID,
    UNAUTHENTICATED,
    UNAVAILABLE,
    StatusError,
)
from tests.contract.firestore_world import FirestoreWorld, documents, fault, firestore_world
from tests.contract.source_cases import NOW, Hours

CREATED, PRESENT = Written(outcome="done"), Written(outcome="present")


@pytest.fixture
def clock() -> FakeClock:
    return Hours(NOW)


@pytest.fixture
async def world(tmp_path: Path, clock: FakeClock) -> AsyncIterator[FirestoreWorld]:
    async with firestore_world(tmp_path, clock) as world:
        yield world


async def error_of(world: FirestoreWorld, *faults: Fault) -> ReplicaError:
    """Write into the faults and return the error, which shows no token."""
    world.server.faults.extend(faults)
    with pytest.raises(ReplicaError) as caught:
        await world.replica.write(documents(2))
    assert "ya29" not in str(caught.value)
    return caught.value


# -- writing --------------------------------------------------------------------------------------


async def test_documents_are_created_under_ids_of_their_own(world: FirestoreWorld) -> None:
    written = await world.replica.write(documents(3))

    assert written == [CREATED] * 3
    assert sorted(each["n"] for each in world.server.collection("lb_signals").values()) == [0, 1, 2]  # type: ignore[type-var]


async def test_writing_again_changes_nothing(world: FirestoreWorld) -> None:
    await world.replica.write(documents(2))
    before = dict(world.server.documents.held)

    written = await world.replica.write(documents(3, text="another"))

    assert written == [PRESENT, PRESENT, CREATED]
    assert {name: world.server.documents.held[name] for name in before} == before


async def test_no_request_holds_more_than_500_documents_or_a_megabyte(world: FirestoreWorld) -> None:
    await world.replica.write([*documents(1_001), *documents(1_010, text="x" * 150_000)[1_001:]])

    assert len(world.statuses) == 4
    assert max(int(each.headers.get("content-length", 0)) for each in world.server.asked) < 1_048_576
    assert len(world.server.collection("lb_signals")) == 1_010


async def test_each_document_gets_its_own_answer(world: FirestoreWorld) -> None:
    await world.replica.write(documents(1))
    codes = dict(
        enumerate([EXISTS, INVALID, FAILED_PRECONDITION, EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE], 1)
    )
    world.server.item_codes.append(codes)

    written = await world.replica.write(documents(9))

    assert [(each.outcome, each.kind) for each in written] == [
        ("present", ""),
        ("present", ""),
        ("refused", "invalid_argument"),
        ("refused", "failed_precondition"),
        ("busy", ""),
        ("busy", ""),
        ("failed", "internal"),
        ("busy", ""),
        ("done", ""),
    ]


async def test_an_update_changes_its_fields_alone_and_makes_no_document(world: FirestoreWorld) -> None:
    await world.replica.write(documents(1))
    (name,) = world.server.collection("lb_signals")
    world.server.documents.held[f"{world.server.root}lb_signals/{name}"].fields["theirs"] = "kept"  # type: ignore[index]

    written = await world.replica.write([changed(each, "update", text="") for each in documents(2)])

    assert written == [CREATED, PRESENT]
    assert world.server.collection("lb_signals") == {name: {"n": 0, "text": "", "theirs": "kept"}}


async def test_an_update_takes_out_what_firestore_cannot_hold(world: FirestoreWorld) -> None:
    await world.replica.write(documents(1))

    await world.replica.write([changed(documents(1)[0], "update", text=[[1]])])

    (fields,) = world.server.collection("lb_signals").values()
    assert (fields["n"], "text" in fields) == (0, False)


async def test_deleting_is_the_same_once_and_again(world: FirestoreWorld) -> None:
    await world.replica.write(documents(3))
    gone = [changed(each, "delete") for each in documents(2)]

    assert await world.replica.write(gone) == [CREATED] * 2
    assert await world.replica.write(gone) == [CREATED] * 2

    assert [each["n"] for each in world.server.collection("lb_signals").values()] == [2]


async def test_deletions_get_their_own_answers(world: FirestoreWorld) -> None:
    await world.replica.write(documents(3))
    world.server.item_codes.append({1: UNAVAILABLE})
    gone = [changed(each, "delete") for each in documents(3)]

    written = await world.replica.write(gone)

    assert [each.outcome for each in written] == ["done", "busy", "done"]
    assert len(world.server.collection("lb_signals")) == 1


def changed(document: Document, change: Literal["update", "delete"], **fields: object) -> Document:
    return replace(document, change=change, fields=fields)


Read = Callable[[object], Write]


def refusing(read: Read, key: str) -> Read:
    """A reader of writes that takes none of the document of this key."""

    def checked(write: object) -> Write:
        found = read(write)
        if found.name.endswith(document_id(key)):
            raise StatusError(INVALID, "told to refuse")
        return found

    return checked


async def test_one_document_that_spoils_the_request_is_refused_alone(
    world: FirestoreWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoiled = Document(collection="signals", key="odd", fields={"text": "fan"})
    good = documents(20)
    monkeypatch.setattr(world.server.documents, "read", refusing(world.server.documents.read, "odd"))

    written = await world.replica.write([*good[:13], spoiled, *good[13:]])

    assert written[13] == Written(outcome="refused", kind="invalid_argument")
    assert [*written[:13], *written[14:]] == [CREATED] * 20


async def test_a_document_that_no_request_can_hold_is_refused_alone(world: FirestoreWorld) -> None:
    odd = Document(collection="signals", key="odd", fields={f"{'n' * 1_400}{n}": 2**70 for n in range(700)})

    written = await world.replica.write([odd, *documents(2)])

    assert written == [Written(outcome="refused", kind="unfit"), CREATED, CREATED]


async def test_what_was_written_before_a_later_request_failed_is_known(world: FirestoreWorld) -> None:
    world.server.faults.extend([Fault(), fault(UNAVAILABLE)])

    written = await world.replica.write(documents(600))

    assert written == [CREATED] * 500 + [Written(outcome="busy")] * 100


async def test_an_answer_that_was_lost_leaves_documents_that_are_there_at_the_next_try(
    world: FirestoreWorld,
) -> None:
    error = await error_of(world, fault(UNAVAILABLE, late=True))

    assert not error.lasting
    assert await world.replica.write(documents(2)) == [PRESENT, PRESENT]


async def test_the_signature_tells_how_far_the_copy_is_by_firestores_own_clock(world: FirestoreWorld) -> None:
    progress = ReplicaProgress(destination="d", epoch="e", offset=7, documents=3, left_out={"deleted": 1})

    await world.replica.sign(progress)
    await world.replica.sign(replace(progress, offset=9))

    signature = world.server.collection("lb_status")["replica"]
    assert (signature["epoch"], signature["offset"], signature["documents"]) == ("e", 9, 3)
    assert signature["left_out"] == {"deleted": 1}
    assert signature["signed_at"] is not None


# -- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "said"),
    [(ABORTED, "409 ABORTED"), (UNAVAILABLE, "503 UNAVAILABLE"), (INTERNAL, "500 INTERNAL")],
)
async def test_trouble_and_contention_are_worth_another_try(
    world: FirestoreWorld, code: int, said: str
) -> None:
    error = await error_of(world, fault(code))

    assert (error.lasting, error.retry_after_s) == (False, None)
    assert said in error.reason


@pytest.mark.parametrize("status", [429, 503, 504])
async def test_the_service_sets_the_time_of_the_next_try(world: FirestoreWorld, status: int) -> None:
    error = await error_of(world, Fault(status=status, headers={"Retry-After": "17"}))

    assert (error.lasting, error.retry_after_s) == (False, 17.0)


async def test_a_service_that_keeps_failing_is_left_alone_for_a_while(world: FirestoreWorld) -> None:
    for _ in range(5):
        await error_of(world, fault(UNAVAILABLE))

    error = await error_of(world)

    assert len(world.statuses) == 5
    assert 29 < (error.retry_after_s or 0) < 34


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (fault(DENIED), "roles/datastore.user"),
        (fault(FAILED_PRECONDITION), "see connectors.firestore (400 FAILED_PRECONDITION)"),
        (Fault(status=302, headers={"Location": "/else"}), "see connectors.firestore (302)"),
    ],
)
async def test_a_denial_lasts_and_says_what_to_do(world: FirestoreWorld, answer: Fault, advice: str) -> None:
    error = await error_of(world, answer)

    assert error.lasting
    assert advice in error.reason


async def test_a_denial_of_single_documents_is_one_of_all(world: FirestoreWorld) -> None:
    world.server.item_codes.append({1: DENIED})

    error = await error_of(world)

    assert error.lasting
    assert "roles/datastore.user" in error.reason


async def test_a_project_that_does_not_exist_is_named_by_its_setting(world: FirestoreWorld) -> None:
    replica = world.replica_of(world.access, project="other-project")

    with pytest.raises(ReplicaError, match=r"connectors\.firestore\.project or \.database") as caught:
        await replica.write(documents(1))

    assert caught.value.lasting


@pytest.mark.parametrize("body", [b"", b"[]", b'{"status": [{}]}', b'{"status": 7}', b"<html>"])
async def test_an_answer_that_is_not_understood_is_worth_another_try(
    world: FirestoreWorld, body: bytes
) -> None:
    error = await error_of(world, Fault(status=200, body=body))

    assert not error.lasting
    assert "something else than expected" in error.reason


async def test_an_address_that_may_not_be_asked_is_named_by_its_setting(world: FirestoreWorld) -> None:
    replica = world.replica_of(world.access_of(base_url="http://10.0.0.1"))

    with pytest.raises(ReplicaError, match=r"connectors\.firestore\.base_url") as caught:
        await replica.write(documents(1))

    assert caught.value.lasting


async def test_a_call_ends_by_its_deadline(world: FirestoreWorld) -> None:
    replica = world.replica_of(world.access_of(timeout_s=0.2))
    await world.replica.write(documents(1))
    world.server.faults.append(Fault(drip=True))

    with pytest.raises(ReplicaError, match="no complete answer in time"):
        await replica.write(documents(1))


# -- the token ------------------------------------------------------------------------------------


async def test_one_token_request_serves_all_who_wait(world: FirestoreWorld) -> None:
    batches = [[each] for each in documents(8)]

    await asyncio.gather(*map(world.replica.write, batches))

    assert world.server.tokens.given == 1


async def test_a_token_is_renewed_five_minutes_before_its_end(
    world: FirestoreWorld, clock: FakeClock
) -> None:
    await world.replica.write(documents(1))
    clock.advance(TOKEN_S - 310)
    await world.replica.write(documents(1))
    given = world.server.tokens.given
    clock.advance(20)

    await world.replica.write(documents(1))

    assert (given, world.server.tokens.given) == (1, 2)
    assert 401 not in world.statuses


async def test_an_ended_token_is_replaced_once_and_the_write_done(world: FirestoreWorld) -> None:
    await world.replica.write(documents(1))
    world.server.tokens.expire()

    written = await world.replica.write(documents(2))

    assert written == [PRESENT, CREATED]
    assert world.statuses == [200, 401, 200]


async def test_a_service_account_that_is_not_accepted_is_not_asked_for_ever(world: FirestoreWorld) -> None:
    error = await error_of(world, fault(UNAUTHENTICATED), fault(UNAUTHENTICATED))

    assert error.lasting
    assert "connectors.firestore.credentials_file" in error.reason
    assert world.statuses == [401, 401]


async def test_a_key_that_was_deleted_is_told_and_a_new_file_takes_effect_by_itself(
    world: FirestoreWorld,
) -> None:
    good = world.key_file.read_text()
    other = await asyncio.to_thread(AccountKey)
    other.write(world.key_file, token_uri=world.server.token_uri)

    error = await error_of(world)
    world.key_file.write_text(good)

    assert error.lasting
    assert "400 invalid_grant" in error.reason
    assert "connectors.firestore.credentials_file" in error.reason
    assert await world.replica.write(documents(1)) == [CREATED]


async def test_a_wrong_clock_gets_no_token_and_the_error_says_so(
    world: FirestoreWorld, clock: FakeClock
) -> None:
    ahead = Hours(NOW)
    ahead.now()
    FakeClock.advance(ahead, 3_600)
    world.access._clock = ahead

    error = await error_of(world)

    assert error.lasting
    assert "clock" in error.reason


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_token_endpoint_in_trouble_is_worth_another_try(world: FirestoreWorld, status: int) -> None:
    world.server.tokens.faults.append(Fault(status=status, headers={"Retry-After": "9"}))

    error = await error_of(world)

    assert (error.lasting, error.retry_after_s) == (False, 9.0)
    assert await world.replica.write(documents(1)) == [CREATED]


def small_key(bits: int) -> str:
    return AccountKey(private=generate_private_key(public_exponent=65_537, key_size=bits)).pem


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("{", "is not a JSON file"),
        ({"type": "authorized_user"}, "is not the key file of a service account"),
        ({"client_email": None}, "holds no client_email"),
        (
            {"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"},
            "no usable private_key",
        ),
        ({"private_key": small_key(1_024)}, "not RSA of 2,048 bits"),
        ({"token_uri": "http://tokens.example/"}, "token_uri that is not an https address"),
    ],
)
async def test_an_unusable_key_file_is_named_by_its_setting_and_shows_nothing_of_itself(
    world: FirestoreWorld, change: str | dict[str, object] | None, reason: str
) -> None:
    held = json.loads(world.key_file.read_text())
    if change is None:
        world.key_file.unlink()
    else:
        world.key_file.write_text(change if isinstance(change, str) else json.dumps(held | change))

    error = await error_of(world)

    assert error.lasting
    assert error.reason.startswith("connectors.firestore.credentials_file ")
    assert reason in error.reason
    assert held["private_key_id"] not in error.reason
    assert world.server.tokens.given == 0
