"""Progress of long work on standard error: a bar on a terminal, otherwise a line now and then."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from leadboost.remote.report import Progress, no_progress

_LINE_EVERY_S = 5.0


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[Progress]:
    """Show progress; ``quiet`` keeps the lines away where there is no terminal."""
    if sys.stderr.isatty():
        with _bars() as progress:
            yield progress
    else:
        yield no_progress if quiet else _lines()


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, int] = {}

        def show(doing: str, done: int, total: int | None) -> None:
            if doing not in tasks:
                tasks[doing] = bars.add_task(doing, total=total)
            bars.update(bars.task_ids[list(tasks).index(doing)], completed=done, total=total)

        yield show


def _lines() -> Progress:
    said_at = time.monotonic()

    def show(doing: str, done: int, total: int | None) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= _LINE_EVERY_S:
            said_at = time.monotonic()
            print(f"{doing}: {done}" + (f" of {total}" if total else ""), file=sys.stderr, flush=True)

    return show
