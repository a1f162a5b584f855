"""Firestore's stand-in, and what is connected to it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from leadboost.clock import Clock, Rng
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.firestore import FirestoreAccess, FirestoreReplica
from leadboost.ports import Document
from leadboost.standins.api import Fault
from leadboost.standins.firestore import AccountKey, FirestoreServer
from leadboost.standins.firestore.status import error_body

PROJECT = "shop-project"


@cache
def account_key() -> AccountKey:
    """One key for all tests of a process: drawing one takes a while."""
    return AccountKey()


def client_of(clock: Clock) -> WebClient:
    """The shared client, which may ask this machine."""
    policy = ClientPolicy(user_agent="LeadBoost/test", gap_s=0.0)
    return WebClient(policy, guard=EgressGuard(allow_hosts=["127.0.0.1"]), clock=clock, rng=Rng(1))


class FirestoreWorld:
    """The server, its key file, and a connection to it."""

    def __init__(self, server: FirestoreServer, folder: Path, clock: Clock) -> None:
        self.server = server
        self.clock = clock
        self.client = client_of(clock)
        self.key_file = account_key().write(folder / "key.json", token_uri=server.token_uri)
        self.access = self.access_of()
        self.replica = self.replica_of(self.access)

    def access_of(self, *, base_url: str | None = None, timeout_s: float = 5.0) -> FirestoreAccess:
        return FirestoreAccess(
            client=self.client,
            clock=self.clock,
            base_url=base_url or self.server.url,
            credentials_file=self.key_file,
            timeout_s=timeout_s,
        )

    def replica_of(self, access: FirestoreAccess, *, project: str = PROJECT) -> FirestoreReplica:
        return FirestoreReplica(
            access=access, clock=self.clock, project=project, database="(default)", prefix="lb_"
        )

    @property
    def statuses(self) -> list[int]:
        """HTTP statuses of the calls to the database, oldest first."""
        return [each.status for each in self.server.asked if each.path != "/token"]


@asynccontextmanager
async def firestore_world(folder: Path, clock: Clock) -> AsyncIterator[FirestoreWorld]:
    """Start the server; the key is drawn aside, for that holds up the loop."""
    key = await asyncio.to_thread(account_key)
    async with FirestoreServer(key=key, clock=clock, project=PROJECT) as server:
        world = FirestoreWorld(server, folder, clock)
        yield world
        await world.client.close()


def fault(code: int, *, late: bool = False, **headers: str) -> Fault:
    """An error of Firestore for a whole request; ``late``: after the work was done."""
    status, body = error_body(code)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(status=status, body=body, content_type="application/json", headers=sent, late=late)


def documents(count: int, *, text: str = "fan") -> Sequence[Document]:
    """Small documents of unlike keys."""
    return [
        Document(collection="signals", key=f"signal/{number}", fields={"n": number, "text": text})
        for number in range(count)
    ]
