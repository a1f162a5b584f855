"""The events between two offsets on their way to the copy."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from leadboost.actors.replicator.documents import (
    MODEL,
    forgotten_document,
    forgotten_ids,
    model_document,
    signal_document,
    signal_ids,
)
from leadboost.messages.journal import EventsPage, JournalEvent
from leadboost.ports import Document, ReplicaProgress, SignalReader, Written

TRIES = 20
DOCUMENTS = 500
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
        left_out, written = Counter(self.left_out), self.written
        again: list[Document] = []
        for document, each in zip(self.documents, outcomes, strict=True):
            lasts = document.change != "create" or tries < TRIES  # what is to be forgotten is never given up
            if each.outcome == "busy" or (each.outcome == "failed" and lasts):
                again.append(document)
            elif each.outcome in ("refused", "failed"):
                left_out[each.kind] += 1
            elif document.change == "create":
                written += 1
        return replace(self, documents=again, written=written, left_out=dict(left_out), tries=tries)

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
    """Make documents of the first events of a page that is not empty. A signal that was deleted since is not
    copied."""
    events = _together(page.events)
    ids = signal_ids(events)
    forgotten = [id_ for event in events for id_ in forgotten_ids(event)]
    stored = await signals.read([*ids.values(), *forgotten]) if ids or forgotten else {}
    documents = [
        model_document(event) if event.kind in MODEL else signal_document(stored[ids[event.offset]], event)
        for event in events
        if event.kind in MODEL or ids.get(event.offset) in stored
    ]
    documents += [forgotten_document(id_, stored.get(id_)) for id_ in forgotten]
    once = {each.key: each for each in reversed(documents)}  # Firestore takes no document twice in a batch
    deleted = sum(id not in stored for id in ids.values())
    return Batch(
        epoch=page.epoch,
        offset=events[-1].offset,
        documents=list(reversed(once.values())),
        left_out={DELETED: deleted} if deleted else {},
    )


def _together(events: Sequence[JournalEvent]) -> Sequence[JournalEvent]:
    """As many of these, at least one, as make no more than DOCUMENTS and change no signal that they create:
    a batch is written in no order."""
    created: set[UUID] = set()
    forgotten: set[UUID] = set()
    for place, event in enumerate(events):
        created |= set(signal_ids([event]).values())
        forgotten |= set(forgotten_ids(event))
        if place and (created & forgotten or len(created) + len(forgotten) > DOCUMENTS):
            return events[:place]
    return events
