"""Slows down guessing: after a few failures the next attempt has to wait, and never for ever."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from leadboost.clock import Clock

FREE_FAILURES: Final = 5
LONGEST_WAIT_S: Final = 30.0
FORGET_AFTER_S: Final = 900.0
_REMEMBERED: Final = 1024


@dataclass(slots=True)
class _Record:
    failures: int
    failed_at: float


class Attempts:
    """Counts failures per key (who, from where); the wait doubles with each one past the free ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Seconds until the next attempt is looked at; 0 if it is welcome now."""
        record = self._records.get(key)
        if record is None or record.failures < FREE_FAILURES:
            return 0.0
        wait_s = min(2.0 ** min(record.failures - FREE_FAILURES, 10), LONGEST_WAIT_S)
        return max(record.failed_at + wait_s - self._clock.monotonic(), 0.0)

    def failed(self, key: str) -> None:
        """Note a failure."""
        now = self._clock.monotonic()
        record = self._records.get(key)
        fresh = record is None or now - record.failed_at > FORGET_AFTER_S
        failures = 1 if record is None or fresh else record.failures + 1
        self._records[key] = _Record(failures, now)
        self._records.move_to_end(key)
        if len(self._records) > _REMEMBERED:
            self._records.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget the failures."""
        self._records.pop(key, None)
