"""The live link: ``GET /dashboard/ws``, a WebSocket of subprotocol ``leadboost.v1`` (RFC 6455)."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from aiohttp import hdrs, web

from leadboost.console.auth import TokenError
from leadboost.console.bodies import LiveQuery
from leadboost.console.call import Call
from leadboost.console.live_socket import SUBPROTOCOL, LiveSocket
from leadboost.console.problems import ProblemError
from leadboost.console.subprotocols import bearer_of, subprotocols
from leadboost.domain.live.closing import TRY_AGAIN_LATER
from leadboost.errors import ActorError
from leadboost.messages.stream import JoinViewer, ViewerReady


async def watch(call: Call) -> web.StreamResponse:
    """Greet, then send events and state as they come (a WebSocket of subprotocol leadboost.v1)."""
    query = call.query(LiveQuery)
    # Browsers hide why an upgrade was refused; a page asks again by a plain GET.
    call.surroundings.live.check_room(call.principal.subject)
    _refuse_unfit(call.request)
    surroundings, bridge = call.surroundings, call.handles.stream
    subject, cuts = call.principal.subject, surroundings.cuts
    viewer = LiveSocket(
        call.request,
        call.principal,
        clock=surroundings.clock,
        is_admitted=_admission(call),
        on_cut=partial(cuts.note, subject),
    )

    def ready() -> None:
        with suppress(ActorError):  # overloaded or stopped, it looks by itself or closes us
            bridge.tell(ViewerReady(sink=viewer))

    surroundings.live.add(viewer)
    try:
        headers = {"Server": "leadboost", "X-Trace-Id": call.trace_id}
        response = await viewer.open(ready, headers)
        call.note(response.status)
        try:
            bridge.tell(JoinViewer(sink=viewer, since=query.since, epoch=query.epoch, cut=cuts.take(subject)))
        except ActorError:
            viewer.close(TRY_AGAIN_LATER, "The live link is overloaded or down; try again.")
        if surroundings.closed:  # since it was admitted
            surroundings.live.close_all()
        await viewer.run()
    finally:
        surroundings.live.discard(viewer)
    return response


def _refuse_unfit(request: web.BaseRequest) -> None:
    """Refuse what cannot become a live link. The library would log the offered subprotocols, tokens too."""
    if request.headers.get(hdrs.UPGRADE, "").strip().lower() != "websocket":
        headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
        raise ProblemError(426, "upgrade_required", "This address speaks WebSocket only.", headers=headers)
    if SUBPROTOCOL not in subprotocols(request):
        raise ProblemError(400, "bad_subprotocol", f"Offer the subprotocol {SUBPROTOCOL}.")
    if not web.WebSocketResponse(protocols=(SUBPROTOCOL,)).can_prepare(request):
        raise ProblemError(400, "bad_handshake", "The WebSocket handshake is not version 13 of RFC 6455.")


def _admission(call: Call) -> Callable[[], Awaitable[bool]]:
    """Tell, whenever asked, whether the viewer would still be admitted."""
    tokens, token = call.surroundings.tokens, bearer_of(call.request)
    logins, login = call.surroundings.logins, call.principal.login

    async def is_admitted() -> bool:
        if login is not None:
            return await logins.is_live(login)
        with suppress(TokenError):
            return token is not None and tokens.verify(token) == call.principal
        return False

    return is_admitted
