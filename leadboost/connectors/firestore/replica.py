"""One database as a copy elsewhere."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import orjson

from leadboost.clock import Clock
from leadboost.connectors.client import WebAnswer
from leadboost.connectors.client.aside import run_aside
from leadboost.connectors.client.reading import AnswerError
from leadboost.connectors.firestore.access import FirestoreAccess
from leadboost.connectors.firestore.encode import UnfitError, document_id, encode_value, encode_write
from leadboost.connectors.firestore.fault import NAME, busy, fault_of, fault_of_word
from leadboost.connectors.firestore.parse import LastingError, read_found, read_word, read_written
from leadboost.errors import ReplicaError
from leadboost.ports import Document, ReplicaProgress, Written

WRITES = 500
REQUEST_BYTES = 1_000_000
"""Firestore takes 10 MiB; a body of more than 1 MiB would hold up the loop while it is sent."""
ENCODE_S = 30.0
SIGNATURE = "status/replica"

_OPEN, _CLOSE = b'{"writes":[', b"]}"
_UNFIT = Written(outcome="refused", kind="unfit")
_BUSY = Written(outcome="busy")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    """The JSON of a write; ``place`` is that of its document among those given."""

    place: int
    body: bytes
    change: str


class FirestoreReplica:
    """Documents below ``prefix``, which stands before the name of each collection; see ``ports.Replica``.

    A document is created under an id that follows from its key, on the condition that it does not exist:
    writing it again changes nothing, neither for what was done to it since nor for triggers on new documents.
    It is updated on the condition that it exists, and deleted without one.
    """

    name = NAME

    def __init__(
        self, *, access: FirestoreAccess, clock: Clock, project: str, database: str, prefix: str
    ) -> None:
        self._access = access
        self._clock = clock
        self._documents = f"projects/{project}/databases/{database}/documents"
        self.destination = f"{self._documents}/{prefix}"

    async def write(self, documents: Sequence[Document]) -> Sequence[Written]:
        """Write in requests of at most 500 documents and 1 MB; each document by itself, in no order.

        Where a later request fails, its documents and those after it are ``busy``.
        """
        writes = await self._encode(documents)
        written = dict.fromkeys(range(len(documents)), _UNFIT) | {each.place: _BUSY for each in writes}
        for number, request in enumerate(_requests(writes)):
            try:
                outcomes = await self._send(request)
            except ReplicaError:
                if number == 0:
                    raise
                break
            written |= {each.place: outcome for each, outcome in zip(request, outcomes, strict=True)}
        return list(written.values())

    async def sign(self, progress: ReplicaProgress) -> None:
        """Write ``status/replica``; its time is Firestore's own."""
        fields = {
            "epoch": progress.epoch,
            "offset": progress.offset,
            "documents": progress.documents,
            "left_out": dict(progress.left_out),
        }
        update = {
            "name": self.destination + SIGNATURE,
            "fields": {name: encode_value(value) for name, value in fields.items()},
        }
        transforms = [{"fieldPath": "signed_at", "setToServerValue": "REQUEST_TIME"}]
        body = orjson.dumps({"writes": [{"update": update, "updateTransforms": transforms}]})
        answer = await self._access.post(f"{self._documents}:commit", body)
        if answer.status != 200:
            raise fault_of(answer, now=self._clock.now())

    async def is_signed(self) -> bool:
        """Ask whether a copy was begun here, which changes nothing. Raises ReplicaError."""
        body = orjson.dumps({"documents": [self.destination + SIGNATURE]})
        answer = await self._access.post(f"{self._documents}:batchGet", body)
        if answer.status != 200:
            raise fault_of(answer, now=self._clock.now())
        return read_found(answer.body)

    async def _encode(self, documents: Sequence[Document]) -> Sequence[_Write]:
        """Those that can be written, off the loop: many small values take their time."""
        try:
            async with asyncio.timeout(ENCODE_S):
                return await run_aside(lambda: list(self._writes(documents)))
        except TimeoutError:
            raise busy(f"cannot be written to: encoding took longer than {ENCODE_S:g} s") from None

    def _writes(self, documents: Sequence[Document]) -> Iterator[_Write]:
        for place, document in enumerate(documents):
            name = f"{self.destination}{document.collection}/{document_id(document.key)}"
            with suppress(UnfitError):
                yield _Write(place=place, body=encode_write(name, document), change=document.change)

    async def _send(self, request: Sequence[_Write]) -> Sequence[Written]:
        body = _OPEN + b",".join(each.body for each in request) + _CLOSE
        answer = await self._access.post(f"{self._documents}:batchWrite", body)
        if answer.status == 200:
            return _read(answer, request)
        blamed = _blamed(answer)
        if blamed is None:
            raise fault_of(answer, now=self._clock.now())
        if len(request) == 1:
            return [blamed]
        middle = len(request) // 2  # the one that is wrong is found, and refused alone
        return [*await self._send(request[:middle]), *await self._send(request[middle:])]


def _requests(writes: Sequence[_Write]) -> Iterator[Sequence[_Write]]:
    request: list[_Write] = []
    size = 0
    for each in writes:
        if request and (len(request) == WRITES or size + len(each.body) > REQUEST_BYTES):
            yield request
            request, size = [], 0
        request.append(each)
        size += len(each.body) + 1
    if request:
        yield request


def _blamed(answer: WebAnswer) -> Written | None:
    """What is told of a whole request that one of its writes spoils; None where it is not about a write."""
    match answer.status, read_word(answer.body):
        case 400, "INVALID_ARGUMENT":
            return Written(outcome="refused", kind="invalid_argument")
        case 409, "ALREADY_EXISTS":
            return Written(outcome="present")
    return None


def _read(answer: WebAnswer, request: Sequence[_Write]) -> Sequence[Written]:
    try:
        return read_written(answer.body, [each.change == "update" for each in request])
    except AnswerError as error:
        raise busy(f"answered something else than expected: {error}") from None
    except LastingError as error:
        raise fault_of_word(error.word) from None
