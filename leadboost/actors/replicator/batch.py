"""The events between two offsets on their way to the copy."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from leadboost.actors.replicator.documents import MODEL, model_document, signal_document, signal_ids
from leadboost.messages.journal import EventsPage
from leadboost.ports import Document, ReplicaProgress, SignalReader, Written

TRIES = 20
DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """``documents`` still have to be written; the others are settled, ``written`` or ``left_out`` by kind.

    ``tries`` tells how often they were written in vain while the service was not busy.
    """

    epoch: str
    offset: int
    documents: Sequence[Document]
    written: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    tries: int = 0

    def after(self, outcomes: Sequence[Written]) -> "Batch":
        """Settle what was written or refused; what failed ``TRIES`` times counts as refused, or it would
        hold up the rest for ever."""
        tries = self.tries + all(each.outcome != "busy" for each in outcomes)
        left_out = Counter(self.left_out)
        again: list[Document] = []
        for document, each in zip(self.documents, outcomes, strict=True):
            if each.outcome == "busy" or (each.outcome == "failed" and tries < TRIES):
                again.append(document)
            elif each.outcome in ("refused", "failed"):
                left_out[each.kind] += 1
        settled = len(self.documents) - len(again) - (left_out.total() - sum(self.left_out.values()))
        return replace(
            self, documents=again, written=self.written + settled, left_out=dict(left_out), tries=tries
        )

    def added_to(self, progress: ReplicaProgress) -> ReplicaProgress:
        """What is settled once this batch is."""
        return replace(
            progress,
            epoch=self.epoch,
            offset=self.offset,
            documents=progress.documents + self.written,
            left_out=dict(Counter(progress.left_out) + Counter(self.left_out)),
        )


async def read_batch(page: EventsPage, signals: SignalReader) -> Batch:
    """Make documents of a page that is not empty. A signal that was deleted since is not copied."""
    ids = signal_ids(page.events)
    stored = await signals.read(list(ids.values())) if ids else {}
    documents = [
        model_document(event) if event.kind in MODEL else signal_document(stored[ids[event.offset]], event)
        for event in page.events
        if event.kind in MODEL or ids.get(event.offset) in stored
    ]
    once = {each.key: each for each in reversed(documents)}  # Firestore takes no document twice in a batch
    deleted = sum(id not in stored for id in ids.values())
    return Batch(
        epoch=page.epoch,
        offset=page.events[-1].offset,
        documents=list(reversed(once.values())),
        left_out={DELETED: deleted} if deleted else {},
    )
