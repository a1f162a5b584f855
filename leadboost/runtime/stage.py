"""Start and stop as named stages with budgets."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from leadboost.errors import StageTimeoutError


async def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the process's life; budgets in seconds.

    ``late`` names what is still busy when a budget is overrun.
    """

    name: str
    start: Callable[[], Awaitable[object]] = _nothing
    stop: Callable[[], Awaitable[object]] = _nothing
    start_s: float = 10.0
    stop_s: float = 1.0
    late: Callable[[], Sequence[str]] = tuple


async def start_stages(
    stages: Sequence[Stage], started: list[Stage], report: Callable[[str, str], None]
) -> None:
    """Start stages in order, appending each to ``started`` before it begins.

    ``report(stage, state)`` hears ``starting`` and ``started``. Raises what a stage raises, and
    StageTimeoutError on an overrun.
    """
    for stage in stages:
        started.append(stage)
        report(stage.name, "starting")
        try:
            async with asyncio.timeout(stage.start_s) as budget:
                await stage.start()
        except TimeoutError as error:
            if not budget.expired():
                raise
            raise StageTimeoutError(stage.name, stage.start_s, stage.late()) from error
        report(stage.name, "started")


async def stop_stages(started: list[Stage], report: Callable[[str, str], None]) -> None:
    """Stop what was started, in reverse; an overrun is named (``late: ...``) and then left behind.

    An error of one stage is reported as ``failed: ...`` and never keeps the next from stopping.
    """
    while started:
        stage = started.pop()
        report(stage.name, "stopping")
        try:
            async with asyncio.timeout(stage.stop_s) as budget:
                await stage.stop()
        except TimeoutError as error:
            late = "late: " + (", ".join(stage.late()) or stage.name)
            report(stage.name, late if budget.expired() else f"failed: {error!r}")
        except Exception as error:  # stopping goes on whatever one stage does
            report(stage.name, f"failed: {error!r}")
        else:
            report(stage.name, "stopped")
