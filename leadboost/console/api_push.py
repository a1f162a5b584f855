"""Signals that other systems push, each message signed (Standard Webhooks)."""

import hashlib
from typing import Final

import structlog
from aiohttp import web

from leadboost.console.api_hear import hear_items
from leadboost.console.call import Call, json_response
from leadboost.console.items import items_of
from leadboost.console.json_body import parse_json
from leadboost.console.problems import ProblemError
from leadboost.console.replies import PushReply, encode
from leadboost.domain.webhook import Envelope, is_genuine
from leadboost.ports import Receipt

BODY_BYTES: Final = 256 * 1024
ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
MAX_SIGNALS: Final = 1000
_CHALLENGE: Final = {"WWW-Authenticate": "StandardWebhooks"}

_log = structlog.get_logger(__name__)


async def push_signals(call: Call) -> web.Response:
    """Take in a message once its signature is checked; the same id gets the same answer.

    It answers 202 when signals and answer are committed. Whoever gets no answer sends again.
    """
    sender, pushes = call.place[0], call.handles.pushes
    body = await call.read_json()
    envelope = _envelope(call.request)
    secrets = pushes.secrets.get(sender, ())
    if not is_genuine(envelope, body, secrets, now=call.surroundings.clock.now()):
        if secrets:
            _log.warning("push refused", sender=sender)
        detail = "The message is not signed with a live secret of this sender, or its time is off by 300 s."
        raise ProblemError(401, "unauthorized", detail, headers=_CHALLENGE)
    digest = hashlib.sha256(body).digest()
    receipt = await pushes.receipts.find(sender, envelope.id)
    if receipt is None:
        answer = await _take_in(call, sender, body)
        receipt = await pushes.receipts.keep(
            Receipt(sender=sender, id=envelope.id, body_sha256=digest, answer=answer)
        )
    if receipt.body_sha256 != digest:
        raise ProblemError(409, "id_reused", f"Another message came under this {ID_HEADER}; draw a new one.")
    return json_response(receipt.answer.encode(), 202)


async def _take_in(call: Call, sender: str, body: bytes) -> str:
    """A sender speaks for itself: whatever its signals say, their source is ``push.SENDER``."""
    items = [
        {**item, "source": f"push.{sender}"} if isinstance(item, dict) else item
        for item in items_of(parse_json(body), MAX_SIGNALS)
    ]
    heard = await hear_items(call, items)
    return encode(PushReply(heard.accepted, heard.duplicates, heard.rejected)).decode()


def _envelope(request: web.BaseRequest) -> Envelope:
    headers = request.headers
    return Envelope(
        id=headers.get(ID_HEADER, ""),
        timestamp=headers.get(TIMESTAMP_HEADER, ""),
        signature=headers.get(SIGNATURE_HEADER, ""),
    )
