import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from leadboost.actors.predictor import ATTRIBUTE_CHARS, PART_CHARS, Predictor
from leadboost.actors.trainer import Trainer
from leadboost.actors.trainer.passes import SAVED_WITHIN_S, Passes
from leadboost.actors.trainer.told import Learn
from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.forecast import Question
from leadboost.domain.roi.learner import Learner
from leadboost.domain.roi.model import RoiModel
from leadboost.errors import InputError, ModelBusyError, OutcomeUnknownError, StoreUnavailableError
from leadboost.messages.events import EventsCommitted, StateChanged
from leadboost.messages.trainer import (
    Forecast,
    GetModel,
    ModelStatus,
    ModelVersion,
    OutcomesRecorded,
    Predict,
    RecordOutcomes,
    RollBack,
    RolledBack,
    ServeModel,
)
from leadboost.ports import KEPT_VERSIONS, Lease, NewModel, OutcomeRevision, PendingOutcome, Rollback
from leadboost.runtime import Actor, ActorRef, Runtime, Topic
from leadboost.runtime.testing import Probe
from leadboost.store.database import Database
from leadboost.store.hearing import PgHearingStore
from leadboost.store.leases import PgLeaseStore
from leadboost.store.models import PgModelStore
from leadboost.store.outcomes import PgOutcomeStore
from tests.campaigns import campaign, campaigns
from tests.integration.tables import rows

ASK = Predict(spend_micros=5_000_000, platform="meta_ads", attributes={"colour": "red"})


class Models(PgModelStore):
    """A real store that waits or fails where told to, before or after it has written."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.before_save: list[Exception] = []
        self.after_save: list[Exception] = []
        self.saving: asyncio.Queue[int] = asyncio.Queue()
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def save(
        self,
        model: NewModel,
        learned: Sequence[OutcomeRevision],
        lease: Lease,
        rollback: Rollback | None = None,
    ) -> ModelVersion:
        if not self.goes_on.is_set():
            self.saving.put_nowait(model.version)
            await self.goes_on.wait()
        if self.before_save:
            raise self.before_save.pop()
        version = await super().save(model, learned, lease, rollback)
        if self.after_save:
            raise self.after_save.pop()
        return version


class Outcomes(PgOutcomeStore):
    """A real store that fails to list what waits, where told to."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.before_pending: list[Exception] = []

    async def pending(self, limit: int) -> Sequence[PendingOutcome]:
        if self.before_pending:
            raise self.before_pending.pop()
        return await super().pending(limit)


class Served(Actor[ServeModel]):
    """Stands before the predictor and lets a test wait for the next model."""

    def __init__(self, predictor: ActorRef[ServeModel], models: asyncio.Queue[RoiModel]) -> None:
        self._predictor = predictor
        self._models = models

    async def receive(self, message: ServeModel) -> None:
        self._predictor.tell(message)
        self._models.put_nowait(message.model)


