"""What this host has in common with others on the same database."""

from typing import TYPE_CHECKING

from leadboost.composition.wiring import Wiring
from leadboost.mirror import DistributedLock
from leadboost.ports import LEASE_TTL_S
from leadboost.runtime import Stage
from leadboost.store.leases import PgLeaseStore

if TYPE_CHECKING:
    from leadboost.mirror.client import RedisClients


class Mirroring:
    """The lock over all hosts; Redis, where there is one, need not answer at the start."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._clients: RedisClients | None = None

    def stage(self) -> Stage:
        """The stage of it."""
        return self._wiring.stage(name="mirror", start=self._start, stop=self._stop, stop_s=0.6)

    async def _start(self) -> None:
        wiring = self._wiring
        self._clients = self._connect()
        election = None
        if self._clients is not None:
            from leadboost.mirror.election import RedisElection

            election = RedisElection(self._clients, rng=wiring.rng.fork("locks"), ttl_s=LEASE_TTL_S)
        wiring.lock = DistributedLock(
            PgLeaseStore(wiring.store), election, clock=wiring.clock, run_task=wiring.runtime.run_task
        )

    async def _stop(self) -> None:
        self._wiring.lock = None
        if self._clients is not None:
            await self._clients.close()

    def _connect(self) -> "RedisClients | None":
        url = self._wiring.settings.redis.url
        if url is None:
            return None
        # The driver takes a tenth of a second to load, which a host alone is spared.
        from leadboost.mirror.client import RedisClients

        return RedisClients(url.get_secret_value(), clock=self._wiring.clock)
