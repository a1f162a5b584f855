"""Items taken in: each is validated by itself and cleaned, and what is new is stored once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from leadboost.clock import Clock, Rng, uuid7
from leadboost.domain.radar.cleaning import Cleaner
from leadboost.domain.radar.policy import Policy
from leadboost.domain.signal import content_hash
from leadboost.domain.signal_intake import read_signal
from leadboost.errors import InputError, StoreDataError
from leadboost.messages.events import EventsCommitted, SignalsStored
from leadboost.messages.scout import DecideSignal, SignalRejection, SignalsHeard, StoredSignal
from leadboost.ports import KnowledgeStore, NewSignal, SignalStore
from leadboost.runtime import Topic

CHUNK = 100  # validating and cleaning them takes about 10 ms, a pause that no sale notices
CHUNK_CHARS = 50_000  # and so do as many characters


class SignalIntake:
    """Raw items in, counts out; stores what is new, with its reason where it is rejected, and says so."""

    def __init__(
        self,
        *,
        signals: SignalStore,
        knowledge: KnowledgeStore,
        policy: Policy,
        committed: Topic[EventsCommitted],
        stored: Topic[SignalsStored],
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._signals = signals
        self._knowledge = knowledge
        self._policy = policy
        self._cleaner: Cleaner | None = None
        self._committed = committed
        self._stored = stored
        self._clock = clock
        self._rng = rng

    async def hear(self, items: Sequence[Mapping[str, object]]) -> SignalsHeard:
        """Validate, clean, de-duplicate and store. Raises StoreError.

        What cleaning rejects counts as rejected, and is stored all the same.
        """
        cleaner = await self._informed()
        accepted = 0
        rejected: list[SignalRejection] = []
        for start, chunk in _chunks(items):
            fresh = self._validate(chunk, start, rejected)
            findings = cleaner.clean([new.signal for new in fresh.values()])
            cleaned = {
                index: replace(new, finding=finding)
                for (index, new), finding in zip(fresh.items(), findings, strict=True)
            }
            accepted += await self._keep(cleaned, rejected)
        rejected.sort(key=lambda rejection: rejection.index)
        duplicates = len(items) - accepted - len(rejected)
        return SignalsHeard(accepted=accepted, duplicates=duplicates, rejected=tuple(rejected))

    async def decide(self, decision: DecideSignal) -> StoredSignal | None:
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
            self._cleaner = Cleaner(self._policy, knowledge)
        return self._cleaner

    def _validate(
        self, items: Sequence[object], start: int, rejected: list[SignalRejection]
    ) -> dict[int, NewSignal]:
        """Return the valid ones by index, of equal contents the first alone."""
        fresh: dict[int, NewSignal] = {}
        hashes: set[bytes] = set()
        now = self._clock.now()
        for index, item in enumerate(items, start):
            try:
                signal = read_signal(item, now=now)
            except InputError as error:
                rejected.append(SignalRejection(index=index, reason=str(error)))
                continue
            digest = content_hash(signal)
            if digest not in hashes:
                hashes.add(digest)
                fresh[index] = NewSignal(id=uuid7(self._clock, self._rng), content_hash=digest, signal=signal)
        return fresh

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
            return 0
        ids = set(saved)
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


def _chunks(items: Sequence[Mapping[str, object]]) -> Iterator[tuple[int, Sequence[object]]]:
    """Cut into pieces that are short to work on, each with the index of its first item."""
    start, chars = 0, 0
    for index, item in enumerate(items):
        chars += _chars(item)
        if index > start and (index - start >= CHUNK or chars > CHUNK_CHARS):
            yield start, items[start:index]
            start, chars = index, _chars(item)
    if start < len(items):
        yield start, items[start:]


def _chars(item: object) -> int:
    text = item.get("text") if isinstance(item, Mapping) else None
    return len(text) if isinstance(text, str) else 0


def _halves(fresh: Mapping[int, NewSignal]) -> tuple[dict[int, NewSignal], dict[int, NewSignal]]:
    pairs = list(fresh.items())
    middle = len(pairs) // 2
    return dict(pairs[:middle]), dict(pairs[middle:])