class Host:
    """Trainer and Predictor on a real database."""

    def __init__(self, database: Database, name: str = "here") -> None:
        self.name = name
        self.database = database
        self.models = Models(database)
        self.outcomes = Outcomes(database)
        self.runtime = Runtime(clock=database.clock, rng=database.rng.fork(name))
        self.state: Topic[StateChanged] = Topic("state")
        self.served: asyncio.Queue[RoiModel] = asyncio.Queue()
        self.trainer: ActorRef[Any]
        self.predictor: ActorRef[Any]

    async def start(self) -> "Host":
        self.predictor = await self.runtime.spawn("predictor", lambda: Predictor(models=self.models))
        served = await self.runtime.spawn("served", lambda: Served(self.predictor, self.served))
        self.trainer = await self.runtime.spawn("trainer", lambda: self._make_trainer(served))
        return self

    def _make_trainer(self, served: ActorRef[ServeModel]) -> Trainer:
        return Trainer(
            holder=self.name,
            outcomes=self.outcomes,
            models=self.models,
            leases=PgLeaseStore(self.database),
            predictor=served,
            committed=Topic[EventsCommitted]("committed"),
            state=self.state,
            hearing=PgHearingStore(self.database),
            collect_s=0.2,
        )

    async def record(self, outcomes: Sequence[Outcome]) -> OutcomesRecorded:
        answer: OutcomesRecorded = await self.trainer.ask(RecordOutcomes(outcomes=outcomes), timeout_s=10)
        return answer

    async def learned(self, observations: int) -> ModelStatus:
        """Wait until that many outcomes are learned and served."""
        async with asyncio.timeout(15):
            while (await self.served.get()).observations < observations:
                pass
        return await self.status()

    async def settled(self) -> ModelStatus:
        """Wait until nothing waits to be learned, for the first time or again."""
        async with asyncio.timeout(15):
            while (await self.status()).pending:
                await self.served.get()
        return await self.status()

    async def roll_back(self, version: int | None = None, timeout_s: float = 30.0) -> RolledBack:
        command = RollBack(version=version, reason="a wrong unit", by="ann")
        answer: RolledBack = await self.trainer.ask(command, timeout_s=timeout_s)
        return answer

    async def status(self) -> ModelStatus:
        status: ModelStatus = await self.trainer.ask(GetModel())
        return status

    async def predict(self, question: Predict = ASK) -> Forecast:
        forecast: Forecast = await self.predictor.ask(question)
        return forecast


@pytest.fixture
async def host(database: Database) -> AsyncIterator[Host]:
    host = await Host(database).start()
    yield host
    await host.runtime.close()


async def test_a_served_model_is_shown_to_viewers(database: Database) -> None:
    host, shown = Host(database), Probe()
    shown.ref = await host.runtime.spawn("shown", shown.actor)
    host.state.subscribe(shown.ref)
    await host.start()
    await host.record(campaigns(50))
    status = await host.learned(50)

    fields = ("version", "observations", "mae", "baseline_mae", "level", "coverage", "pending")
    expected = StateChanged(
        key="model", data={name: getattr(status, name) for name in fields} | {"drift": "none"}
    )
    async with asyncio.timeout(5):
        while expected not in shown.received:
            await host.status()
    await host.runtime.close()


async def test_trainer_learns_what_is_recorded_and_serves_it(host: Host) -> None:
    recorded = await host.record(campaigns(200))
    status = await host.learned(200)

    forecast = await host.predict()

    assert recorded == OutcomesRecorded(accepted=200, unchanged=0)
    assert (status.version, status.observations, status.pending, status.scored_rows) == (1, 200, 0, 170)
    assert (forecast.basis, forecast.observations, forecast.model_version) == ("learned", 200, 1)


async def test_status_reports_errors_of_forecasts_made_before_learning(host: Host) -> None:
    await host.record(campaigns(600))
    status = await host.learned(600)

    assert status.mae is not None
    assert status.baseline_mae is not None
    assert status.mae < 0.6 * status.baseline_mae
    assert status.coverage == pytest.approx(0.8, abs=0.06)
    assert status.versions[0].metrics["mae"] == status.mae


