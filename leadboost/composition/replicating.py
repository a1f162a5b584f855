"""The copy elsewhere."""

from leadboost.actors.replicator import Replicator
from leadboost.adapters.replicas import make_replica, make_replica_client
from leadboost.composition.wiring import OTHER, Wiring
from leadboost.connectors.client import WebClient
from leadboost.ports import Replica
from leadboost.runtime import Stage
from leadboost.store.journal import PgJournalStore
from leadboost.store.replicas import PgReplicaStore
from leadboost.store.signals import PgSignalStore


class Replicating:
    """Replicator, where a copy is enabled."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._client: WebClient | None = None

    def stage(self) -> Stage:
        """The stage of it."""
        return self._wiring.stage(name="replicating", start=self._start, stop=self._stop, stop_s=0.3)

    async def _start(self) -> None:
        wiring = self._wiring
        connectors = wiring.settings.connectors
        client = make_replica_client(connectors, clock=wiring.clock, rng=wiring.rng.fork("replica"))
        self._client = client
        replica = make_replica(connectors, client=client, clock=wiring.clock)
        if replica is not None:
            await wiring.spawn("replicator", lambda: self._make_replicator(replica), OTHER)

    async def _stop(self) -> None:
        await self._wiring.stop("replicator", finish_s=0.2)
        if self._client is not None:
            await self._client.close()

    def _make_replicator(self, replica: Replica) -> Replicator:
        wiring = self._wiring
        firestore = wiring.settings.connectors.firestore
        return Replicator(
            replica=replica,
            progress=PgReplicaStore(wiring.store),
            events=PgJournalStore(wiring.store),
            signals=PgSignalStore(wiring.store),
            leases=wiring.leases,
            holder=wiring.holder,
            health=wiring.hear_health,
            follow_new_journal=firestore.follow_new_journal,
            documents_per_s=firestore.documents_per_s,
        )
