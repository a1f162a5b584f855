"""Items taken in: each is validated by itself, and what is new is stored once."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from leadboost.clock import Clock, Rng, uuid7
from leadboost.domain.signal import content_hash
from leadboost.domain.signal_intake import read_signal
from leadboost.errors import InputError, StoreDataError
from leadboost.messages.events import EventsCommitted, SignalsStored
from leadboost.messages.scout import SignalRejection, SignalsHeard
from leadboost.ports import NewSignal, SignalStore
from leadboost.runtime import Topic

CHUNK = 100  # validating one takes about 15 ms, a pause that no sale notices


class SignalIntake:
    """Raw items in, counts out; stores what is new, and says so."""

    def __init__(
        self,
        *,
        signals: SignalStore,
        committed: Topic[EventsCommitted],
        stored: Topic[SignalsStored],
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._signals = signals
        self._committed = committed
        self._stored = stored
        self._clock = clock
        self._rng = rng

    async def hear(self, items: Sequence[Mapping[str, object]]) -> SignalsHeard:
        """Validate, de-duplicate and store. Raises StoreError."""
        accepted = 0
        rejected: list[SignalRejection] = []
        for start in range(0, len(items), CHUNK):
            fresh = self._validate(items[start : start + CHUNK], start, rejected)
            accepted += await self._keep(fresh, rejected)
        rejected.sort(key=lambda rejection: rejection.index)
        duplicates = len(items) - accepted - len(rejected)
        return SignalsHeard(accepted=accepted, duplicates=duplicates, rejected=tuple(rejected))

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
        """Store and tell; returns how many were new. What the database refuses is rejected alone."""
        try:
            stored: Sequence[UUID] = await self._signals.insert(list(fresh.values())) if fresh else ()
        except StoreDataError as error:
            if len(fresh) > 1:
                first, second = _halves(fresh)
                return await self._keep(first, rejected) + await self._keep(second, rejected)
            rejected += [SignalRejection(index=index, reason=f"signal: {error}") for index in fresh]
            return 0
        if stored:
            self._committed.publish(EventsCommitted())
            self._stored.publish(SignalsStored(count=len(stored)))
        return len(stored)


def _halves(fresh: Mapping[int, NewSignal]) -> tuple[dict[int, NewSignal], dict[int, NewSignal]]:
    pairs = list(fresh.items())
    middle = len(pairs) // 2
    return dict(pairs[:middle]), dict(pairs[middle:])
