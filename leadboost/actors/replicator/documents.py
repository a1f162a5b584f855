"""Journal events as documents."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from leadboost.messages.journal import JournalEvent
from leadboost.messages.scout import StoredSignal
from leadboost.ports import Document

SIGNAL = "signal.accepted"
FORGOTTEN = "signal.forgotten"
MODEL = frozenset({"model.trained", "model.rolled_back"})


def signal_ids(events: Sequence[JournalEvent]) -> dict[int, UUID]:
    """By offset, the ids of the signals that were accepted."""
    return {event.offset: UUID(str(event.data["id"])) for event in events if event.kind == SIGNAL}


def signal_document(stored: StoredSignal, event: JournalEvent) -> Document:
    """The signal as it stands now, whole.

    Its identity is its own: neither a journal begun anew nor a person who accepts it again makes a twin.
    """
    signal, echo = stored.signal, stored.cluster
    fields: dict[str, object] = {
        "id": str(stored.id),
        "source": signal.source,
        "external_id": signal.external_id,
        "title": signal.title,
        "text": signal.text,
        "url": signal.url,
        "author": signal.author,
        "published_at": signal.published_at,
        "engagement": signal.engagement,
        "extra": signal.extra,
        "state": stored.state,
        "reason": stored.reason,
        "heard_at": stored.heard_at,
        "language": stored.language,
        "topics": stored.topics,
        "spam": stored.spam,
        "cluster": echo and {**asdict(echo), "id": str(echo.id)},
        "decided_by": stored.decided_by,
    }
    return Document(collection="signals", key=f"signal/{stored.id}", fields=fields | _origin(event))


def forgotten_ids(event: JournalEvent) -> list[UUID]:
    """The ids of the signals that an event says were forgotten, in part or whole; none of any other event."""
    ids = event.data.get("ids") if event.kind == FORGOTTEN else None
    return [UUID(str(each)) for each in ids] if isinstance(ids, list) else []


def forgotten_document(id_: UUID, stored: StoredSignal | None) -> Document:
    """What is left of a signal: the document is gone with it, or tells no more of a person than it does."""
    if stored is None:
        return Document(collection="signals", key=f"signal/{id_}", fields={}, change="delete")
    signal = stored.signal
    fields: dict[str, object] = {
        "title": signal.title,
        "text": signal.text,
        "url": signal.url,
        "author": signal.author,
        "extra": signal.extra,
    }
    return Document(collection="signals", key=f"signal/{id_}", fields=fields, change="update")


def model_document(event: JournalEvent) -> Document:
    """What the journal tells of a model version."""
    key = f"{event.kind}/{event.epoch}/{event.offset}"
    return Document(collection="models", key=key, fields={**event.data, "kind": event.kind} | _origin(event))


def _origin(event: JournalEvent) -> dict[str, object]:
    return {"journal": {"epoch": event.epoch, "offset": event.offset, "at": event.at}}
