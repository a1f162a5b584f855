"""Slows down guessing: after a few failures the next attempt has to wait, and never for ever."""

import math
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from leadboost.clock import Clock
from leadboost.console.problems import ProblemError
from leadboost.errors import StoreError

FREE_FAILURES: Final = 5
FREE_FAILURES_OF_PEER: Final = 20
LONGEST_WAIT_S: Final = 30.0
FORGET_AFTER_S: Final = 900.0
_REMEMBERED: Final = 1024


@dataclass(slots=True)
class _Record:
    failures: int
    failed_at: float


class Attempts:
    """Counts failures per key (who, from where); the wait doubles with each one past the free ones."""

    def __init__(self, clock: Clock, free: int = FREE_FAILURES) -> None:
        self._clock = clock
        self._free = free
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Seconds until the next attempt is looked at; 0 if it is welcome now."""
        record = self._records.get(key)
        if record is None or record.failures < self._free:
            return 0.0
        wait_s = min(2.0 ** min(record.failures - self._free, 10), LONGEST_WAIT_S)
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

    def withdrawn(self, key: str) -> None:
        """Take one failure back."""
        if (record := self._records.get(key)) is not None:
            record.failures = max(record.failures - 1, 0)


class SignInAttempts:
    """Counts failed sign-ins per account and per address; one address may hide many people."""

    def __init__(self, clock: Clock) -> None:
        self._names = Attempts(clock)
        self._peers = Attempts(clock, FREE_FAILURES_OF_PEER)

    @contextmanager
    def counted(self, name: str, address: str | None) -> Iterator[None]:
        """Look at one attempt in the block, which raises ProblemError 401 for a wrong secret.

        It counts as a failure while it lasts, so that attempts sent at once are no way around the wait;
        a success takes that back, and so does a fault of ours. Raises ProblemError 429 instead while
        an attempt has to wait.
        """
        peer = _network(address)
        if wait_s := max(self._names.wait_s(name), self._peers.wait_s(peer)):
            raise _too_many(wait_s)
        self._names.failed(name)
        self._peers.failed(peer)
        try:
            yield
        except (ProblemError, StoreError) as error:
            if not isinstance(error, ProblemError) or error.status != 401:
                self._names.withdrawn(name)
                self._peers.withdrawn(peer)
            raise
        self._names.succeeded(name)
        self._peers.withdrawn(peer)


def _too_many(wait_s: float) -> ProblemError:
    seconds = math.ceil(wait_s)
    detail = f"Too many attempts have failed. Try again in {seconds} s."
    return ProblemError(429, "too_many_attempts", detail, headers={"Retry-After": str(seconds)})


def _network(address: str | None) -> str:
    """An IPv6 client has at least a /64 to itself, and may change its address within it at will."""
    try:
        peer = ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or ""
    return str(ip_network((peer, 64), strict=False)) if peer.version == 6 else str(peer)
