"""Password hashes: argon2id in threads of its own, so that the loop never waits for one."""

import asyncio
import base64
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from leadboost.console.problems import ProblemError
from leadboost.domain.account import normal_password

# OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane, or stronger.
MEMORY_KIB: Final = 19_456
PASSES: Final = 2
DEADLINE_S: Final = 5.0
_THREADS: Final = 2
_AT_ONCE: Final = 16

T = TypeVar("T")


class Passwords:
    """Hashes and compares, two at once, sixteen waiting at most; beyond that, and after five seconds,
    ProblemError 503."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="password")
        self._under_way = 0
        # No password has this hash; to compare with it takes as long as with any.
        self._nobodys = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${_noise(16)}${_noise(32)}"

    async def hash(self, password: str) -> str:
        """Return the encoded hash, salt and parameters in it."""
        return await self._run(lambda: self._hasher.hash(normal_password(password)))

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Compare; without a hash the answer is no, after the same work."""
        known = password_hash or self._nobodys
        right = await self._run(lambda: self._verify(known, normal_password(password)))
        return right and password_hash is not None

    def close(self) -> None:
        """Take no more work; what runs goes on for some milliseconds."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._under_way >= _AT_ONCE:
            raise _busy()
        self._under_way += 1
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError:
            raise _busy() from None
        finally:
            self._under_way -= 1


def _busy() -> ProblemError:
    detail = "More people sign in than can be looked at now. Try again."
    return ProblemError(503, "overloaded", detail, headers={"Retry-After": "2"})


def _noise(count: int) -> str:
    return base64.b64encode(secrets.token_bytes(count)).decode().rstrip("=")
