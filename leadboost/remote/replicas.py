"""Whether the copy elsewhere can be reached from here."""

from leadboost.adapters.replicas import make_replica, make_replica_client
from leadboost.clock import Clock, Rng
from leadboost.errors import ReplicaError
from leadboost.settings.connectors import ConnectorsSettings


async def replica_states(connectors: ConnectorsSettings, clock: Clock) -> dict[str, str]:
    """Look at the copy, if one is kept; the value is ``ok...``, or the fault. Nothing is written."""
    client = make_replica_client(connectors, clock=clock, rng=Rng())
    try:
        replica = make_replica(connectors, client=client, clock=clock)
        if replica is None:
            return {}
        begun = "goes on" if await replica.is_signed() else "is begun at the next start"
        return {replica.name: f"ok, the copy {begun}"}
    except ReplicaError as error:
        return {error.replica: error.reason}
    finally:
        await client.close()
