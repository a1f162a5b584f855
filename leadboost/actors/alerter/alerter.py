"""Alerter: turns events into alerts, and sees to it that somebody hears of them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import assert_never

import structlog

from leadboost.actors.alerter.direct import Direct
from leadboost.actors.alerter.line import Line, Way
from leadboost.actors.alerter.passes import Passes, Stores
from leadboost.actors.alerter.sending import Sending
from leadboost.actors.alerter.told import Held, Look, Passed, PassFailed, Sent
from leadboost.clock import uuid7
from leadboost.domain.alerting.alert import (
    Change,
    Notice,
    Policy,
    Raise,
    Resolve,
    Severity,
    new_alert,
    resolved,
)
from leadboost.errors import LeaseLostError, StoreError, UnknownChannelError
from leadboost.messages.alerter import (
    Acknowledge,
    Acknowledged,
    AlertCounts,
    AlertsShown,
    ListAlerts,
    NoteChanges,
    TryChannel,
)
from leadboost.messages.events import StateChanged
from leadboost.messages.health import ComponentHealth
from leadboost.messages.panic import GetSafety
from leadboost.ports import Delivery
from leadboost.runtime import Actor, ActorRef, Topic

LOOK_EVERY_S = 1.0
DIRECT_AFTER_S = 10.0
RESOLVED_SHOWN, SHOWN = 50, 500
MOST_NOTED = 1_000

_log = structlog.get_logger(__name__)

_Told = NoteChanges | ListAlerts | Acknowledge | TryChannel | Look | Passed | PassFailed | Sent | Held


class Alerter(Actor[_Told]):
    """Sends what is due, one delivery a channel at a time, and never waits for any of them.

    Alerts and deliveries are rows: what has not gone out when the process ends goes out after it. A channel
    that fails is tried again ever later, is itself an alert to the other channels, and is told by
    ``health``. While the database is away, halts and what this process notes go out directly.
    """

    max_work = 64

    def __init__(
        self,
        *,
        stores: Stores,
        ways: Sequence[Way],
        policy: Policy,
        panic: ActorRef[GetSafety],
        state: Topic[StateChanged],
        health: Callable[[ComponentHealth], None],
        look_every_s: float = LOOK_EVERY_S,
        direct_after_s: float = DIRECT_AFTER_S,
    ) -> None:
        self._stores = stores
        self._ways = ways
        self._policy = policy
        self._panic = panic
        self._state = state
        self._health = health
        self._look_every_s = look_every_s
        self._direct_after_s = direct_after_s
        self._passing = self._asking = False
        self._noted: list[Change] = []
        self._away_since: float | None = None
        self._shown: dict[str, object] | None = None

    async def on_start(self) -> None:
        recipients = [way.recipient for way in self._ways]
        self._lines = {way.channel.name: Line(way, self.rng) for way in self._ways}
        self._passes = Passes(self._stores, self._policy, recipients, self._panic, self.clock)
        self._sending = Sending(self._stores.alerts, recipients, self.clock)
        self._direct = Direct(self._policy, self.clock, self.rng)
        self._tell_health()
        self.every(self._look_every_s, Look())
        self._look()

    async def on_stop(self) -> None:
        with suppress(StoreError):  # it runs out by itself
            await self._passes.resign()

    async def receive(self, message: _Told) -> object:
        match message:
            case ListAlerts():
                return self.answer_later("list", self._list(), answer=lambda shown: shown)
            case Acknowledge():
                work = self._acknowledge(message)
                return self.answer_later("acknowledge", work, answer=lambda done: done, then=lambda _: Look())
            case TryChannel(name=name, by=by):
                return self.answer_later("try", self._try(name, by), answer=lambda said: said)
            case NoteChanges(changes=changes):
                self._note(*changes)
            case Look():
                self._look()
            case Passed():
                self._passed(message)
            case PassFailed(error=error):
                self._pass_failed(error)
            case Sent():
                self._sent(message)
            case Held(reason=reason, changes=changes):
                self._asking = False
                self._go_directly(reason, changes)
            case _:
                assert_never(message)
        return None

    def _note(self, *changes: Change) -> None:
        """Take in what this process notes; of very much, while the database is away, the newest is lost."""
        self._noted += changes[: MOST_NOTED - len(self._noted)]
        self._look()

    # -- passes -----------------------------------------------------------------------------------

    def _look(self) -> None:
        if self._passing:
            return
        self._passing = True
        now = self.clock.monotonic()
        free = [line.name for line in self._lines.values() if line.is_free(now)]
        self.spawn(
            "pass",
            self._passes.run(tuple(self._noted), self._direct, free),
            then=lambda passed: passed,
            otherwise=lambda error: PassFailed(error=error),
        )

    def _passed(self, passed: Passed) -> None:
        self._passing = False
        del self._noted[: passed.applied]  # what was noted meanwhile stands behind them
        if self._away_since is not None:
            self._away_since = None
            self._direct.clear()
            _log.info("alerts stored again")
        for delivery in passed.due:
            self._send(delivery)
        self._show(passed.counts)
        if passed.more or self._noted:
            self._look()

    def _pass_failed(self, error: Exception) -> None:
        if not isinstance(error, StoreError):
            raise error
        self._passing = False
        self._passes.forget()
        if isinstance(error, LeaseLostError):
            return
        now = self.clock.monotonic()
        if self._away_since is None:
            self._away_since = now
            _log.warning("alerts not stored", error=str(error))
        if now - self._away_since >= self._direct_after_s and not self._asking:
            self._asking = True
            reason = str(error)
            self.spawn("ask halts", self._passes.halts(), then=lambda held: Held(reason=reason, changes=held))

    # -- sending ----------------------------------------------------------------------------------

    def _send(self, delivery: Delivery) -> None:
        line = self._lines[delivery.channel]
        if not line.busy:
            line.busy = True
            self.spawn("send", self._sending.deliver(line, delivery), then=lambda sent: sent)

    def _go_directly(self, reason: str, changes: Sequence[Change]) -> None:
        """Tell each free channel the next thing, unless the database has come back meanwhile."""
        if self._away_since is None:
            return
        self._direct.take(reason, (*self._noted, *changes))
        now = self.clock.monotonic()
        for line in self._lines.values():
            delivery = self._direct.next_for(line) if line.is_free(now) else None
            if delivery is not None:
                line.busy = True
                self.spawn("send", self._sending.directly(line, delivery), then=lambda sent: sent)

    def _sent(self, sent: Sent) -> None:
        line, now = self._lines[sent.delivery.channel], self.clock.monotonic()
        line.busy = False
        if sent.error is not None:
            line.failed(now, sent.error)
            _log.warning("alert not delivered", channel=line.name, reason=sent.error.reason)
        else:
            line.sent(now)
            if sent.direct and self._away_since is not None:
                self._direct.note(sent.delivery)
        self._tell_health()
        self._note(*self._changes_of(line))

    def _changes_of(self, line: Line) -> Sequence[Change]:
        """A channel that fails is itself to be heard of, by the others."""
        if line.fails is not None and not line.is_told:
            line.is_told = True
            title = f"Alerts do not get through by {line.name}"
            at = self.clock.now()
            return [Raise(key=line.key, severity=Severity.WARNING, title=title, detail=line.fails, at=at)]
        if line.works and line.is_told is not False:
            line.is_told = False
            return [Resolve(key=line.key, at=self.clock.now())]
        return ()

    # -- what people ask and see --------------------------------------------------------------------

    async def _list(self) -> AlertsShown:
        alerts = self._stores.alerts
        items = await alerts.shown(resolved=RESOLVED_SHOWN, limit=SHOWN)
        pending = await alerts.pending()
        channels = [line.status(pending.get(line.name, 0)) for line in self._lines.values()]
        return AlertsShown(items=items, channels=channels)

    async def _acknowledge(self, asked: Acknowledge) -> Acknowledged | None:
        alert = await self._stores.alerts.acknowledge(asked.id, by=asked.by, note=asked.note)
        return None if alert is None else Acknowledged(id=alert.id, state=alert.state)

    async def _try(self, name: str, by: str) -> str | None:
        line = self._lines.get(name)
        if line is None:
            raise UnknownChannelError(f"no alert channel {name} is enabled")
        at, drawn = self.clock.now(), uuid7(self.clock, self.rng)
        title, detail = "A test of this channel", f"Asked for by {by}. Nothing is wrong."
        raised = Raise(
            key=f"test/{name}", severity=Severity.INFO, title=title, detail=detail, momentary=True, at=at
        )
        alert = new_alert(raised, drawn, self._policy, at)
        for notice in (Notice.RAISED, Notice.RESOLVED):  # nobody has to close an incident of a test
            delivery = Delivery(id=drawn, channel=name, notice=notice, alert=alert, created_at=at)
            error, note = await self._sending.attempt(line, delivery)
            if error is not None or note is not None:
                return note if error is None else error.reason
            alert, drawn = resolved(alert, self.clock.now()), uuid7(self.clock, self.rng)
        return None

    def _show(self, counts: AlertCounts) -> None:
        data: dict[str, object] = {
            "open": counts.open,
            "critical": counts.critical,
            "acknowledged": counts.acknowledged,
            "undelivered": counts.undelivered,
        }
        if data != self._shown:
            self._shown = data
            self._state.publish(StateChanged(key="alerts", data=data))

    def _tell_health(self) -> None:
        for line in self._lines.values():
            status = line.status(0)
            self._health(
                ComponentHealth(name=f"alerts.{line.name}", state=status.state, detail=status.detail)
            )
