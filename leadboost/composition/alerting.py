"""Somebody hears of what matters."""

import socket

from leadboost.actors.alerter import Alerter
from leadboost.actors.alerter.passes import Stores
from leadboost.adapters.alerting import make_alert_client, make_policy, make_ways
from leadboost.composition.wiring import OTHER, Wiring
from leadboost.connectors.client import WebClient
from leadboost.domain.alerting.alert import Change, Raise, Resolve, Severity
from leadboost.messages.alerter import NoteChanges
from leadboost.runtime import Stage
from leadboost.runtime.system import Failed
from leadboost.store.alerts import PgAlertStore
from leadboost.store.journal import PgJournalStore

_HOST = socket.gethostname()


class Alerting:
    """Alerter and its channels. A daemon that lives as long as one command leaves what there is to tell to
    the next one."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._client: WebClient | None = None

    def stage(self) -> Stage:
        """The stage of it."""
        return self._wiring.stage(name="alerting", start=self._start, stop=self._stop, stop_s=0.4)

    async def _start(self) -> None:
        wiring = self._wiring
        connectors = wiring.settings.connectors
        self._client = make_alert_client(connectors, clock=wiring.clock, rng=wiring.rng.fork("alerts"))
        await wiring.spawn("alerter", self._make_alerter, OTHER)
        # An earlier start of this host may have left what is over by now.
        self._tell(Resolve(key=_key(""), at=wiring.clock.now(), prefix=True))

    async def _stop(self) -> None:
        await self._wiring.stop("alerter", finish_s=0.3)
        if self._client is not None:
            await self._client.close()

    def note_failure(self, failed: Failed) -> None:
        """A part that was given up is to be heard of, from this host."""
        if failed.outcome in ("degraded", "escalated"):
            self._tell(
                Raise(
                    key=_key(failed.name),
                    severity=Severity.CRITICAL,
                    title=f"{failed.name} was given up on {_HOST}",
                    detail=f"{failed.error!r}; the log says more. It runs again after a restart.",
                    at=self._wiring.clock.now(),
                )
            )

    def _tell(self, change: Change) -> None:
        alerter = self._wiring.refs.get("alerter")
        if alerter is not None:
            alerter.tell(NoteChanges(changes=[change]))

    def _make_alerter(self) -> Alerter:
        wiring, client = self._wiring, self._client
        assert client is not None  # noqa: S101 - made by the stage before the actor
        ways = make_ways(wiring.settings, client=client, clock=wiring.clock)
        return Alerter(
            stores=Stores(
                alerts=PgAlertStore(wiring.store),
                events=PgJournalStore(wiring.store),
                leases=wiring.leases,
                holder=wiring.holder if wiring.polls else None,
            ),
            ways=ways,
            policy=make_policy(wiring.settings.alerts),
            panic=wiring.refs["panic"],
            state=wiring.topics.state,
            health=wiring.hear_health,
        )


def _key(actor: str) -> str:
    return f"actor/{_HOST}/{actor}"
