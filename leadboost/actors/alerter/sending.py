"""One try to get one delivery out, and what becomes of it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from leadboost.actors.alerter.line import TELL_AFTER, Line
from leadboost.actors.alerter.told import Sent
from leadboost.clock import Clock
from leadboost.domain.alerting.alert import Notice, Recipient
from leadboost.errors import AlertChannelError, StoreError
from leadboost.ports import AlertStore, Delivery, Outcome

SEND_WITHIN_S = 30.0
RETRY_S = 1.0  # a channel that fails keeps a pace of its own
KEPT = timedelta(hours=24)

_log = structlog.get_logger(__name__)


class Sending:
    """Tries, and notes the outcome. An outcome that cannot be noted makes the delivery come twice."""

    def __init__(self, alerts: AlertStore, recipients: Sequence[Recipient], clock: Clock) -> None:
        self._alerts = alerts
        self._last_level = max((each.level for each in recipients), default=1)
        self._clock = clock

    async def deliver(self, line: Line, delivery: Delivery) -> Sent:
        """Send it, and note what became of it."""
        error, note = await self.attempt(line, delivery)
        outcome = Outcome(state="delivered", error=note) if error is None else self._failure(delivery, error)
        try:
            await self._alerts.settle(delivery, outcome)
        except StoreError as lost:
            _log.warning("outcome of a delivery not noted", channel=line.name, error=str(lost))
        return Sent(delivery=delivery, error=error)

    async def directly(self, line: Line, delivery: Delivery) -> Sent:
        """Send what stands nowhere."""
        error, _ = await self.attempt(line, delivery)
        return Sent(delivery=delivery, error=error, direct=True)

    async def attempt(self, line: Line, delivery: Delivery) -> tuple[AlertChannelError | None, str | None]:
        """Send it; what failed, and what of it was left out."""
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                return None, await line.channel.send(delivery)
        except AlertChannelError as error:
            return error, None
        except TimeoutError:
            return AlertChannelError(line.name, "did not answer in time"), None
        except Exception as error:  # one notice must not keep all others from going out
            _log.exception("alert channel broke", channel=line.name)
            return AlertChannelError(line.name, f"broke: {type(error).__name__}", kind="refused"), None

    def _failure(self, delivery: Delivery, error: AlertChannelError) -> Outcome:
        now = self._clock.now()
        given_up = error.kind == "refused" or now - delivery.created_at > KEPT
        return Outcome(
            state="failed" if given_up else "pending",
            error=error.reason,
            next_try_at=now + timedelta(seconds=max(error.retry_after_s or 0.0, RETRY_S)),
            pass_on=self._is_hopeless(delivery, error),
        )

    def _is_hopeless(self, delivery: Delivery, error: AlertChannelError) -> bool:
        """Whether the next level has to hear of the alert now, since this channel will not take it soon."""
        patience = TELL_AFTER - 1 if error.kind == "passing" else 0
        is_first = delivery.notice is Notice.RAISED and delivery.attempts == patience
        return is_first and delivery.alert.rounds + 1 < self._last_level
