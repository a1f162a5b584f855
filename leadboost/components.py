"""Which adapters and actors make up the daemon, and in which order they start."""

import asyncio
import gc
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from leadboost.actors.enterprise import Enterprise
from leadboost.actors.journal import Journal
from leadboost.actors.panic import PanicManager
from leadboost.actors.predictor import Predictor
from leadboost.actors.release import Release
from leadboost.actors.replicator import Replicator
from leadboost.actors.retention import Retention
from leadboost.actors.safety import SafetyEngine
from leadboost.actors.scout import Intake, Scout
from leadboost.actors.stream_bridge import StreamBridge
from leadboost.actors.trainer import Trainer
from leadboost.clock import Clock, Rng, uuid7
from leadboost.config import Settings
from leadboost.connectors.client import WebClient
from leadboost.console.call import Handles
from leadboost.console.logins import draw_token, hash_of
from leadboost.console.pushes import Pushes
from leadboost.console.server import Console
from leadboost.crash import crash_points
from leadboost.domain.gate import Gate
from leadboost.domain.halt import Halt, Scope
from leadboost.domain.live.audience import Audience
from leadboost.domain.live.closing import TRY_AGAIN_LATER
from leadboost.errors import EmbeddedServerError, StoreError, StoreUnavailableError
from leadboost.fitting import FittingProcess
from leadboost.log import redact
from leadboost.messages.events import (
    EventsCommitted,
    EventsNumbered,
    SalesCommitted,
    SignalsStored,
    StateChanged,
    StepReported,
    StockReached,
)
from leadboost.messages.health import ComponentHealth, HealthReport
from leadboost.messages.panic import GetHalt, TripHalt
from leadboost.messages.scout import BeginIntake
from leadboost.offers import make_offers
from leadboost.platforms import make_ads_client, make_platforms
from leadboost.polled import make_source_client, make_sources
from leadboost.ports import AdPlatform, Replica, Source
from leadboost.replicas import make_replica, make_replica_client
from leadboost.runtime import Actor, ActorRef, Bounds, Child, Runtime, Stage, Topic
from leadboost.runtime.dead_letters import DeadLetter
from leadboost.runtime.supervision import Restarts
from leadboost.runtime.system import Failed
from leadboost.standins.world import World
from leadboost.store.accounts import PgAccountStore
from leadboost.store.database import Database
from leadboost.store.dead_letters import PgDeadLetterStore
from leadboost.store.embedded import EmbeddedPostgres
from leadboost.store.grants import PgGrantStore
from leadboost.store.halt_log import HaltFile
from leadboost.store.halts import PgHaltStore, PgStockWatch
from leadboost.store.hearing import PgHearingStore
from leadboost.store.journal import PgJournalStore
from leadboost.store.leases import PgLeaseStore
from leadboost.store.migrate import migrate
from leadboost.store.models import PgModelStore
from leadboost.store.outcomes import PgOutcomeStore
from leadboost.store.quotas import PgQuotaStore
from leadboost.store.radar import PgKnowledgeStore
from leadboost.store.receipts import PgReceiptStore
from leadboost.store.replicas import PgReplicaStore
from leadboost.store.retention import PgRetentionStore
from leadboost.store.sales import PgSaleStore
from leadboost.store.signals import PgSignalStore
from leadboost.store.sources import PgSourceStore

log = structlog.get_logger()

_VITAL = Child(critical=True, intensity=(5, 30.0))
_KILL_SWITCH = Child(critical=True, intensity=(1, 60.0))  # it cannot be restarted away
_SALES = Child(critical=True, intensity=(5, 30.0), bounds=Bounds(command=4_096))
_PREDICTIONS = Child(intensity=(5, 30.0), bounds=Bounds(command=4_096))
_OTHER = Child(intensity=(5, 60.0))
_PARKED_AT_ONCE = 100
_REQUESTS_END_S = 0.8
_INSTALLED_STEPS = ("radar",)
_TRIP_WITHIN_S = 2.0
_VIEWERS = Child(intensity=(5, 60.0), bounds=Bounds(command=4_096))
_GC_THRESHOLDS = (10_000, 20, 50)
_POSTGRES_RESTARTS = Child(intensity=(5, 60.0))


