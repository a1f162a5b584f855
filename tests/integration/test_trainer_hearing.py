import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from leadboost.actors.trainer.hearing import SIGNALS_PER_PASS
from leadboost.actors.trainer.trainer import Trainer
from leadboost.domain.hearing.sentiment import sentiment
from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.learner import Learner
from leadboost.errors import OutcomeUnknownError, StoreUnavailableError
from leadboost.messages.events import EventsCommitted, SignalsStored, StateChanged
from leadboost.messages.trainer import GetModel, RecordOutcomes
from leadboost.runtime import ActorRef, Runtime, Topic
from leadboost.runtime.testing import Probe
from leadboost.store.database import Database
from leadboost.store.hearing import PgHearingStore, PgSignalClaim
from leadboost.store.leases import PgLeaseStore
from leadboost.store.models import PgModelStore
from leadboost.store.outcomes import PgOutcomeStore
from tests.campaigns import campaign
from tests.integration.tables import rows, run


class Hearing(PgHearingStore):
    """A real store whose next passes fail after their work, as told by ``faults``."""

    def __init__(self, database: Database, faults: list[Exception]) -> None:
        super().__init__(database)
        self._faults = faults

    @asynccontextmanager
    async def claim(self) -> AsyncIterator[PgSignalClaim]:
        async with super().claim() as claim:
            yield claim
            if self._faults:
                raise self._faults.pop()


@asynccontextmanager
async def running(
    database: Database, name: str = "here", *, faults: list[Exception] | None = None
) -> AsyncIterator[ActorRef[Any]]:
    """A Trainer on a real database; nobody answers questions."""
    runtime = Runtime(clock=database.clock, rng=database.rng.fork(name))
    predictor = Probe()
    predictor.ref = await runtime.spawn("predictor", predictor.actor)
    hearing = Hearing(database, faults if faults is not None else [])

    def make() -> Trainer:
        return Trainer(
            holder=name,
            outcomes=PgOutcomeStore(database),
            models=PgModelStore(database),
            leases=PgLeaseStore(database),
            predictor=predictor.ref,
            committed=Topic[EventsCommitted]("committed"),
            state=Topic[StateChanged]("state"),
            hearing=hearing,
        )

    yield await runtime.spawn("trainer", make)
    await runtime.close()


@pytest.fixture
async def trainer(database: Database) -> AsyncIterator[ActorRef[Any]]:
    async with running(database) as trainer:
        yield trainer


async def keep_signals(
    database: Database, count: int, *, first: int = 1, said: str = "where can I buy boots?"
) -> None:
    """Keep pending signals of as many authors."""
    async with database.session() as session:
        await session.execute(
            "INSERT INTO raw_signals (id, source, external_id, content_hash, author, body, heard_at)"
            " SELECT lpad(to_hex(n), 32, '0')::uuid, 'reddit', n, decode(lpad(to_hex(n), 64, '0'), 'hex'),"
            " '~' || lpad(to_hex(n), 24, '0'), jsonb_build_object('text', $3::text), now()"
            " FROM generate_series($1::bigint, $2) AS n",
            first,
            first + count - 1,
            said,
        )


async def processed(database: Database) -> int:
    """Wait until no signal waits; returns how many are processed."""
    async with asyncio.timeout(15):
        while dict(await rows(database, "SELECT state, count(*) FROM raw_signals GROUP BY state")).get(
            "pending"
        ):
            pass
    ((count,),) = await rows(database, "SELECT count(*) FROM raw_signals WHERE state = 'processed'")
    return int(count)


async def test_signals_left_behind_are_processed_at_the_start_pass_by_pass(database: Database) -> None:
    await keep_signals(database, 2 * SIGNALS_PER_PASS + 1)

    async with running(database):
        assert await processed(database) == 2 * SIGNALS_PER_PASS + 1


async def test_newly_stored_signals_are_processed_when_told_and_are_never_labels(
    trainer: ActorRef[Any], database: Database
) -> None:
    await keep_signals(database, 3)

    trainer.tell(SignalsStored(count=3))

    assert await processed(database) == 3
    status = await trainer.ask(GetModel())
    assert (status.observations, status.pending, status.version) == (0, 0, 0)


