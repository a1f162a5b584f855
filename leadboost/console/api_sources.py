"""The sources of signals: how each fares, what could be had besides, and muting."""

from typing import Final

from aiohttp import web

from leadboost.console.bodies import MuteBody
from leadboost.console.call import Call, answer, validate
from leadboost.console.problems import ProblemError
from leadboost.console.replies import DryRun, SourcesReply
from leadboost.messages.scout import ListSources, MuteSource

MUTE_DEADLINE_S: Final = 5.0


async def list_sources(call: Call) -> web.Response:
    """List every configured source with its state, and every connector with what can be obtained."""
    items = await call.handles.scout.ask(ListSources())
    return answer(SourcesReply(items, call.handles.offers))


async def mute_source(call: Call) -> web.Response:
    """Stop to poll a source, or go on."""
    body, name = validate(MuteBody, await call.json()), call.place[0]
    if call.is_dry_run:
        if name not in [each.name for each in await call.handles.scout.ask(ListSources())]:
            raise _unknown()
        return answer(DryRun(1, (), (), call.trace_id))
    command = MuteSource(name=name, muted=body.muted, reason=body.reason, by=call.principal.subject)
    status = await call.handles.scout.ask(command, timeout_s=MUTE_DEADLINE_S)
    if status is None:
        raise _unknown()
    return answer(status)


def _unknown() -> ProblemError:
    return ProblemError(404, "not_found", "No source of this name is configured; see GET /api/sources.")