async def test_learning_runs_on_one_blas_thread(database: Database) -> None:
    with threadpool_limits(2, user_api="blas"):
        host = await Host(database).start()

        threads = {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
        await host.runtime.close()

    assert threads == {1}


async def test_a_fresh_host_answers_from_the_prior(host: Host) -> None:
    forecast, status = await host.predict(), await host.status()

    assert (forecast.basis, forecast.model_version) == ("prior", 0)
    assert (status.version, status.mae, status.scored_rows, status.versions) == (0, None, 0, ())


async def test_recording_the_same_again_teaches_nothing(host: Host) -> None:
    await host.record(campaigns(100))
    await host.learned(100)

    again = await host.record(campaigns(100))

    assert again == OutcomesRecorded(accepted=0, unchanged=100)
    assert (await host.status()).version == 1


async def test_a_corrected_outcome_is_learned_but_not_scored_again(host: Host) -> None:
    await host.record([campaign(f"c{at}", colour="red") for at in range(60)])
    before = await host.learned(60)

    await host.record([replace(campaign("c7", colour="red"), revenue_micros=80_000_000)])
    after = await host.settled()

    assert (after.version, after.pending) == (2, 0)
    assert (after.observations, after.scored_rows) == (before.observations, before.scored_rows)


def reds(revenue_micros: int) -> list[Outcome]:
    return [campaign(f"c{at}", colour="red", revenue_micros=revenue_micros) for at in range(60)]


async def test_a_faulty_file_leaves_nothing_behind_once_it_is_corrected(host: Host) -> None:
    await host.record(reds(20_000_000))
    await host.learned(60)
    before = await host.predict()

    await host.record(reds(1_000_000))
    await host.settled()
    faulty = await host.predict()
    await host.record(reds(20_000_000))
    await host.settled()
    after = await host.predict()

    assert before.roi == pytest.approx(3.0, abs=0.05)
    assert after.roi == pytest.approx(before.roi)
    assert faulty.roi == pytest.approx(-0.8, abs=0.05)


async def test_a_row_corrected_five_times_counts_once(host: Host) -> None:
    outcomes = list(campaigns(100))
    await host.record(outcomes)
    await host.learned(100)
    before = await host.predict()

    for revenue in (1, 2, 3, 4):
        await host.record([replace(outcomes[50], revenue_micros=revenue)])
        await host.settled()
    await host.record([outcomes[50]])
    status = await host.settled()

    assert (await host.predict()).roi == pytest.approx(before.roi)
    assert status.observations == 100


async def test_corrections_in_quick_succession_are_learned_together(host: Host) -> None:
    outcomes = list(campaigns(300))
    await host.record(outcomes)
    await host.learned(300)

    for outcome in outcomes[:10]:
        await host.record([replace(outcome, revenue_micros=7)])
    status = await host.settled()

    assert (status.pending, status.observations) == (0, 300)
    assert status.version == 2


async def test_new_rows_do_not_wait_for_corrections(host: Host) -> None:
    outcomes = list(campaigns(100))
    await host.record(outcomes)
    await host.learned(100)

    await host.record([replace(outcomes[0], revenue_micros=7), *campaigns(160)[100:]])
    status = await host.learned(160)

    assert status.observations == 160
    assert (await host.settled()).pending == 0


async def test_more_rows_than_a_pass_takes_are_learned_pass_by_pass(host: Host) -> None:
    await host.record(campaigns(2100))
    status = await host.learned(2100)

    assert [version.observations for version in status.versions] == [2100, 2000]


async def test_a_restart_serves_the_saved_model(host: Host) -> None:
    await host.record(campaigns(100))
    await host.learned(100)
    before = await host.predict()
    await host.runtime.close()

    again = await Host(host.database).start()

    assert await again.predict() == before
    await again.runtime.close()


async def test_a_start_learns_what_was_left_behind(database: Database) -> None:
    await PgOutcomeStore(database).record(campaigns(50))

    host = await Host(database).start()

    assert (await host.learned(50)).pending == 0
    await host.runtime.close()


@pytest.mark.parametrize(
    "damage", ["artefact = '\\x00'", "sha256 = 'ab'", "artefact = substr(artefact, 1, 900)"]
)
async def test_a_damaged_version_is_passed_over_for_the_older_one(host: Host, damage: str) -> None:
    await host.record(campaigns(100))
    await host.learned(100)
    good = await host.predict()
    await host.record(campaigns(150))
    await host.learned(150)
    await host.runtime.close()
    async with host.database.session() as session:
        await session.execute(f"UPDATE models SET {damage} WHERE version = 2")
    await PgLeaseStore(host.database).acquire("training", "elsewhere")

    again = await Host(host.database).start()

    assert await again.predict() == good
    assert (await again.status()).version == 1
    await again.runtime.close()


@pytest.mark.parametrize("damaged", ["version = 2", "true"])
async def test_a_damaged_version_is_healed_from_the_outcomes(host: Host, damaged: str) -> None:
    await host.record(campaigns(100))
    await host.learned(100)
    await host.record(campaigns(400))
    before, lost = await host.learned(400), await host.predict()
    await host.runtime.close()
    async with host.database.session() as session:
        await session.execute(f"UPDATE models SET artefact = '\\x00' WHERE {damaged}")

    again = await Host(host.database).start()
    status = await again.learned(400)

    assert (await again.predict()).roi == pytest.approx(lost.roi, abs=0.02)
    assert (status.version, status.observations, status.pending) == (3, 400, 0)
    assert status.mae == pytest.approx(before.mae, rel=0.05)
    await again.runtime.close()


async def test_a_healed_model_stays_as_it_is_at_the_next_start(host: Host) -> None:
    await host.record(campaigns(100))
    await host.learned(100)
    await host.runtime.close()
    async with host.database.session() as session:
        await session.execute("DELETE FROM models")
    healed = await Host(host.database).start()
    await healed.learned(100)
    await healed.runtime.close()

    again = await Host(host.database).start()
    await again.record(campaigns(110))

    assert (await again.learned(110)).version == 2
    await again.runtime.close()


async def test_a_failed_save_changes_nothing_and_is_tried_again(host: Host) -> None:
    host.models.before_save.append(StoreUnavailableError("gone"))

    await host.record(campaigns(100))
    status = await host.learned(100)

    assert (status.version, status.observations, status.pending) == (1, 100, 0)


async def test_a_save_of_unknown_fate_is_not_learned_twice(host: Host) -> None:
    host.models.after_save.append(OutcomeUnknownError("connection lost"))

    await host.record(campaigns(100))
    status = await host.learned(100)

    assert (status.version, status.observations) == (1, 100)
    assert await rows(host.database, "SELECT count(*) FROM models") == [(1,)]


async def test_two_hosts_learn_every_row_once(host: Host, database: Database) -> None:
    other = await Host(database, "there").start()

    await host.record(campaigns(300))
    await host.learned(300)
    await other.record(campaigns(400))
    status = await other.learned(400)

    assert (status.observations, status.pending) == (400, 0)
    await other.runtime.close()


async def test_a_version_found_by_a_pass_that_failed_is_served_by_the_next(
    host: Host, database: Database
) -> None:
    other = await Host(database, "there").start()
    await host.record(campaigns(60))
    await host.learned(60)
    await host.runtime.close()

    other.outcomes.before_pending.append(StoreUnavailableError("gone"))
    other.trainer.tell(Learn())

    assert (await other.learned(60)).version == 1
    assert other.outcomes.before_pending == []
    await other.runtime.close()


async def test_a_version_found_by_a_refused_rollback_is_served_by_the_next_pass(
    host: Host, database: Database
) -> None:
    other = await Host(database, "there").start()
    await host.record(campaigns(60))
    await host.learned(60)
    await host.runtime.close()

    with pytest.raises(InputError):
        await other.roll_back(7)
    other.trainer.tell(Learn())

    assert (await other.learned(60)).version == 1
    await other.runtime.close()


async def test_another_host_waits_while_a_lease_is_held(database: Database) -> None:
    lease = await PgLeaseStore(database).acquire("training", "elsewhere")
    assert lease is not None
    host = await Host(database).start()

    await host.record(campaigns(40))
    assert (await host.status()).pending == 40
    await PgLeaseStore(database).release(lease)

    assert (await host.learned(40)).pending == 0
    await host.runtime.close()


async def test_a_stop_in_the_middle_of_a_pass_leaves_the_lease_to_others(host: Host) -> None:
    leases = PgLeaseStore(host.database)
    await host.record(campaigns(40))
    await host.learned(40)
    await host.runtime.stop("trainer")
    async with host.database.transaction(deadline_s=10) as session:
        await session.execute("LOCK TABLE outcomes IN ACCESS EXCLUSIVE MODE")
        again = await Host(host.database, "again").start()
        async with asyncio.timeout(5):
            while not await rows(host.database, "SELECT 1 FROM leases WHERE expires_at > now()"):
                pass

        await again.runtime.close()

        assert await leases.acquire("training", "elsewhere") is not None


async def test_forecasts_do_not_wait_for_a_database_that_hangs(host: Host) -> None:
    async with host.database.transaction() as session:
        await session.execute("LOCK TABLE outcomes IN ACCESS EXCLUSIVE MODE")
        recording = asyncio.gather(host.record(campaigns(40)))

        forecasts = [await host.predict() for _ in range(50)]

        assert not recording.done()
    assert {forecast.basis for forecast in forecasts} == {"prior"}
    assert [answer.accepted for answer in await recording] == [40]


async def test_questions_queued_together_are_answered_each_with_its_own(host: Host) -> None:
    await host.record(campaigns(300))
    await host.learned(300)
    questions = [replace(ASK, attributes={"colour": colour}) for colour in ("red", "blue") * 100]

    together = await asyncio.gather(*map(host.predict, questions))

    assert together[0].roi > 0.0 > together[1].roi
    assert list(together) == [*together[:2]] * 100


@pytest.mark.parametrize(
    "long",
    [
        {"text": "x" * (PART_CHARS // 2)},
        {"attributes": {str(number): "x" for number in range(PART_CHARS // ATTRIBUTE_CHARS // 2)}},
    ],
    ids=["text", "attributes"],
)
async def test_others_run_between_the_parts_of_many_long_questions(
    host: Host, monkeypatch: pytest.MonkeyPatch, long: dict[str, Any]
) -> None:
    parts: list[tuple[int, int]] = []
    turns = 0
    predict = RoiModel.predict

    def watched(model: RoiModel, questions: Sequence[Question]) -> list[Forecast]:
        parts.append((turns, len(questions)))
        return predict(model, questions)

    async def others() -> None:
        nonlocal turns
        while sum(size for _, size in parts) < 6:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(RoiModel, "predict", watched)
    asked = [host.predictor.ask(Predict(spend_micros=1_000_000, **long)) for _ in range(6)]

    await asyncio.gather(others(), *asked)

    assert [size for _, size in parts] == [2, 2, 2]
    assert parts[0][0] < parts[1][0] < parts[2][0]


async def test_predictor_never_goes_back_to_an_older_model(host: Host) -> None:
    await host.record(campaigns(100))
    await host.learned(100)
    newest = await host.predict()

    host.predictor.tell(ServeModel(model=Learner().model(0)))

    assert await host.predict() == newest


def spoiled(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The same with a twentieth of the revenue: a file in the wrong unit."""
    return [replace(outcome, revenue_micros=outcome.revenue_micros // 20) for outcome in outcomes]


async def test_a_bad_batch_is_rolled_back_once_good_rows_follow(host: Host) -> None:
    outcomes = campaigns(2000)
    await host.record(outcomes[:1400])
    await host.learned(1400)
    before = await host.predict()
    await host.record(spoiled(outcomes[1400:1700]))
    poisoned = await host.learned(1700)

    await host.record(outcomes[1700:])
    await host.settled()

    after = await host.predict()
    rolled_back = await rows(host.database, "SELECT data FROM events WHERE kind = 'model.rolled_back'")
    assert poisoned.drift is not None
    assert poisoned.drift.state == "drifted"
    assert [(data["from"], data["to"], data["by"]) for (data,) in rolled_back] == [(2, 1, "leadboost")]
    assert after.roi == pytest.approx(before.roi, rel=0.1)


async def test_rows_of_a_bad_batch_are_set_aside_until_they_are_corrected(host: Host) -> None:
    outcomes = campaigns(800)
    await host.record(outcomes[:600])
    await host.learned(600)
    await host.record(spoiled(outcomes[600:]))
    await host.learned(800)

    await host.roll_back()
    aside = await rows(host.database, "SELECT count(*) FROM outcomes WHERE state = 'set_aside'")
    await host.record(outcomes[600:])
    status = await host.settled()

    assert aside == [(200,)]
    assert (await rows(host.database, "SELECT DISTINCT state FROM outcomes")) == [("processed",)]
    assert status.observations == 800


async def test_a_rollback_by_hand_outlives_a_restart_and_reaches_other_hosts(
    host: Host, database: Database
) -> None:
    await host.record(reds(20_000_000))
    await host.learned(60)
    good = await host.predict()
    await host.record([replace(one, external_id=f"x{one.external_id}") for one in reds(1_000)])
    await host.learned(120)

    answer = await host.roll_back(1)
    await host.runtime.close()
    again, other = await Host(database, "again").start(), await Host(database, "there").start()

    forecasts = [await each.predict() for each in (again, other)]
    assert answer == RolledBack(version=3)
    assert [(one.roi, one.model_version) for one in forecasts] == [(good.roi, 3)] * 2
    for each in (again, other):
        await each.runtime.close()


@pytest.mark.parametrize("version", [7, 1, None])
async def test_there_is_no_going_back_to_a_version_that_is_not_kept(host: Host, version: int | None) -> None:
    await host.record(campaigns(60))
    await host.learned(60)

    with pytest.raises(InputError):
        await host.roll_back(version)


async def test_others_are_answered_while_a_rollback_waits_for_a_pass(host: Host) -> None:
    await host.record(campaigns(60))
    await host.learned(60)
    host.models.goes_on.clear()
    await host.record(campaigns(70))
    await host.models.saving.get()

    going_back = asyncio.gather(host.roll_back(1))
    recorded, status = await host.record(campaigns(80)), await host.status()
    waited = not going_back.done()
    host.models.goes_on.set()

    assert (recorded.accepted, status.version, waited) == (10, 1, True)
    assert (await going_back)[0] == RolledBack(version=3)
    assert (await host.learned(80)).version == 4


async def test_a_rollback_that_waits_too_long_is_refused_and_never_happens(host: Host) -> None:
    await host.record(campaigns(60))
    await host.learned(60)
    host.models.goes_on.clear()
    await host.record(campaigns(70))
    await host.models.saving.get()

    with pytest.raises(ModelBusyError):
        await host.roll_back(1, timeout_s=SAVED_WITHIN_S + 0.2)
    host.models.goes_on.set()
    await host.record(campaigns(80))

    assert [one.version for one in (await host.learned(80)).versions] == [3, 2, 1]
    assert await rows(host.database, "SELECT 1 FROM events WHERE kind = 'model.rolled_back'") == []


async def test_learning_goes_on_from_the_restored_version(host: Host) -> None:
    await host.record(campaigns(100))
    await host.learned(100)
    await host.record(campaigns(160))
    await host.learned(160)
    await host.roll_back(1)

    await host.record(campaigns(200))
    status = await host.learned(200)

    assert [version.version for version in status.versions] == [4, 3, 2, 1]
    assert (status.observations, status.pending) == (200, 0)


async def test_the_last_good_version_is_kept_however_many_follow(database: Database) -> None:
    host = await Host(database).start()
    await host.record(campaigns(400))
    await host.learned(400)
    await host.record(campaigns(430))
    await host.learned(430)
    await host.runtime.close()
    passes = Passes(
        holder="here",
        outcomes=PgOutcomeStore(database),
        models=PgModelStore(database),
        leases=PgLeaseStore(database),
        clock=database.clock,
    )
    await passes.open()

    for at in range(KEPT_VERSIONS + 3):
        await passes.roll_back(1, f"again {at}", "ann")

    versions = await PgModelStore(database).versions()
    assert [version.version for version in versions][-2:] == [6, 1]
    assert passes.known.versions == tuple(versions)
