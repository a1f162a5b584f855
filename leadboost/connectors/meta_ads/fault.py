"""What an answer of Graph means that is not the one hoped for.

Graph answers most faults with HTTP 400 and an envelope ``{"error": {code, error_subcode, is_transient,
message, ...}}``. The code decides, then ``is_transient``, then the HTTP status.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from leadboost.connectors.client import WebAnswer, parse_retry_after
from leadboost.connectors.client.acting import kind_of_status
from leadboost.domain.plain_text import clean_line
from leadboost.errors import AdPlatformError

LONGEST_REASON = 300
LONGEST_WAIT_MIN = 60

_TEMPORARY = frozenset({1, 2})
_BUSY = frozenset({4, 17, 32, 613, *range(80_000, 80_015)})
_DEAD_TOKEN = frozenset({102, 104, 190, 2500})
_PERMISSION = frozenset({3, 10, *range(200, 300)})
_WRONG = frozenset({100, 368, 2635})  # bad parameter, blocked for policy, version retired


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphFault:
    """The error envelope; what is absent or not of its type is None, the text empty."""

    code: int | None = None
    subcode: int | None = None
    transient: bool | None = None
    kind: str = ""
    message: str = ""

    def __str__(self) -> str:
        parts = [self.message or self.kind]
        parts += [f"code {self.code}"] if self.code is not None else []
        parts += [f"subcode {self.subcode}"] if self.subcode is not None else []
        return ", ".join(part for part in parts if part)


def read_fault(body: bytes) -> GraphFault | None:
    """Read the envelope; None when the body holds none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    error = found.get("error") if isinstance(found, dict) else None
    if not isinstance(error, dict):
        return None
    fields = cast(Mapping[str, object], error)
    return GraphFault(
        code=_whole(fields.get("code")),
        subcode=_whole(fields.get("error_subcode")),
        transient=flag if isinstance(flag := fields.get("is_transient"), bool) else None,
        kind=_line(fields.get("type")),
        message=_line(fields.get("message")),
    )


def fault_of(
    platform: str, answer: WebAnswer, *, now: datetime, secrets: tuple[str, ...] = ()
) -> AdPlatformError:
    """Turn an answer that is no success into the error to raise; ``secrets`` are masked in its text."""
    fault = read_fault(answer.body) or GraphFault()
    kind = _kind(fault, answer.status)
    said = str(fault)
    for secret in secrets:
        said = said.replace(secret, "***")
    wait_s = wait_of(answer, now=now) if kind == "busy" else None
    return AdPlatformError(platform, kind, _reason(kind, fault, answer.status, said[:LONGEST_REASON]), wait_s)


def _kind(fault: GraphFault, status: int) -> str:
    code = fault.code
    if code in _BUSY:
        return "busy"
    if code in _DEAD_TOKEN or code in _PERMISSION or fault.kind == "OAuthAccessTokenException":
        return "auth"
    if code in _TEMPORARY or fault.transient:
        return "unknown"
    return "refused" if code in _WRONG or fault.transient is False else kind_of_status(status)


def _reason(kind: str, fault: GraphFault, status: int, said: str) -> str:
    told = f" ({said})" if said else ""
    match kind:
        case "busy":
            return f"asks us to come later, HTTP {status}{told}"
        case "auth" if fault.code in _DEAD_TOKEN:
            numbers = str(GraphFault(code=fault.code, subcode=fault.subcode))  # its message repeats the token
            return f"does not accept the access token ({numbers}); set a new connectors.meta_ads.access_token"
        case "auth":
            return f"denies it, HTTP {status}{told}; give the token's user ads_management on the account"
        case "refused" if fault.code == 2635:
            return f"has retired this version{told}; raise connectors.meta_ads.version"
        case "refused":
            return f"refuses it, HTTP {status}{told}"
        case _:
            return f"has trouble, HTTP {status}{told}"


def wait_of(answer: WebAnswer, *, now: datetime) -> float | None:
    """Seconds until access comes back, where the answer says so: at most an hour.

    ``X-Business-Use-Case-Usage`` tells minutes (zero: it does not say), ``Retry-After`` seconds.
    """
    minutes = _regain_min(answer.headers.get("X-Business-Use-Case-Usage"))
    if minutes:
        return min(minutes, LONGEST_WAIT_MIN) * 60.0
    return parse_retry_after(answer.headers.get("Retry-After"), now=now)


def _regain_min(header: str | None) -> int:
    """The longest ``estimated_time_to_regain_access`` of all use cases named."""
    try:
        usage = json.loads(header or "{}")
    except (ValueError, RecursionError):
        return 0
    cases = [case for each in usage.values() for case in _dicts(each)] if isinstance(usage, dict) else []
    return max((_whole(case.get("estimated_time_to_regain_access")) or 0 for case in cases), default=0)


def _dicts(value: object) -> list[Mapping[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _line(value: object) -> str:
    return clean_line(value)[:LONGEST_REASON] if isinstance(value, str) else ""
