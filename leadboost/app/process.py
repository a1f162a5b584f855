"""The daemon as a process: its loop, its signals, and an end that nothing can put off."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence

import structlog

from leadboost.app.daemon import Daemon
from leadboost.errors import Problem
from leadboost.settings import Settings

FORCE_AFTER_S = 9.8
THREADS_END_S = 0.5

log = structlog.get_logger()


def run(settings: Settings, problems: Sequence[Problem], on_up: Callable[[str, str | None], None]) -> int:
    """Run the daemon until SIGTERM or Ctrl-C; returns the exit code. ``on_up`` is as in ``Daemon.run``.

    A second signal forces: the process ends at once with exit code 1.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_run_until_signalled(settings, problems, on_up))


async def _run_until_signalled(
    settings: Settings, problems: Sequence[Problem], on_up: Callable[[str, str | None], None]
) -> int:
    daemon = Daemon(settings, problems)
    signalled = False

    def on_signal(number: signal.Signals) -> None:
        nonlocal signalled
        if signalled:
            log.error("stop forced", signal=number.name)
            os._exit(1)
        signalled = True
        log.info("stop requested", signal=number.name)
        _exit_after(FORCE_AFTER_S, 1)
        daemon.request_stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    await daemon.run(on_up)
    log.info("stopped")
    _exit_after(THREADS_END_S, 0)
    return 0


def _exit_after(seconds: float, code: int) -> None:
    """End the process then, whatever a thread or the loop still does.

    A thread that is computing cannot be cancelled, and the interpreter would wait for it.
    """

    def end() -> None:
        sys.stdout.flush()
        os._exit(code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
