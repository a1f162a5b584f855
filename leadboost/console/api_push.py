"""Signals that other systems push, each message signed (Standard Webhooks)."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
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
from leadboost.errors import StoreError
from leadboost.messages.scout import ListSources
from leadboost.ports import Receipt

BODY_BYTES: Final = 256 * 1024
ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
MAX_SIGNALS: Final = 1000
_RETRY: Final = {"Retry-After": "1"}
_MUTED: Final = {"Retry-After": "300"}
_CHALLENGE: Final = {"WWW-Authenticate": "StandardWebhooks"}

_log = structlog.get_logger(__name__)


async def push_signals(call: Call) -> web.Response:
    """Take in a message once its signature is checked; the same id gets the same answer.

    It answers 202 when signals and answer are committed. A message is claimed by its id before any signal
    is stored: another body under that id is refused (409 ``id_reused``) with nothing of it stored, and the
    same body is told to come again (503 ``in_progress``, Retry-After) while the first delivery is at work.
    A sender that is muted is told to come again later (503 ``muted``).
    Whoever gets no answer, or a 5xx, sends again. After a crash, or a request cut off, that may find 503 for
    up to a minute; then the message is taken in anew: each signal is stored once all the same, and those
    that had been stored before count as ``duplicates`` in the answer.
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
    await _refuse_muted(call, f"push.{sender}")
    digest, items = hashlib.sha256(body).digest(), _items(sender, body)
    receipt = await pushes.receipts.claim(sender, envelope.id, digest)
    if receipt is None:
        receipt = await _take_in(call, Receipt(sender=sender, id=envelope.id, body_sha256=digest), items)
    if receipt.body_sha256 != digest:
        raise ProblemError(409, "id_reused", f"Another message came under this {ID_HEADER}; draw a new one.")
    if receipt.answer is None:
        detail = "This message is being taken in; send it again for its answer."
        raise ProblemError(503, "in_progress", detail, headers=_RETRY)
    return json_response(receipt.answer.encode(), 202)


async def _refuse_muted(call: Call, source: str) -> None:
    statuses = await call.handles.scout.ask(ListSources())
    if any(each.muted for each in statuses if each.name == source):
        detail = "This sender is muted here; send the message again once it is not."
        raise ProblemError(503, "muted", detail, headers=_MUTED)


async def _take_in(call: Call, claimed: Receipt, items: Sequence[object]) -> Receipt:
    """Hear a claimed message and keep the answer; what fails may come again at once."""
    receipts = call.handles.pushes.receipts
    try:
        heard = await hear_items(call, items)
        answer = encode(PushReply(heard.accepted, heard.duplicates, heard.rejected)).decode()
        return await receipts.keep(replace(claimed, answer=answer))
    except Exception:  # passed on: the claim must not bar the next try, whatever failed
        with suppress(StoreError):  # the claim runs out by itself
            await receipts.release(claimed.sender, claimed.id)
        raise


def _items(sender: str, body: bytes) -> list[object]:
    """A sender speaks for itself: whatever its signals say, their source is ``push.SENDER``."""
    return [
        {**item, "source": f"push.{sender}"} if isinstance(item, dict) else item
        for item in items_of(parse_json(body), MAX_SIGNALS)
    ]


def _envelope(request: web.BaseRequest) -> Envelope:
    headers = request.headers
    return Envelope(
        id=headers.get(ID_HEADER, ""),
        timestamp=headers.get(TIMESTAMP_HEADER, ""),
        signature=headers.get(SIGNATURE_HEADER, ""),
    )
