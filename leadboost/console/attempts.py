"""Slows down guessing: after a few failures the next attempt has to wait, and never for ever."""

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final, TypeAlias

from leadboost.clock import Clock
from leadboost.console.problems import ProblemError
from leadboost.errors import StoreError

FREE_FAILURES: Final = 5
FREE_FAILURES_OF_NETWORK: Final = 20
LONGEST_WAIT_S: Final = 30.0
FORGET_AFTER_S: Final = 900.0
FAILURES_OF_NAME: Final = 100
ONE_MORE_AFTER_S: Final = 6.0
_REMEMBERED: Final = 4096


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


class Budget:
    """A hundred failures per key, and one more every six seconds (a leaky bucket).

    One network that keeps failing is slowed down below that rate, so that it alone cannot use it up.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Seconds until the next attempt is looked at; 0 if it is welcome now."""
        full_in_s = self._full_at.get(key, 0.0) - self._clock.monotonic()
        return max(full_in_s - (FAILURES_OF_NAME - 1) * ONE_MORE_AFTER_S, 0.0)

    def failed(self, key: str) -> None:
        """Note a failure."""
        self._full_at[key] = max(self._full_at.get(key, 0.0), self._clock.monotonic()) + ONE_MORE_AFTER_S
        self._full_at.move_to_end(key)
        if len(self._full_at) > _REMEMBERED:
            self._full_at.popitem(last=False)

    def withdrawn(self, key: str) -> None:
        """Take one failure back."""
        if key in self._full_at:
            self._full_at[key] -= ONE_MORE_AFTER_S


_Counts: TypeAlias = Sequence[tuple[Attempts | Budget, str]]


class SignInAttempts:
    """Counts failed sign-ins per account and network, per network, and loosely per account.

    A browser that has signed in to the account before is counted by itself: whoever else guesses, and
    from wherever, its owner gets in (OWASP, Slow Down Online Guessing Attacks with Device Cookies).
    """

    def __init__(self, clock: Clock) -> None:
        self._pairs = Attempts(clock)
        self._networks = Attempts(clock, FREE_FAILURES_OF_NETWORK)
        self._names = Budget(clock)
        self._devices = Attempts(clock)

    @contextmanager
    def counted(self, name: str, address: str | None, device: str | None = None) -> Iterator[None]:
        """Look at one attempt in the block, which raises ProblemError 401 for a wrong secret.

        ``device`` tells apart the browsers that have signed in to this account. An attempt counts as a
        failure while it lasts, so that attempts sent at once are no way around the wait; a success takes
        that back, and so does a fault of ours. Raises ProblemError 429 instead while an attempt has to
        wait; that one counts for nothing.
        """
        own, shared = self._counts(name, _network(address), device)
        counts: _Counts = (own, *shared)
        if wait_s := max(each.wait_s(key) for each, key in counts):
            raise _too_many(wait_s)
        for each, key in counts:
            each.failed(key)
        try:
            yield
        except (ProblemError, StoreError) as error:
            if not isinstance(error, ProblemError) or error.status != 401:
                _withdraw(counts)
            raise
        own[0].succeeded(own[1])
        _withdraw(shared)

    def _counts(self, name: str, network: str, device: str | None) -> tuple[tuple[Attempts, str], _Counts]:
        """What only this caller's failures count to, and what those of others do too."""
        if device is not None:
            return (self._devices, device), ()
        pair = f"{name}\x00{network}"
        return (self._pairs, pair), ((self._networks, network), (self._names, name))


def _withdraw(counts: _Counts) -> None:
    for each, key in counts:
        each.withdrawn(key)


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
