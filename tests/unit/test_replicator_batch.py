from leadboost.actors.replicator.batch import TRIES, Batch
from leadboost.ports import Document, ReplicaProgress, Written

CREATED, PRESENT, BUSY = Written(outcome="created"), Written(outcome="present"), Written(outcome="busy")
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
