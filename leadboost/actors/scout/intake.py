"""Items taken in: each is validated by itself and cleaned, and what is new is stored once."""

import asyncio
import math
from collections.abc import AsyncIterator, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, assert_never, cast
from uuid import UUID

from leadboost.clock import Clock, Rng, uuid7s
from leadboost.domain.pseudonym import Pseudonyms
from leadboost.domain.radar.cleaning import Cleaner, Finding
from leadboost.domain.radar.policy import Policy
from leadboost.domain.radar.tally import ACCEPTED, DUPLICATE, INVALID, IntakeTally, reason_word
from leadboost.domain.radar.topic import Topic as WatchedTopic
from leadboost.domain.signal import Signal, content_hash
from leadboost.domain.signal_intake import read_signal
from leadboost.errors import ActorError, InputError, StoreDataError, WorkLimitError
from leadboost.messages.events import EventsCommitted, SignalsStored
from leadboost.messages.scout import (
    DecideSignal,
    HearSignals,
    ListTopics,
    ReplaceTopics,
    SignalRejection,
    SignalsHeard,
    StoredSignal,
)
from leadboost.ports import KnowledgeStore, NewSignal, SignalStore
from leadboost.runtime import Topic

CHUNK, CHUNK_CHARS = 250, 250_000  # what one transaction stores
AT_ONCE, ANSWERS_AT_ONCE = 2, 128
SOURCE_CHARS = 64
SLICE, SLICE_CHARS = 40, 25_000  # validating and cleaning so many takes about 2 ms, which no sale notices

Asked = HearSignals | DecideSignal | ListTopics | ReplaceTopics
"""What others ask about signals."""
Answer = SignalsHeard | StoredSignal | Sequence[WatchedTopic] | None