class Components:
    """Everything between configuration and the console, for one start of the daemon."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        rng: Rng,
        holder: str,
        on_failure: Callable[[Failed], None],
        report: Callable[[], HealthReport],
        polls: bool = True,
        world: World | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._holder = holder
        self._polls = polls
        self._on_failure = on_failure
        self._report = report
        self._world = world
        self._people: asyncio.Task[None] | None = None
        self._sign_outs: asyncio.Task[None] | None = None
        self.runtime = Runtime(
            clock=clock, rng=rng, on_failure=self._on_failed, on_dead_letter=self._on_dead_letter
        )
        self._committed: Topic[EventsCommitted] = Topic("events committed")
        self._numbered: Topic[EventsNumbered] = Topic("events numbered")
        self._stored: Topic[SignalsStored] = Topic("signals stored")
        self._reached: Topic[StockReached] = Topic("stock reached")
        self._sold: Topic[SalesCommitted] = Topic("sales committed")
        self._steps: Topic[StepReported] = Topic("steps reported")
        self._state: Topic[StateChanged] = Topic("state")
        self._audience = Audience()
        self._refs: dict[str, ActorRef[Any]] = {}
        self._gate = Gate(proofs=("halt_log", "clock", "store", "rules"))
        self._ads_client: WebClient | None = None
        self._platforms: Sequence[AdPlatform] = ()
        self._crash = crash_points(settings)
        self._postgres: EmbeddedPostgres | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._database: Database | None = None
        self._client: WebClient | None = None
        self._replica_client: WebClient | None = None
        self._told: dict[str, ComponentHealth] = {}
        self._intake = Intake()
        self._parking = 0
        self.first_link: str | None = None

    def stages(self, console: Console) -> Sequence[Stage]:
        """List the stages in start order. Stop budgets add up to less than the daemon's 10 s."""
        stage = partial(Stage, late=self._late)
        world = stage(name="world", start=self._start_world, stop=self._stop_world, stop_s=0.2)
        replicating = stage(
            name="replicating", start=self._start_replicating, stop=self._stop_replicating, stop_s=0.3
        )
        return [
            self.halting(console),
            stage(
                name="postgres",
                start=self._start_postgres,
                stop=self._stop_postgres,
                start_s=90,
                stop_s=2.8,
            ),
            stage(name="store", start=self._open_store, stop=self._close_store, start_s=60, stop_s=0.8),
            stage(name="journal", start=self._start_journal, stop=self._stop_journal, stop_s=1.0),
            stage(name="streaming", start=self._start_streaming, stop=self._stop_streaming, stop_s=0.3),
            stage(name="safety", start=self._start_safety, stop=self._stop_safety, stop_s=0.3),
            stage(name="selling", start=self._start_selling, stop=self._stop_selling, stop_s=1.9),
            stage(
                name="learning",
                start=self._start_learning,
                stop=self._stop_learning,
                start_s=20,
                stop_s=0.6,
            ),
            stage(name="hearing", start=self._start_hearing, stop=self._stop_hearing, stop_s=0.6),
            *([replicating] if self._polls and self._settings.connectors.firestore.enabled else []),
            stage(
                name="intake",
                start=partial(self._open_intake, console),
                stop=partial(self._close_intake, console),
            ),
            *([world] if self._world is not None else []),
        ]

    def halting(self, console: Console) -> Stage:
        """The first to start and the last to stop; in safe mode it runs alone."""
        return Stage(
            name="halting",
            start=partial(self._start_halting, console),
            stop=self._stop_halting,
            stop_s=0.4,
            late=self._late,
        )

    async def start_kill_switch(self) -> None:
        """Start PanicManager alone, without console and database. Raises what its start raises."""
        self._connect_ads()
        await self._spawn("panic", self._make_panic, _KILL_SWITCH)

    async def halt(self, scope: Scope, reason: str, *, by: str) -> Halt:
        """Halt. Raises ActorError."""
        self._gate.trip(scope)
        trip = TripHalt(scope=scope, reason=reason, by=by)
        halted: Halt = await self._refs["panic"].ask(trip, timeout_s=_TRIP_WITHIN_S)
        return halted

    async def look_at(self, halt: Halt) -> Halt:
        """How far the halt is by now. Raises ActorError."""
        found: Halt | None = await self._refs["panic"].ask(GetHalt(id=halt.id))
        return found or halt

    @property
    def told(self) -> Sequence[ComponentHealth]:
        """What components say of themselves beyond how their actors are."""
        return list(self._told.values())

    @property
    def has_platforms(self) -> bool:
        """Whether any ad account is connected."""
        return bool(self._platforms)

    async def close(self) -> None:
        """End what ``start_kill_switch`` began."""
        await self._stop_halting()
        await self.runtime.close(within_s=0.5)

    def _late(self) -> list[str]:
        return [f"{each.name} ({each.state})" for each in self.runtime.stats() if each.state != "RUNNING"]

    async def check_database(self) -> str:
        """Return ``ok``, or why the database does not answer within a second."""
        if self._database is None:
            return "not connected"
        try:
            await self._database.ping()
        except StoreError as error:
            return str(error)
        return "ok"

    # -- stages -----------------------------------------------------------------------------------

    async def _start_halting(self, console: Console) -> None:
        await self.start_kill_switch()
        console.arm(self._refs["panic"], self._gate.trip)

    async def _stop_halting(self) -> None:
        await self._stop("panic", finish_s=0.2)
        if self._ads_client is not None:
            await self._ads_client.close()

    def _make_panic(self) -> PanicManager:
        safety = self._settings.safety
        return PanicManager(
            gate=self._gate,
            log=HaltFile(
                self._settings.data_dir / "halt.log",
                accounts={each.name: each.account_id for each in self._platforms},
            ),
            store=PgHaltStore(lambda: self._store),
            platforms=self._platforms,
            committed=self._committed,
            state=self._state,
            approvals_needed=safety.resume_approvals,
            read_back_gap_s=safety.read_back_gap_s,
            watch_every_s=safety.watch_every_s,
            crash=self._crash,
        )

    def _connect_ads(self) -> None:
        connectors = self._settings.connectors
        self._ads_client = make_ads_client(connectors, clock=self._clock, rng=self._rng.fork("ads"))
        self._platforms = make_platforms(
            connectors, client=self._ads_client, clock=self._clock, check_spend=self._gate.check
        )
        for platform in self._platforms:
            self._gate.prove(platform.name, "not read back yet")

    async def _start_safety(self) -> None:
        await self._spawn("release", self._make_release, _VITAL)
        await self._spawn("safety", self._make_safety, _VITAL)
        self._reached.subscribe(self._refs["safety"])

    async def _stop_safety(self) -> None:
        await self._stop("safety", "release", finish_s=0.2)

    def _make_safety(self) -> SafetyEngine:
        return SafetyEngine(watch=PgStockWatch(self._store), panic=self._refs["panic"], gate=self._gate)

    def _make_release(self) -> Release:
        return Release(
            store=PgHaltStore(lambda: self._store),
            panic=self._refs["panic"],
            platforms=self._platforms,
            committed=self._committed,
            needed=self._approvals_needed,
            cool_off_s=self._settings.safety.cool_off_s,
            pause=asyncio.sleep,
            crash=self._crash,
        )

    async def _approvals_needed(self) -> int:
        """A person who is alone resumes alone, after the time to cool off."""
        approvers = await PgAccountStore(self._store).count_approvers()
        return min(self._settings.safety.resume_approvals, max(approvers, 1))

    async def _start_postgres(self) -> None:
        if self._settings.database.url is None:
            self._postgres = EmbeddedPostgres(self._settings.data_dir)
            self._dsn = await self._postgres.start()
            self._keeper = self.runtime.run_task("postgres keeper", self._keep_postgres(self._postgres))
        else:
            self._dsn = self._settings.database.url.get_secret_value()

    async def _keep_postgres(self, postgres: EmbeddedPostgres) -> None:
        """Restart the server whenever it ends. Raises EmbeddedServerError when that is too often."""
        restarts = Restarts(_POSTGRES_RESTARTS, self._rng.fork("postgres"))
        while True:
            code = await postgres.wait_exit()
            log.error("postgres ended", code=code)
            if not restarts.allow(self._clock.monotonic()):
                raise EmbeddedServerError("PostgreSQL ended more than five times in a minute")
            await asyncio.sleep(restarts.backoff_s())
            if await postgres.start() != self._dsn:
                raise EmbeddedServerError("PostgreSQL came back at another address")
            log.info("postgres restarted", pid=postgres.pid)

    async def _stop_postgres(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
        if self._postgres is not None:
            await self._postgres.stop()

    async def _open_store(self) -> None:
        settings = self._settings.database
        await migrate(self._dsn, schema=settings.schema_)
        self._database = await Database.open(
            self._dsn,
            schema=settings.schema_,
            pool_size=settings.pool_size,
            clock=self._clock,
            rng=self._rng.fork("store"),
        )

    async def _close_store(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            await database.close()

    async def _start_journal(self) -> None:
        await self._spawn("journal", self._make_journal, _VITAL)
        self._committed.subscribe(self._refs["journal"])

    async def _stop_journal(self) -> None:
        await self._stop("journal", finish_s=0.95)

    def _make_journal(self) -> Journal:
        return Journal(
            store=PgJournalStore(self._store),
            leases=PgLeaseStore(self._store),
            holder=self._holder,
            numbered=self._numbered,
        )

    async def _start_streaming(self) -> None:
        await self._spawn("stream_bridge", self._make_stream_bridge, _VIEWERS)
        for topic in (self._numbered, self._state, self._steps, self._sold):
            topic.subscribe(self._refs["stream_bridge"])

    async def _stop_streaming(self) -> None:
        await self._stop("stream_bridge", finish_s=0.25)

    def _make_stream_bridge(self) -> StreamBridge:
        return StreamBridge(
            events=PgJournalStore(self._store),
            audience=self._audience,
            report=self._report,
            installed=_INSTALLED_STEPS,
        )

    async def _start_selling(self) -> None:
        await self._spawn("enterprise", self._make_enterprise, _SALES)

    async def _stop_selling(self) -> None:
        await self._stop("enterprise", drain_s=1.4)

    def _make_enterprise(self) -> Enterprise:
        return Enterprise(
            store=PgSaleStore(self._store, currency=self._settings.currency),
            committed=self._committed,
            crash=self._crash,
            reached=self._reached,
            sold=self._sold,
            state=self._state,
        )

    async def _start_learning(self) -> None:
        models = PgModelStore(self._store, crash=self._crash)
        await self._spawn("predictor", lambda: Predictor(models=models), _PREDICTIONS)
        await self._spawn("trainer", lambda: self._make_trainer(models), _OTHER)
        self._stored.subscribe(self._refs["trainer"])

    async def _stop_learning(self) -> None:
        await self._stop("trainer", "predictor", drain_s=0.1)

    def _make_trainer(self, models: PgModelStore) -> Trainer:
        return Trainer(
            holder=self._holder,
            outcomes=PgOutcomeStore(self._store),
            models=models,
            leases=PgLeaseStore(self._store),
            predictor=self._refs["predictor"],
            committed=self._committed,
            state=self._state,
            fitter=FittingProcess(),
            hearing=PgHearingStore(self._store),
            crash=self._crash,
        )

    async def _start_hearing(self) -> None:
        sources = self._make_sources()
        await self._spawn("scout", lambda: self._make_scout(sources), _OTHER)
        if self._polls:
            await self._spawn("retention", self._make_retention, _OTHER)

    def _make_retention(self) -> Retention:
        radar = self._settings.radar
        texts, rows = timedelta(days=radar.keep_texts_days), timedelta(days=radar.keep_signals_days)
        return Retention(store=PgRetentionStore(self._store, texts=texts, rows=rows))

    def _make_sources(self) -> Sequence[Source]:
        connectors = self._settings.connectors
        self._client = make_source_client(connectors, clock=self._clock, rng=self._rng.fork("client"))
        if not self._polls:
            return []
        return make_sources(
            connectors,
            client=self._client,
            quotas=PgQuotaStore(self._store),
            grants=PgGrantStore(self._store),
            clock=self._clock,
            rng=self._rng,
        )

    def _make_scout(self, sources: Sequence[Source]) -> Scout:
        return Scout(
            signals=PgSignalStore(self._store, near_duplicate_at=self._settings.radar.near_duplicate_at),
            knowledge=PgKnowledgeStore(self._store),
            policy=self._settings.radar.policy,
            states=PgSourceStore(self._store),
            leases=PgLeaseStore(self._store),
            holder=self._holder,
            sources=sources,
            committed=self._committed,
            stored=self._stored,
            steps=self._steps,
            state=self._state,
            intake=self._intake,
            expected_per_day=self._settings.connectors.expected_per_day,
        )

    async def _stop_hearing(self) -> None:
        await self._stop("scout", *(["retention"] if self._polls else []), drain_s=0.1)
        if self._client is not None:
            await self._client.close()

    async def _start_replicating(self) -> None:
        connectors = self._settings.connectors
        client = make_replica_client(connectors, clock=self._clock, rng=self._rng.fork("replica"))
        self._replica_client = client
        replica = make_replica(connectors, client=client, clock=self._clock)
        if replica is not None:
            await self._spawn("replicator", lambda: self._make_replicator(replica), _OTHER)

    def _make_replicator(self, replica: Replica) -> Replicator:
        firestore = self._settings.connectors.firestore
        return Replicator(
            replica=replica,
            progress=PgReplicaStore(self._store),
            events=PgJournalStore(self._store),
            signals=PgSignalStore(self._store),
            leases=PgLeaseStore(self._store),
            holder=self._holder,
            health=self._hear_health,
            follow_new_journal=firestore.follow_new_journal,
            documents_per_s=firestore.documents_per_s,
        )

    def _hear_health(self, health: ComponentHealth) -> None:
        self._told[health.name] = health

    async def _stop_replicating(self) -> None:
        await self._stop("replicator", finish_s=0.2)
        if self._replica_client is not None:
            await self._replica_client.close()

    async def _open_intake(self, console: Console) -> None:
        refs = self._refs
        accounts = PgAccountStore(self._store)
        if self._polls:
            self.first_link = await self._make_first_link(accounts)
        console.open(
            Handles(
                enterprise=refs["enterprise"],
                scout=refs["scout"],
                trainer=refs["trainer"],
                predictor=refs["predictor"],
                journal=refs["journal"],
                stream=refs["stream_bridge"],
                release=refs["release"],
                accounts=accounts,
                hearing=PgHearingStore(self._store),
                signals=PgSignalStore(self._store),
                pushes=Pushes(
                    receipts=PgReceiptStore(self._store), secrets=self._settings.connectors.push.keys()
                ),
                offers=make_offers(self._settings.connectors),
            )
        )
        self._sign_outs = self.runtime.run_task("sign-outs", console.logins.settle(asyncio.sleep))
        refs["scout"].tell(BeginIntake())
        # What stands now stays: collecting it again and again would only stall sales.
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)

    async def _make_first_link(self, accounts: PgAccountStore) -> str | None:
        """Draw the token of a single-use link while nobody can sign in; in a demo at every start."""
        token = draw_token()
        stored = await accounts.renew_first_link(hash_of(token), always=self._settings.demo)
        return token if stored else None

    async def _close_intake(self, console: Console) -> None:
        console.close_intake()
        if not await console.drain(_REQUESTS_END_S):
            log.warning("requests cut off", budget_s=_REQUESTS_END_S)
        if self._sign_outs is not None:
            self._sign_outs.cancel()
            await asyncio.wait([self._sign_outs])

    async def _start_world(self) -> None:
        if self._world is not None:
            self._people = self.runtime.run_task("demo world", self._world.live(), reported=False)

    async def _stop_world(self) -> None:
        if self._people is not None:
            self._people.cancel()
            await asyncio.wait([self._people])

    # -- pieces -----------------------------------------------------------------------------------

    @property
    def _store(self) -> Database:
        if self._database is None:
            raise StoreUnavailableError("the database is not connected")
        return self._database

    async def _spawn(self, name: str, factory: Callable[[], Actor[Any]], child: Child) -> None:
        self._refs[name] = await self.runtime.spawn(name, factory, child)

    async def _stop(self, *names: str, drain_s: float = 0.0, finish_s: float = 0.4) -> None:
        late = await self.runtime.stop(*names, drain_s=drain_s, finish_s=finish_s)
        if late:
            log.warning("actors cancelled", actors=late)

    def _on_failed(self, failed: Failed) -> None:
        if failed.name == "stream_bridge" and failed.outcome == "degraded":
            self._audience.part_all(TRY_AGAIN_LATER, "The live link is down.")
        self._on_failure(failed)

    def _on_dead_letter(self, letter: DeadLetter) -> None:
        message = type(letter.message).__name__
        log.warning(
            "message lost",
            actor=letter.actor,
            message=message,
            reason=letter.reason,
            error=repr(letter.error),
        )
        if letter.reason == "parked" and self._database is not None and self._parking < _PARKED_AT_ONCE:
            self._parking += 1
            self.runtime.run_task("park dead letter", self._park(letter))

    async def _park(self, letter: DeadLetter) -> None:
        try:
            await PgDeadLetterStore(self._store).park(
                id=uuid7(self._clock, self._rng),
                actor=letter.actor,
                lane=letter.message.lane.name.lower(),
                message_type=type(letter.message).__name__,
                payload=redact(repr(letter.message))[:10_000],
                error=repr(letter.error),
                tries=letter.tries,
            )
        except StoreError as error:
            log.error("dead letter not parked", actor=letter.actor, error=str(error))
        finally:
            self._parking -= 1
