"""Long computing beside the loop."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def run_aside(work: Callable[[], T]) -> T:
    """Run ``work`` in a thread of its own and return its result, or raise its error.

    A thread cannot be stopped: one whose caller gave up runs on. It is a daemon, so that it never
    holds up the end of the process, as the threads of the loop's executor would.
    """
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # carried to the waiting side
            outcome.set_exception(error)

    threading.Thread(target=run, name="aside", daemon=True).start()
    return await asyncio.wrap_future(outcome)