class SignalIntake:
    """Raw items in, counts out; stores what is new, with its reason where it is rejected, and says so."""

    def __init__(
        self,
        *,
        signals: SignalStore,
        knowledge: KnowledgeStore,
        policy: Policy,
        pseudonyms: Pseudonyms,
        committed: Topic[EventsCommitted],
        stored: Topic[SignalsStored],
        tally: IntakeTally,
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._signals = signals
        self._knowledge = knowledge
        self._policy = policy
        self._pseudonyms = pseudonyms
        self._cleaner: Cleaner | None = None
        self._committed = committed
        self._stored = stored
        self._tally = tally
        self._clock = clock
        self._rng = rng
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._answers = 0

    def answering(self, asked: Asked, *, until: float) -> Coroutine[Any, Any, Answer]:
        """Begin an answer, unless too many are under way: they must not take up the room of polls.

        Its turn never comes after ``until`` on the monotonic clock: whoever asked has left then. Raises
        WorkLimitError at once; the work raises StoreError, ActorError.
        """
        if self._answers >= ANSWERS_AT_ONCE:
            raise WorkLimitError("scout", ANSWERS_AT_ONCE)
        self._answers += 1
        return self._counted(asked, until)

    async def _counted(self, asked: Asked, until: float) -> Answer:
        try:
            return await self._answer(asked, until)
        finally:
            self._answers -= 1

    async def _answer(self, asked: Asked, until: float) -> Answer:
        match asked:
            case HearSignals(items=items):
                return await self.hear(items, until=until)
            case DecideSignal():
                async with self._turn(until):
                    return await self._decide(asked)
            case ListTopics():
                return (await self._knowledge.knowledge(None)).topics
            case ReplaceTopics(topics=topics, by=by):
                return await self._knowledge.replace_topics(topics, by=by)
            case _:
                assert_never(asked)

    async def hear(self, items: Sequence[Mapping[str, object]], *, until: float = math.inf) -> SignalsHeard:
        """Validate, clean, de-duplicate and store. Raises StoreError, and ActorError after ``until``.

        What cleaning rejects counts as rejected, and is stored all the same.
        """
        async with self._turn(until):
            return await self._hear(items)

    @asynccontextmanager
    async def _turn(self, until: float) -> AsyncIterator[None]:
        """Two at once, so that one is cleaned while the other is stored; more would wait for one another in
        the database until its deadlines passed."""
        async with self._turns:
            if self._clock.monotonic() > until:
                raise ActorError("nobody waits for this answer any more")
            yield

    async def _hear(self, items: Sequence[Mapping[str, object]]) -> SignalsHeard:
        cleaner = await self._informed()
        accepted = 0
        ready: dict[int, NewSignal] = {}
        rejected: list[SignalRejection] = []
        for start, chunk in _chunks(items, CHUNK, CHUNK_CHARS):
            kept, ready = await self._at_once(
                self._keep(ready, rejected), self._prepare(chunk, start, cleaner, rejected)
            )
            accepted += kept
        accepted += await self._keep(ready, rejected)
        rejected.sort(key=lambda rejection: rejection.index)
        duplicates = len(items) - accepted - len(rejected)
        return SignalsHeard(accepted=accepted, duplicates=duplicates, rejected=tuple(rejected))

    async def _at_once(
        self, keeping: Coroutine[Any, Any, int], preparing: Coroutine[Any, Any, dict[int, NewSignal]]
    ) -> tuple[int, dict[int, NewSignal]]:
        """Work on the next chunk while the database stores the last one."""
        kept, prepared = await asyncio.gather(keeping, preparing, return_exceptions=True)
        for result in (kept, prepared):
            if isinstance(result, BaseException):
                raise result
        return cast(int, kept), cast(dict[int, NewSignal], prepared)

    async def _decide(self, decision: DecideSignal) -> StoredSignal | None:
        """Carry out a person's decision, and say so. Raises StoreError."""
        decided = await self._knowledge.decide(decision)
        if decided is not None:
            self._committed.publish(EventsCommitted())
            if decided.state == "pending":
                self._stored.publish(SignalsStored(count=1))
        return decided

    async def _informed(self) -> Cleaner:
        """Clean by what is taught at this moment, on whichever host."""
        known = None if self._cleaner is None else self._cleaner.knowledge
        knowledge = await self._knowledge.knowledge(known)
        if self._cleaner is None or knowledge is not known:
            self._cleaner = Cleaner(self._policy, knowledge, self._pseudonyms)
        return self._cleaner

    async def _prepare(
        self, items: Sequence[object], start: int, cleaner: Cleaner, rejected: list[SignalRejection]
    ) -> dict[int, NewSignal]:
        """Validate and clean in slices, between which others have the loop; returns what is to be stored, by
        index, of equal contents the first alone."""
        ready: dict[int, NewSignal] = {}
        hashes: set[bytes] = set()
        for offset, part in _chunks(items, SLICE, SLICE_CHARS):
            valid = self._validate(part, start + offset, rejected)
            new = {digest: each for digest, each in valid.items() if digest not in hashes}
            again = valid.keys() & hashes
            self._tally.note((valid[digest][1].source, DUPLICATE) for digest in again)
            hashes |= new.keys()
            ready |= self._clean(new, cleaner)
            await asyncio.sleep(0)
        return ready

    def _validate(
        self, items: Sequence[object], start: int, rejected: list[SignalRejection]
    ) -> dict[bytes, tuple[int, Signal]]:
        """Return the valid ones with their index by content hash, of equal contents the first alone."""
        valid: dict[bytes, tuple[int, Signal]] = {}
        now = self._clock.now()
        for index, item in enumerate(items, start):
            try:
                signal = read_signal(item, now=now)
            except InputError as error:
                rejected.append(SignalRejection(index=index, reason=str(error)))
                self._tally.note([(_source(item), INVALID)])
            else:
                here = index, signal
                if valid.setdefault(content_hash(signal), here) is not here:
                    self._tally.note([(signal.source, DUPLICATE)])
        return valid

    def _clean(self, valid: Mapping[bytes, tuple[int, Signal]], cleaner: Cleaner) -> dict[int, NewSignal]:
        """Return what is to be stored, by index."""
        findings = cleaner.clean([signal for _, signal in valid.values()])
        ids = uuid7s(self._clock, self._rng, len(valid))
        return {
            index: self._new(id_, signal, digest, finding)
            for id_, (digest, (index, signal)), finding in zip(ids, valid.items(), findings, strict=True)
        }

    def _new(self, id_: UUID, signal: Signal, digest: bytes, finding: Finding) -> NewSignal:
        """From here on nobody knows the author's name."""
        author = signal.author and self._pseudonyms.author(signal.author)
        return NewSignal(
            id=id_,
            content_hash=digest,
            signal=signal if author is None else replace(signal, author=author),
            finding=finding,
            item=self._pseudonyms.item(signal.source, signal.external_id),
        )

    async def _keep(self, fresh: Mapping[int, NewSignal], rejected: list[SignalRejection]) -> int:
        """Store and tell; returns how many were new and worth hearing. What the database refuses is rejected
        alone."""
        try:
            saved: Sequence[UUID] = await self._signals.save_raw_signal(*fresh.values()) if fresh else ()
        except StoreDataError as error:
            if len(fresh) > 1:
                first, second = _halves(fresh)
                return await self._keep(first, rejected) + await self._keep(second, rejected)
            rejected += [SignalRejection(index=index, reason=f"signal: {error}") for index in fresh]
            self._tally.note((new.signal.source, INVALID) for new in fresh.values())
            return 0
        ids = set(saved)
        self._tally.note((new.signal.source, _fate(new, ids)) for new in fresh.values())
        poor = [
            SignalRejection(index=index, reason=new.finding.reason)
            for index, new in fresh.items()
            if new.finding.reason is not None and new.id in ids
        ]
        rejected += poor
        accepted = len(ids) - len(poor)
        if saved:
            self._committed.publish(EventsCommitted())
        if accepted:
            self._stored.publish(SignalsStored(count=accepted))
        return accepted


def _chunks(items: Sequence[object], most: int, most_chars: int) -> Iterator[tuple[int, Sequence[object]]]:
    """Cut into pieces that are short to work on, each with the index of its first item."""
    start, chars = 0, 0
    for index, item in enumerate(items):
        length = _chars(item)
        if index > start and (index - start >= most or chars + length > most_chars):
            yield start, items[start:index]
            start, chars = index, 0
        chars += length
    if start < len(items):
        yield start, items[start:]


def _fate(new: NewSignal, ids: Collection[UUID]) -> str:
    if new.id not in ids:
        return DUPLICATE
    return ACCEPTED if new.finding.reason is None else reason_word(new.finding.reason)


def _source(item: object) -> str:
    source = item.get("source") if isinstance(item, dict) else None
    return source.strip().lower()[:SOURCE_CHARS] if isinstance(source, str) else ""


def _chars(item: object) -> int:
    text = item.get("text") if isinstance(item, dict) else None
    return len(text) if isinstance(text, str) else 0


def _halves(fresh: Mapping[int, NewSignal]) -> tuple[dict[int, NewSignal], dict[int, NewSignal]]:
    pairs = list(fresh.items())
    middle = len(pairs) // 2
    return dict(pairs[:middle]), dict(pairs[middle:])
