"""Alerts: what somebody has to hear of, and who sees to it."""

from typing import Final
from uuid import UUID

from aiohttp import web

from leadboost.console.bodies import AcknowledgeBody
from leadboost.console.call import Call, answer, validate
from leadboost.console.problems import Fault, ProblemError, invalid
from leadboost.console.replies import AlertAcknowledged, AlertReply, AlertsReply, ChannelTried, DryRun
from leadboost.errors import UnknownChannelError
from leadboost.messages.alerter import Acknowledge, ListAlerts, TryChannel

DEADLINE_S: Final = 5.0
TRY_DEADLINE_S: Final = 32.0


async def list_alerts(call: Call) -> web.Response:
    """Alerts that are not over and the last 50 that are, newest first, and the channels they go out by."""
    shown = await call.handles.alerter.ask(ListAlerts(), timeout_s=DEADLINE_S)
    return answer(AlertsReply([AlertReply.of(each) for each in shown.items], shown.channels))


async def acknowledge(call: Call) -> web.Response:
    """See to an alert: it is passed on no further. What has happened and does not last is over with that."""
    body = validate(AcknowledgeBody, await call.json())
    alert_id = _id(call.place[0])
    if call.is_dry_run:
        return answer(DryRun(1, (), (), call.trace_id))
    command = Acknowledge(id=alert_id, by=call.principal.subject, note=body.note)
    done = await call.handles.alerter.ask(command, timeout_s=DEADLINE_S)
    if done is None:
        raise ProblemError(404, "not_found", "There is no alert of this id; see GET /api/alerts.")
    return answer(AlertAcknowledged(done.id, done.state, call.trace_id))


async def try_channel(call: Call) -> web.Response:
    """Send a test by a channel of alerts now; ``detail`` says why it did not get through, or to whom."""
    if call.is_dry_run:
        return answer(DryRun(1, (), (), call.trace_id))
    command = TryChannel(name=call.place[0], by=call.principal.subject)
    try:
        failed = await call.handles.alerter.ask(command, timeout_s=TRY_DEADLINE_S)
    except UnknownChannelError as error:
        raise ProblemError(404, error.code, f"{error}; see GET /api/alerts.") from None
    return answer(ChannelTried(failed is None, failed, call.trace_id))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid([Fault("id", "must be a UUID")]) from None
