"""What an answer of Google Ads means that is not the one hoped for.

Errors come as ``{"error": {code, status, message, details: [{errors: [...]}]}}``, from ``searchStream`` in an
array. The exact cause is the single key and value of ``errorCode``; a write for several campaigns answers
200 and tells the causes of those that failed in ``partialFailureError``, each with its place.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from leadboost.connectors.client import WebAnswer, parse_retry_after
from leadboost.connectors.client.acting import kind_of_status
from leadboost.connectors.client.campaigns import read_whole
from leadboost.connectors.client.reading import as_object, as_text
from leadboost.connectors.client.refusal import known_code
from leadboost.domain.plain_text import clean_line
from leadboost.errors import AdPlatformError

PLATFORM = "google_ads"
LONGEST_REASON = 300
LONGEST_WAIT_S = 3_600.0

_KINDS = {
    "quotaError": "busy",
    "internalError": "unknown",
    "databaseError": "unknown",  # two writers: the same absolute state is sent again
    "authenticationError": "auth",
    "authorizationError": "auth",
}
_DELAY = re.compile(r"(\d{1,6})(?:\.\d+)?s", re.ASCII)
_TOLD_DELAY = re.compile(r"[Rr]etry in (\d{1,6}) seconds", re.ASCII)
_LOGIN = frozenset(
    {"OAUTH_TOKEN_REVOKED", "OAUTH_TOKEN_INVALID", "OAUTH_TOKEN_EXPIRED", "OAUTH_TOKEN_DISABLED"}
)
_CURES = {
    "USER_PERMISSION_DENIED": "set connectors.google_ads.login_customer_id where access is through a manager",
    "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION": "its Cloud project may reach test accounts alone",
    "CUSTOMER_NOT_ENABLED": "its ad account is not enabled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One error. ``index`` is the place of the operation that it is about, where it names one."""

    group: str = ""
    word: str = ""
    message: str = ""
    retry_after_s: float | None = None
    index: int | None = None

    def __str__(self) -> str:
        return ", ".join(part for part in (self.message, self.word) if part)


def read_fault(body: bytes) -> Cause | None:
    """Read the first cause of an envelope; None when the body holds none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    first = found[0] if isinstance(found, list) and found else found
    error = as_object(as_object(first).get("error"))
    if not error:
        return None
    told = clean_line(as_text(error.get("message")))
    return next(_causes(error), Cause(message=told))


def read_partial(found: Mapping[str, object]) -> list[Cause]:
    """The causes of a write that was done in part; empty when all of it was."""
    return list(_causes(as_object(found.get("partialFailureError"))))


def fault_of(answer: WebAnswer, *, now: datetime, secrets: tuple[str, ...] = ()) -> AdPlatformError | None:
    """The error that an answer is, None for a success; ``secrets`` are masked in its text."""
    if 200 <= answer.status < 300:
        return None
    cause = read_fault(answer.body) or Cause()
    kind = _kind(cause, answer.status)
    wait_s = cause.retry_after_s or parse_retry_after(answer.headers.get("Retry-After"), now=now)
    said = f"HTTP {answer.status} {cause}".rstrip()
    for secret in secrets:
        said = said.replace(secret, "***")
    reason = _reason(kind, cause, answer.status, said[:LONGEST_REASON])
    return AdPlatformError(PLATFORM, kind, reason, wait_s if kind == "busy" else None)


def error_of(cause: Cause) -> AdPlatformError:
    """The error of one operation that failed while others did not."""
    kind = _kind(cause, 400)
    reason = _reason(kind, cause, 400, str(cause)[:LONGEST_REASON])
    return AdPlatformError(PLATFORM, kind, reason, cause.retry_after_s if kind == "busy" else None)


def dead_login(word: str) -> AdPlatformError:
    """Google gives no access token for this login (RFC 6749, section 5.2)."""
    what = (
        "client_id and client_secret"
        if word in ("invalid_client", "unauthorized_client")
        else "refresh_token"
    )
    reason = f"does not accept the login ({word}); set a new connectors.google_ads.{what}"
    return AdPlatformError(PLATFORM, "auth", reason)


def _kind(cause: Cause, status: int) -> str:
    return _KINDS.get(cause.group) or kind_of_status(status)


def _reason(kind: str, cause: Cause, status: int, said: str) -> str:
    match kind:
        case "busy":
            return f"asks us to come later ({said})"
        case "auth" if cause.word in _LOGIN:
            return f"does not accept the login ({cause.word}); set a new connectors.google_ads.refresh_token"
        case "auth":
            cure = _CURES.get(cause.word, "give the login access to the account")
            return f"denies it ({said}); {cure}"
        case "refused" if status == 404 or cause.word == "UNSUPPORTED_VERSION":
            return f"does not know this version ({said}); raise connectors.google_ads.version"
        case "refused":
            return f"refuses it ({said})"
        case _:
            return f"has trouble ({said})"


def _causes(error: Mapping[str, object]) -> Iterator[Cause]:
    """Every cause in the details of an error."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else []:
        errors = as_object(detail).get("errors")
        for each in errors if isinstance(errors, list) else []:
            yield _cause(as_object(each))


def _cause(found: Mapping[str, object]) -> Cause:
    group, word = next(iter(as_object(found.get("errorCode")).items()), ("", ""))
    message = clean_line(as_text(found.get("message")))[:LONGEST_REASON]
    quota = as_object(as_object(found.get("details")).get("quotaErrorDetails"))
    delay = _DELAY.fullmatch(as_text(quota.get("retryDelay"))) or _TOLD_DELAY.search(message)
    return Cause(
        group=group,
        word=known_code(word) if len(as_text(word)) <= 40 else as_text(word)[:60],
        message=message,
        retry_after_s=min(float(delay[1]), LONGEST_WAIT_S) if delay else None,
        index=_index(as_object(found.get("location")).get("fieldPathElements")),
    )


def _index(elements: object) -> int | None:
    first = as_object(elements[0]) if isinstance(elements, list) and elements else {}
    return read_whole(first.get("index")) if first.get("fieldName") == "operations" else None
