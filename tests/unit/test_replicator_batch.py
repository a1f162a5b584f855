from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from leadboost.actors.replicator.batch import DOCUMENTS, TRIES, Batch, read_batch
from leadboost.domain.signal import Signal
from leadboost.messages.journal import EventsPage, JournalEvent
from leadboost.messages.scout import StoredSignal
from leadboost.ports import Document, ReplicaProgress, Written

CREATED, PRESENT, BUSY = Written(outcome="done"), Written(outcome="present"), Written(outcome="busy")
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)
FAILED = Written(outcome="failed", kind="internal")
REFUSED = Written(outcome="refused", kind="invalid_argument")


def batch(*keys: str) -> Batch:
    documents = [Document(collection="signals", key=key, fields={}) for key in keys]
    return Batch(epoch="e", offset=9, documents=documents, left_out={"deleted": 1})


def keys(batch: Batch) -> list[str]:
    return [each.key for each in batch.documents]


def test_only_what_is_not_settled_is_written_again() -> None:
    after = batch("a", "b", "c", "d", "e").after([CREATED, BUSY, PRESENT, REFUSED, FAILED])

    assert keys(after) == ["b", "e"]
    assert (after.written, after.left_out) == (2, {"deleted": 1, "invalid_argument": 1})


def test_a_document_that_fails_again_and_again_is_left_out_and_no_longer_holds_up_the_rest() -> None:
    left = batch("poison")
    for _ in range(TRIES - 1):
        left = left.after([FAILED])
    assert keys(left) == ["poison"]

    left = left.after([FAILED])

    assert keys(left) == []
    assert left.left_out == {"deleted": 1, "internal": 1}


def test_a_document_is_never_given_up_while_the_service_is_busy() -> None:
    left = batch("a", "b")
    for _ in range(3 * TRIES):
        left = left.after([FAILED, BUSY])

    assert keys(left) == ["a", "b"]


def test_a_settled_batch_moves_the_offset_and_adds_to_the_counts() -> None:
    before = ReplicaProgress(destination="d", epoch="e", offset=5, documents=10, left_out={"deleted": 2})

    after = batch("a", "b").after([CREATED, PRESENT]).added_to(before)

    assert after == ReplicaProgress(
        destination="d", epoch="e", offset=9, documents=12, left_out={"deleted": 3}
    )


def test_what_is_to_be_forgotten_is_never_given_up() -> None:
    gone = Document(collection="signals", key="gone", fields={}, change="delete")
    left = Batch(epoch="e", offset=9, documents=[gone])
    for _ in range(3 * TRIES):
        left = left.after([FAILED])

    assert keys(left) == ["gone"]
    assert (left.after([CREATED]).written, left.after([CREATED]).documents) == (0, [])


class Signals:
    """None stands but those named."""

    def __init__(self, *standing: UUID) -> None:
        self._standing = standing

    async def read(self, ids: Sequence[UUID]) -> Mapping[UUID, StoredSignal]:
        return {id_: stored(id_) for id_ in ids if id_ in self._standing}


def stored(id_: UUID) -> StoredSignal:
    signal = Signal(source="x", external_id="1", text="")
    return StoredSignal(id=id_, seq=1, signal=signal, state="processed", reason=None, heard_at=AT)


def event(offset: int, kind: str, **data: object) -> JournalEvent:
    return JournalEvent(epoch="e", offset=offset, kind=kind, at=AT, data=data)


def page(*events: JournalEvent) -> EventsPage:
    return EventsPage(epoch="e", offset=events[-1].offset, recovered=True, events=events)


async def test_what_is_forgotten_is_deleted_and_what_still_stands_is_updated() -> None:
    told = event(4, "signal.forgotten", ids=[str(ONE), str(TWO)])

    made = await read_batch(page(told), Signals(ONE))

    assert [(each.key, each.change) for each in made.documents] == [
        (f"signal/{ONE}", "update"),
        (f"signal/{TWO}", "delete"),
    ]
    assert made.offset == 4


async def test_a_signal_is_not_created_and_changed_in_one_batch() -> None:
    accepted = event(1, "signal.accepted", id=str(ONE))
    forgotten = event(2, "signal.forgotten", ids=[str(ONE)])

    made = await read_batch(page(accepted, forgotten), Signals(ONE))

    assert ([each.change for each in made.documents], made.offset) == (["create"], 1)


async def test_a_batch_of_forgotten_signals_stays_small() -> None:
    events = [
        event(number, "signal.forgotten", ids=[str(UUID(int=1000 * number + n)) for n in range(100)])
        for number in range(1, 9)
    ]

    made = await read_batch(page(*events), Signals())

    assert (len(made.documents), made.offset) == (DOCUMENTS, 5)
