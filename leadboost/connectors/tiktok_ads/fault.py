"""What an answer of the Marketing API means that is not the one hoped for.

Nearly every answer is HTTP 200 with an envelope ``{code, message, request_id, data}``: the code decides, 0 is
success and 20001 success in part. Without an envelope, which the edge leaves out, the HTTP status does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from leadboost.connectors.client import WebAnswer, parse_retry_after
from leadboost.connectors.client.acting import kind_of_status
from leadboost.connectors.client.reading import as_text
from leadboost.domain.plain_text import clean_line
from leadboost.errors import AdPlatformError

PLATFORM = "tiktok_ads"
LONGEST_REASON = 300

DONE, DONE_IN_PART = 0, 20_001
_BUSY = 40_100
_DEAD_TOKEN = frozenset({40_101, 40_102, 40_104, 40_105, 40_110})
_DENIED = 40_001


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """``code`` is None where the body holds none."""

    code: int | None = None
    message: str = ""


def read_envelope(body: bytes) -> Envelope:
    """Read what every answer carries, whatever else is in it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return Envelope()
    fields = cast(Mapping[str, object], found) if isinstance(found, dict) else {}
    code = fields.get("code")
    known = isinstance(code, int) and not isinstance(code, bool)
    message = clean_line(as_text(fields.get("message")))[:LONGEST_REASON]
    return Envelope(code=cast(int, code) if known else None, message=message)


def fault_of(answer: WebAnswer, *, now: datetime, secrets: tuple[str, ...] = ()) -> AdPlatformError | None:
    """The error that an answer is, None for a success; ``secrets`` are masked in its text."""
    envelope = read_envelope(answer.body)
    if answer.status == 200 and envelope.code in (DONE, DONE_IN_PART):
        return None
    kind = _kind(envelope.code, answer.status)
    said = envelope.message
    for secret in secrets:
        said = said.replace(secret, "***")
    wait_s = parse_retry_after(answer.headers.get("Retry-After"), now=now) if kind == "busy" else None
    return AdPlatformError(PLATFORM, kind, _reason(kind, envelope.code, answer.status, said), wait_s)


def _kind(code: int | None, status: int) -> str:
    if code is None:
        return kind_of_status(status)
    if code == _BUSY:
        return "busy"
    if code in _DEAD_TOKEN or code == _DENIED:
        return "auth"
    return "refused" if 40_000 <= code < 50_000 else "unknown"


def _reason(kind: str, code: int | None, status: int, said: str) -> str:
    place = f"HTTP {status}" if code is None else f"code {code}"
    told = f"{place}: {said}" if said else place
    match kind:
        case "busy":
            return f"asks us to come later ({told})"
        case "auth" if code in _DEAD_TOKEN:
            return f"does not accept the access token ({place}); set a new connectors.tiktok_ads.access_token"
        case "auth":
            return f"denies it ({told}); let the app manage this advertiser's campaigns"
        case "refused":
            return f"refuses it ({told})"
        case _:
            return f"has trouble ({told})"
