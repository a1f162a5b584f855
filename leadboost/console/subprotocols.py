"""What a WebSocket client offers: subprotocols, one of which may carry a token.

Browsers let a script set no header of a WebSocket, so ``bearer.TOKEN`` stands for ``Authorization``.
It is never echoed and never logged.
"""

from collections.abc import Sequence
from typing import Final

from aiohttp import hdrs, web

_BEARER: Final = "bearer."


def subprotocols(request: web.BaseRequest) -> Sequence[str]:
    """Everything offered, in order."""
    offers = request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, ())
    return [each.strip() for offer in offers for each in offer.split(",")]


def bearer_of(request: web.BaseRequest) -> str | None:
    """Return the request's token, from either place; None without one."""
    header = request.headers.get(hdrs.AUTHORIZATION, "")
    if header[:7].lower() == "bearer ":
        return header[7:]
    if hdrs.SEC_WEBSOCKET_PROTOCOL in request.headers:
        return next(
            (each[len(_BEARER) :] for each in subprotocols(request) if each.startswith(_BEARER)), None
        )
    return None
