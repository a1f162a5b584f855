"""What this host has in common with others on the same database."""

from contextlib import suppress
from typing import TYPE_CHECKING

from leadboost.actors.listener import Listener
from leadboost.actors.mirror import Mirror
from leadboost.actors.safety_watch import SafetyWatch
from leadboost.composition.wiring import OTHER, VITAL, Wiring
from leadboost.domain.echo import Echo
from leadboost.domain.halt import Halt
from leadboost.domain.heard import LastHeard
from leadboost.errors import ActorError
from leadboost.messages.events import EventsCommitted, EventsNumbered, ForeignSaid, HaltTripped
from leadboost.messages.mirror import Echoed
from leadboost.messages.panic import HearHalt
from leadboost.mirror import DistributedLock
from leadboost.ports import LEASE_TTL_S
from leadboost.runtime import Child, Stage
from leadboost.store.foreign import PgForeignStore
from leadboost.store.halts import PgHaltStore
from leadboost.store.journal import PgJournalStore
from leadboost.store.leases import PgLeaseStore

if TYPE_CHECKING:
    from leadboost.mirror.bus import EventBus
    from leadboost.mirror.client import RedisClients

_MIRROR = Child(intensity=(10, 60.0))


class Mirroring:
    """The lock over all hosts, and where there is a Redis, Mirror and Listener; it need not answer."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._bus: EventBus | None = None
        self._echo = Echo(wiring.clock)
        self._heard = LastHeard(wiring.clock)

    def stage(self) -> Stage:
        """The stage of it."""
        return self._wiring.stage(name="mirror", start=self._start, stop=self._stop, stop_s=0.9)

    def check(self) -> str:
        """Return ``ok``, ``off`` without a Redis, or why nothing comes back from it."""
        return "off" if self._bus is None else self._echo.failure() or "ok"

    async def _start(self) -> None:
        clients = self._connect()
        self._make_lock(clients)
        if clients is not None:
            await self._start_actors(clients)
        if clients is not None or self._wiring.settings.database.url is not None:
            await self._watch_others()

    async def _watch_others(self) -> None:
        """There may be other hosts: a stop on one of them must reach this one, or the gate closes."""
        wiring = self._wiring
        store, panic = PgHaltStore(lambda: wiring.store), wiring.refs["panic"]
        await wiring.spawn(
            "safety_watch", lambda: SafetyWatch(safety=store, panic=panic, heard=self._heard), VITAL
        )
        wiring.gate.ask("hosts", self._heard.failure)

    def _connect(self) -> "RedisClients | None":
        url = self._wiring.settings.redis.url
        if url is None:
            return None
        # The driver takes a tenth of a second to load, which a host alone is spared.
        from leadboost.mirror.client import RedisClients

        return RedisClients(url.get_secret_value(), clock=self._wiring.clock)

    def _make_lock(self, clients: "RedisClients | None") -> None:
        wiring, election = self._wiring, None
        if clients is not None:
            from leadboost.mirror.election import RedisElection

            election = RedisElection(clients, rng=wiring.rng.fork("locks"), ttl_s=LEASE_TTL_S)
        wiring.lock = DistributedLock(
            PgLeaseStore(wiring.store), election, clock=wiring.clock, run_task=wiring.runtime.run_task
        )

    async def _start_actors(self, clients: "RedisClients") -> None:
        from leadboost.mirror.bus import EventBus
        from leadboost.mirror.link import RedisLink

        wiring, topics = self._wiring, self._wiring.topics
        self._bus = EventBus(clients, run_task=wiring.runtime.run_task)
        key = await PgJournalStore(wiring.store).mirror_key()
        link = RedisLink(self._bus, key=key, origin=wiring.holder, clock=wiring.clock, hear=self._hear)
        await wiring.spawn(
            "mirror", lambda: Mirror(link=link, echo=self._echo, health=wiring.hear_health), _MIRROR
        )
        for topic in (topics.tripped, topics.numbered, topics.committed, topics.echoed):
            topic.subscribe(wiring.refs["mirror"])
        if wiring.polls:
            await wiring.spawn("listener", self._make_listener, OTHER)
            topics.foreign.subscribe(wiring.refs["listener"])

    def _make_listener(self) -> Listener:
        wiring = self._wiring
        return Listener(
            store=PgForeignStore(wiring.store),
            leases=wiring.leases,
            holder=wiring.holder,
            committed=wiring.topics.committed,
        )

    def _hear(self, heard: HaltTripped | EventsNumbered | EventsCommitted | ForeignSaid | Echoed) -> None:
        topics = self._wiring.topics
        self._heard.note()
        match heard:
            case HaltTripped(halt=halt):
                self._hear_halt(halt)
            case EventsNumbered():
                topics.numbered_elsewhere.publish(heard)
            case EventsCommitted():
                topics.committed_elsewhere.publish(heard)
            case ForeignSaid():
                topics.foreign.publish(heard)
            case Echoed():
                topics.echoed.publish(heard)

    def _hear_halt(self, halt: Halt) -> None:
        """The gate first, before any mailbox."""
        self._wiring.gate.latch_unknown(halt.id, halt.scope, (item.campaign for item in halt.items))
        with suppress(ActorError):  # it learns of the halt from the database
            self._wiring.refs["panic"].tell(HearHalt(halt=halt))

    async def _stop(self) -> None:
        await self._wiring.stop("safety_watch", "listener", "mirror", finish_s=0.2)
        if self._bus is not None:
            await self._bus.close()
            self._bus = None
        self._wiring.lock = None
