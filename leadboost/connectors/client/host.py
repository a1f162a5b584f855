"""What the client remembers of each host: when it may be asked again, and whether it is failing."""

from collections import OrderedDict, deque
from collections.abc import Callable

from leadboost.clock import Clock, Rng

HOSTS = 256
FAILURES = 5
WINDOW_S = 10.0
OPEN_S = 30.0


class Breaker:
    """Opens after 5 failures within 10 s; after 30 s (with jitter) it lets one probe through.

    ``clock`` is read for its monotonic seconds.
    """

    def __init__(self, clock: Clock, rng: Rng) -> None:
        self._clock = clock
        self._rng = rng
        self._failed_at: deque[float] = deque(maxlen=FAILURES)
        self._open_until: float | None = None
        self._probing = False

    def enter(self) -> float:
        """Return 0 when a request may go out, else the seconds until it makes sense to ask again."""
        if self._open_until is None:
            return 0.0
        left_s = self._open_until - self._clock.monotonic()
        if left_s > 0 or self._probing:
            return max(left_s, 1.0)
        self._probing = True
        return 0.0

    def record(self, *, ok: bool) -> None:
        """Learn how a request ended that was let through."""
        now = self._clock.monotonic()
        if ok:
            self._failed_at.clear()
            self._open_until = None
            return
        self._failed_at.append(now)
        full = len(self._failed_at) == FAILURES and now - self._failed_at[0] <= WINDOW_S
        if full or self._probing:
            self._open_until = now + OPEN_S * self._rng.uniform(1.0, 1.1)

    def leave(self) -> None:
        """End a request that was let through, however it ended."""
        self._probing = False


class Host:
    """One host and port."""

    def __init__(self, clock: Clock, rng: Rng) -> None:
        self.breaker = Breaker(clock, rng)
        self._clock = clock
        self._free_at = 0.0

    def book(self, gap_s: float, *, longest_s: float) -> float:
        """Return the seconds until the next slot, ``gap_s`` after the one before it.

        The slot is taken unless it lies more than ``longest_s`` ahead.
        """
        now = self._clock.monotonic()
        slot = max(now, self._free_at)
        if slot - now <= longest_s:
            self._free_at = slot + gap_s
        return slot - now


class Hosts:
    """The hosts asked lately, at most 256."""

    def __init__(self, make: Callable[[], Host]) -> None:
        self._make = make
        self._hosts: OrderedDict[str, Host] = OrderedDict()

    def of(self, key: str) -> Host:
        """Return the host under ``key``, a new one when it is not known."""
        host = self._hosts.pop(key, None) or self._make()
        self._hosts[key] = host
        if len(self._hosts) > HOSTS:
            self._hosts.popitem(last=False)
        return host


class RetryBudget:
    """Retries may add a tenth to the requests, ten in a burst: a storm of failures stays small."""

    def __init__(self) -> None:
        self._tokens = 10.0

    def deposit(self) -> None:
        """Count one first attempt."""
        self._tokens = min(self._tokens + 0.1, 10.0)

    def take(self) -> bool:
        """Take one retry out of the budget, if there is one left."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