async def test_signals_that_come_during_a_pass_are_processed_after_it(
    trainer: ActorRef[Any], database: Database
) -> None:
    for number in range(1, 21):
        await keep_signals(database, 1, first=number)
        trainer.tell(SignalsStored(count=1))

    assert await processed(database) == 20


async def test_texts_are_read_before_anything_is_locked(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    claim = Hearing.claim

    @asynccontextmanager
    async def claimed(store: Hearing) -> AsyncIterator[PgSignalClaim]:
        async with claim(store) as signals:
            steps.append("claimed")
            yield signals

    def read(said: str, plain: str) -> float:
        steps.append("read")
        return sentiment(said, plain)

    monkeypatch.setattr(Hearing, "claim", claimed)
    monkeypatch.setattr("leadboost.domain.hearing.text.sentiment", read)
    await keep_signals(database, 1, said="a text that nobody has read before")

    async with running(database):
        assert await processed(database) == 1

    assert steps[:2] == ["read", "claimed"]
    assert steps.count("read") == 1


async def test_signals_are_processed_after_a_failed_pass(database: Database) -> None:
    await keep_signals(database, 2)
    faults: list[Exception] = [OutcomeUnknownError("cut off"), StoreUnavailableError("away")]

    async with running(database, faults=faults) as trainer:
        async with asyncio.timeout(15):
            while faults:
                trainer.tell(SignalsStored(count=2))
                await trainer.ask(GetModel())
        trainer.tell(SignalsStored(count=2))

        assert await processed(database) == 2


async def test_two_hosts_process_every_signal_once(database: Database) -> None:
    await keep_signals(database, 350)

    async with running(database, "here"), running(database, "there"):
        assert await processed(database) == 350

    assert await rows(
        database, "SELECT round((statistics ->> 'accepted')::numeric, 2) FROM hearing_statistics"
    ) == [(350,)]


async def test_an_outcome_is_learned_with_what_its_signals_said(
    trainer: ActorRef[Any], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep_signals(database, 1)
    trainer.tell(SignalsStored(count=1))
    assert await processed(database) == 1
    taught: list[Sequence[Mapping[str, float]] | None] = []
    learn = Learner.learn

    def noted(
        learner: Learner,
        outcomes: Sequence[Outcome],
        heard: Sequence[Mapping[str, float]] | None = None,
        *rest: Any,
    ) -> int:
        taught.append(heard)
        return learn(learner, outcomes, heard, *rest)

    monkeypatch.setattr(Learner, "learn", noted)
    await trainer.ask(RecordOutcomes(outcomes=[replace(campaign(), signal_ids=(UUID(int=1),))]))
    async with asyncio.timeout(15):
        while not taught:
            await trainer.ask(GetModel())

    stored = await PgHearingStore(database).features([UUID(int=1)])
    assert taught == [[stored[UUID(int=1)]]]


async def test_a_signal_that_cannot_be_read_is_parked_and_the_others_go_on(database: Database) -> None:
    await keep_signals(database, 3)
    await run(
        database,
        """UPDATE raw_signals SET body = body || '{"engagement": {"likes": "many"}}' """
        "WHERE external_id = '2'",
    )

    async with running(database) as trainer:
        async with asyncio.timeout(15):
            while await rows(database, "SELECT FROM raw_signals WHERE state = 'pending'"):
                pass
        assert (await trainer.ask(GetModel())).version == 0

    found = await rows(database, "SELECT state, split_part(reason, ':', 1) FROM raw_signals ORDER BY seq")
    assert found == [("processed", None), ("rejected", "unreadable"), ("processed", None)]


async def test_statistics_of_another_version_are_begun_anew(database: Database) -> None:
    await keep_signals(database, 1)
    await run(
        database,
        "INSERT INTO hearing_statistics (kind, name, statistics, updated_at) VALUES ('source', 'reddit',"
        """ '{"version": 99, "counters": {"likes": {"any": {"median": 1}}}, "week": 3}', now())""",
    )

    async with running(database):
        assert await processed(database) == 1

    assert await rows(database, "SELECT statistics -> 'version' FROM hearing_statistics") == [(1,)]
