"""The kill switch: what holds, the big stop, and its end. Answers in safe mode too, but for the end."""

from typing import Final
from uuid import UUID

from aiohttp import web

from leadboost.console.bodies import PanicBody, ResumeBody
from leadboost.console.call import Call, answer, validate
from leadboost.console.problems import Fault, ProblemError, invalid
from leadboost.console.replies import DryRun, HaltTripped, ResumeReply
from leadboost.domain.halt import Scope, halt_view
from leadboost.messages.panic import GetHalt, GetSafety, ListCampaigns, TripHalt
from leadboost.messages.release import ApproveResume

TRIP_DEADLINE_S: Final = 3.0
RESUME_DEADLINE_S: Final = 8.0


async def get_safety(call: Call) -> web.Response:
    """Tell what may leave now, and every halt that holds."""
    return answer((await call.panic.ask(GetSafety())).view())


async def trip(call: Call) -> web.Response:
    """Halt at once: the gate closes before anything is awaited. The same scope again is verified again."""
    body = validate(PanicBody, await call.json())
    scope = Scope.parse(body.scope)
    if call.is_dry_run:
        return answer(DryRun(1, (), (), call.trace_id))
    call.surroundings.trip(scope)
    command = TripHalt(scope=scope, reason=body.reason, by=call.principal.subject)
    halt = await call.panic.ask(command, timeout_s=TRIP_DEADLINE_S)
    return answer(HaltTripped(halt.id, halt.state, call.trace_id), 202)


async def get_halt(call: Call) -> web.Response:
    """One halt with every campaign."""
    halt = await call.panic.ask(GetHalt(id=_id(call.place[0])))
    if halt is None:
        raise ProblemError(404, "not_found", "There is no halt of this id among those that are remembered.")
    status = await call.panic.ask(GetSafety())
    return answer(halt_view(halt, status.needed))


async def resume(call: Call) -> web.Response:
    """Approve the end of a halt: 202 while approvals are missing, 200 when it is released."""
    body = validate(ResumeBody, await call.json())
    if call.is_dry_run:
        return answer(DryRun(1, (), (), call.trace_id))
    command = ApproveResume(halt_id=body.halt_id, reason=body.reason, by=call.principal.subject)
    approved = await call.handles.release.ask(command, timeout_s=RESUME_DEADLINE_S)
    reply = ResumeReply(approved.approvals, approved.needed, approved.resumed, call.trace_id)
    return answer(reply, 200 if approved.resumed else 202)


async def list_campaigns(call: Call) -> web.Response:
    """Campaigns of every connected account as last read."""
    return answer((await call.panic.ask(ListCampaigns())).view())


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid([Fault("id", "must be a UUID")]) from None
