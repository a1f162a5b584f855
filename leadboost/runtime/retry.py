"""Bounded retries of one call: exponential backoff with full jitter, or as long as the other side asks."""

import asyncio
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from leadboost.clock import Rng


def retrying(
    rng: Rng,
    *,
    attempts: int,
    first_s: float,
    longest_s: float,
    may_retry: Callable[[BaseException], bool],
    asked_s: Callable[[BaseException], float | None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncRetrying:
    """Make a retry loop of at most ``attempts`` tries that raises the last error.

    ``asked_s`` reads from an error the wait in seconds that the other side asks for, None where it
    asks for none; no wait is longer than ``longest_s``.
    """

    def wait_s(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = asked_s(error) if error is not None else None
        if asked is not None:
            return min(asked, longest_s)
        return rng.uniform(0.0, min(first_s * 2.0 ** (state.attempt_number - 1), longest_s))

    return AsyncRetrying(
        stop=stop_after_attempt(attempts),
        retry=retry_if_exception(may_retry),
        wait=wait_s,
        sleep=sleep,
        reraise=True,
    )
