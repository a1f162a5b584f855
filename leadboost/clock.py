"""Time, randomness and identifiers, always handed in so that tests and the simulation drive them."""

import random
import secrets
import time
from datetime import UTC, datetime
from functools import cached_property
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """Both clocks of the process."""

    def now(self) -> datetime:
        """Wall clock: aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on the clock that the running loop's ``time()`` reads."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        # What asyncio's own loop and uvloop read, without the system call of get_running_loop().
        return time.monotonic()


class Rng:
    """A named tree of random numbers: a draw in one branch never moves another.

    ``Rng()`` is seeded by the operating system; ``Rng(seed)`` repeats. Not for secrets.
    """

    def __init__(self, seed: int | str | None = None) -> None:
        self._seed = secrets.token_hex(16) if seed is None else str(seed)

    @cached_property
    def _random(self) -> random.Random:
        # Made at the first draw: its state is large, and most branches never draw.
        return random.Random(self._seed)  # noqa: S311  # for jitter and ids, never for secrets

    def fork(self, name: str) -> "Rng":
        """Return the branch ``name``; the same seed and name give the same branch."""
        return Rng(f"{self._seed}/{name}")

    def uniform(self, low: float, high: float) -> float:
        """Draw from [low, high]."""
        return self._random.uniform(low, high)

    def bits(self, count: int) -> int:
        """Draw ``count`` random bits."""
        return self._random.getrandbits(count)


def uuid7(clock: Clock, rng: Rng) -> UUID:
    """Make a UUID version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then random."""
    return uuid7s(clock, rng, 1)[0]


def uuid7s(clock: Clock, rng: Rng, count: int) -> list[UUID]:
    """Make several of one moment at once, in half the time."""
    milliseconds = int(clock.now().timestamp() * 1000)
    prefix = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | 0b10 << 62
    return [UUID(int=prefix | rng.bits(12) << 64 | rng.bits(62)) for _ in range(count)]
