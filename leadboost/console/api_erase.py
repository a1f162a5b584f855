"""Erasure on request of what a person said."""

from typing import Final

from aiohttp import web

from leadboost.console.bodies import EraseBody
from leadboost.console.call import Call, answer, validate
from leadboost.console.problems import Fault, invalid
from leadboost.console.replies import SignalsErased
from leadboost.messages.retention import EraseSignals

ERASE_DEADLINE_S: Final = 27.0


async def erase_signals(call: Call) -> web.Response:
    """Erase what a person said, or one item, with all that was made of it; it is not heard again.

    A dry run counts what would go.
    """
    body = validate(EraseBody, await call.json())
    if (body.handle is None) == (body.external_id is None):
        raise invalid([Fault("handle", "must be given, or else external_id with its source; not both")])
    if body.handle is None and body.source is None:
        raise invalid([Fault("source", "must be given with external_id: ids are those of one source")])
    command = EraseSignals(
        handle=body.handle,
        source=body.source,
        external_id=body.external_id,
        by=call.principal.subject,
        dry_run=call.is_dry_run,
    )
    erased = await call.handles.retention.ask(command, timeout_s=ERASE_DEADLINE_S)
    return answer(SignalsErased(erased.signals, erased.id, call.trace_id, command.dry_run))
