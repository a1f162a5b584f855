"""The copy elsewhere, from the settings."""

from leadboost import __version__
from leadboost.clock import Clock, Rng
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.firestore import FirestoreAccess, FirestoreReplica
from leadboost.settings.connectors import ConnectorsSettings


def make_replica_client(connectors: ConnectorsSettings, *, clock: Clock, rng: Rng) -> WebClient:
    """The client of the copy alone, which keeps its pace itself. Whoever makes it closes it."""
    contact = f" (+{connectors.contact})" if connectors.contact else ""
    return WebClient(
        ClientPolicy(user_agent=f"LeadBoost/{__version__}{contact}", gap_s=0.0),
        guard=EgressGuard(allow_hosts=connectors.allow_hosts),
        clock=clock,
        rng=rng,
    )


def make_replica(
    connectors: ConnectorsSettings, *, client: WebClient, clock: Clock
) -> FirestoreReplica | None:
    """The copy in Firestore; None unless it is enabled."""
    firestore = connectors.firestore
    if not firestore.enabled or firestore.credentials_file is None or firestore.project is None:
        return None
    return FirestoreReplica(
        access=FirestoreAccess(
            client=client,
            clock=clock,
            base_url=firestore.base_url,
            credentials_file=firestore.credentials_file,
            timeout_s=firestore.timeout_s,
        ),
        clock=clock,
        project=firestore.project,
        database=firestore.database,
        prefix=firestore.prefix,
    )
