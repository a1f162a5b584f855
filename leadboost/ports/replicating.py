"""Ports of a copy elsewhere: what goes there, and how far it is. Calls end by their own deadline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol
from uuid import UUID

from leadboost.messages.scout import StoredSignal
from leadboost.ports.journal import Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document, and what is to become of it. ``key`` is its identity within ``collection``.

    ``create``: of equal keys the first stands. ``update``: ``fields`` replace those of the same names where
    the document stands, and nothing else of it. ``delete``: it is gone, whether it stood or not.

    ``fields`` hold None, bool, int, float, text, bytes, aware datetimes, and lists and mappings of these.
    """

    collection: str
    key: str
    fields: Mapping[str, object]
    change: Literal["create", "update", "delete"] = "create"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of one document; ``kind`` is the service's word for what was wrong, in lower case.

    ``done``: it is as was asked for. ``present``: it stood there already, or there was none to update.
    ``refused``: it will never be taken. ``busy``: the service asks for
    another try. ``failed``: so it does, and the fault may be this document's.
    """

    outcome: Literal["done", "present", "refused", "busy", "failed"]
    kind: str = ""


class Replica(Protocol):
    """A place elsewhere that takes documents."""

    @property
    def name(self) -> str:
        """The connector's name, for example ``firestore``."""
        ...

    @property
    def destination(self) -> str:
        """Where documents go, in the service's own notation: progress is kept for each destination."""
        ...

    async def write(self, documents: Sequence[Document]) -> Sequence[Written]:
        """Do what each says; one outcome for each, in order. Raises ReplicaError."""
        ...

    async def sign(self, progress: "ReplicaProgress") -> None:
        """Overwrite the one document that tells how far the copy is. Raises ReplicaError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaProgress:
    """What is settled at ``destination``: all events of journal ``epoch`` up to ``offset``.

    ``documents`` were created there; ``left_out`` counts by kind those that were not.
    """

    destination: str
    epoch: str
    offset: int = 0
    documents: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


class ReplicaStore(Protocol):
    """``replicas``."""

    async def load(self, destination: str) -> ReplicaProgress | None:
        """Return what was saved last, or None."""
        ...

    async def save(self, progress: ReplicaProgress, lease: Lease) -> None:
        """Upsert on the destination. Raises LeaseLostError."""
        ...


class SignalReader(Protocol):
    """``raw_signals``, to read."""

    async def read(self, ids: Sequence[UUID]) -> Mapping[UUID, StoredSignal]:
        """The signals of these ids, as far as they still stand."""
        ...
