import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from leadboost.actors.trainer.passes import Passes
from leadboost.actors.trainer.refit import Refits
from leadboost.domain.roi.fit import LEAST_ROWS, fit
from leadboost.errors import FittingError
from leadboost.fitting import FittingProcess, process
from leadboost.ports import HeardOutcome
from leadboost.store.database import Database
from leadboost.store.leases import PgLeaseStore
from leadboost.store.models import PgModelStore
from leadboost.store.outcomes import PgOutcomeStore
from tests.campaigns import campaigns

OUTCOMES = campaigns(600)

MANY = """
INSERT INTO outcomes (external_id, platform, day, spend_micros, revenue_micros, currency, attributes,
    signal_ids, state, recorded_at)
SELECT 'n' || n, 'meta_ads', DATE '2026-01-01' + n / 500, 1000000 + n, 1000000 + n * 7 % 3000000, 'EUR',
    jsonb_build_object('colour', 'c' || n % 7, 'place', 'p' || n % 5), '{}', 'processed', now()
FROM generate_series(1, $1::integer) AS n
"""


async def pages(rows: Sequence[HeardOutcome]) -> AsyncIterator[Sequence[HeardOutcome]]:
    for at in range(0, len(rows), 100):
        yield rows[at : at + 100]


def heard(count: int) -> list[HeardOutcome]:
    return [HeardOutcome(outcome=outcome, heard={"mood": 0.5}) for outcome in OUTCOMES[:count]]


async def test_the_worker_process_fits_what_this_process_would() -> None:
    boosted = await FittingProcess().fit(pages(heard(600)), 600)
    here = fit(OUTCOMES, [{"mood": 0.5}] * 600, 600)

    assert boosted is not None
    assert here is not None
    assert boosted.codes == here.codes
    assert boosted.trees.values == pytest.approx(here.trees.values)


async def test_the_worker_process_says_that_there_is_too_little() -> None:
    assert await FittingProcess().fit(pages(heard(LEAST_ROWS - 1)), 600) is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_cancelled_fit_leaves_no_process() -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[Sequence[HeardOutcome]]:
        begun.set()
        await asyncio.Event().wait()
        yield ()

    fitting = asyncio.gather(FittingProcess().fit(endless(), 1))
    await begun.wait()
    assert workers()
    fitting.cancel()
    with suppress(asyncio.CancelledError):
        await fitting

    assert not workers()


def workers() -> list[int]:
    """Workers that this process started."""
    children = Path(f"/proc/self/task/{Path('/proc/self').resolve().name}/children").read_text().split()
    return [int(pid) for pid in children if b"leadboost.fitting" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_a_fit_past_its_limit_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LIMIT_S", 0)

    with pytest.raises(FittingError, match="took more than"):
        await FittingProcess().fit(pages(heard(600)), 600)


async def test_a_worker_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(FittingError):
        await FittingProcess().fit(pages(()), 1)


class Lag:
    """How late the loop is for a call every 2 ms, in seconds."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.late: list[float] = []
        self._due = self._loop.time()
        self._next()

    def _next(self) -> None:
        self.late.append(self._loop.time() - self._due)
        self._due = self._loop.time() + 0.002
        self._timer = self._loop.call_at(self._due, self._next)

    def stop(self) -> float:
        """Stop; the 99th percentile."""
        self._timer.cancel()
        return float(np.quantile(self.late, 0.99))


@pytest.mark.parametrize(
    "count", [4_000, pytest.param(100_000, marks=pytest.mark.drill)], ids=["short", "drill"]
)
async def test_the_event_loop_stays_free_while_trees_are_fitted(database: Database, count: int) -> None:
    async with database.session(deadline_s=60) as session:
        await session.execute(MANY, count)
    outcomes = PgOutcomeStore(database)
    passes = Passes(
        holder="here",
        outcomes=outcomes,
        models=PgModelStore(database),
        leases=PgLeaseStore(database),
        clock=database.clock,
    )
    await passes.open()
    refits = Refits(outcomes=outcomes, fitter=FittingProcess())
    lag = Lag()

    boosted = await refits.run(count, passes)

    p99_s = lag.stop()
    print(f"loop lag p99 {p99_s * 1e3:.1f} ms, worst {max(lag.late) * 1e3:.1f} ms, {len(lag.late)} samples")
    assert boosted is not None
    assert passes.known.learner.mixture.boosted is boosted
    assert p99_s <= 0.05
