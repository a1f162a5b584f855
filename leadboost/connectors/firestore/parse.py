"""Tokens, results of writes, and errors from bytes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from leadboost.connectors.client.reading import AnswerError, as_counters, as_object, as_text, read_object
from leadboost.connectors.client.refusal import known_code
from leadboost.ports import Written

# gRPC's numbers, https://grpc.io/docs/guides/status-codes.
OK, NOT_FOUND, ALREADY_EXISTS = 0, 5, 6
_BUSY = frozenset({4, 8, 10, 14})  # deadline exceeded, exhausted, aborted, unavailable
_FAILED = frozenset({1, 2, 13})  # cancelled, unknown, internal
_LASTING = {5: "NOT_FOUND", 7: "PERMISSION_DENIED", 16: "UNAUTHENTICATED"}
_PRESENT = Written(outcome="present")
_REFUSED = {
    3: "invalid_argument",
    9: "failed_precondition",
    11: "out_of_range",
    12: "unimplemented",
    15: "data_loss",
}


class LastingError(Exception):
    """A write was refused for what concerns all writes; ``word`` is the service's status."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token; ``expires_in_s`` counts from when it was given out."""

    text: str = field(repr=False)
    expires_in_s: float


def read_token(body: bytes) -> Token:
    """Read ``{access_token, expires_in}``. Raises AnswerError."""
    found = read_object(body)
    text, expires_in = as_text(found.get("access_token")), as_counters(s=found.get("expires_in"))
    if not text or not text.isascii() or not text.isprintable() or not expires_in:
        raise AnswerError("no usable access_token with expires_in")
    return Token(text=text, expires_in_s=expires_in["s"])


def read_refusal(body: bytes) -> str:
    """The word for why there is no token (RFC 6749, section 5.2), for example ``invalid_grant``."""
    try:
        return known_code(read_object(body).get("error"))
    except AnswerError:
        return ""


def read_word(body: bytes) -> str:
    """The status of an error, for example ``PERMISSION_DENIED``; streams wrap the error in an array."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    first = found[0] if isinstance(found, list) and found else found
    return known_code(as_object(as_object(first).get("error")).get("status"))


def read_written(body: bytes, updates: Sequence[bool]) -> Sequence[Written]:
    """Read the status of each write; ``updates`` tells which ones ask for a document that stands. Raises
    AnswerError, LastingError."""
    statuses = read_object(body).get("status")
    if not isinstance(statuses, list) or len(statuses) != len(updates):
        raise AnswerError("an answer without one status for each write")
    codes = [as_object(status).get("code", OK) for status in statuses]
    return [
        _PRESENT if is_update and code == NOT_FOUND else _written(code)
        for code, is_update in zip(codes, updates, strict=True)
    ]


def read_found(body: bytes) -> bool:
    """Whether batchGet found the one document that it was asked for."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, list) and any("found" in as_object(each) for each in found)


def _written(code: object) -> Written:
    if code == OK:
        return Written(outcome="done")
    if code == ALREADY_EXISTS:
        return _PRESENT
    if code in _BUSY:
        return Written(outcome="busy")
    if isinstance(code, int) and code in _LASTING:
        raise LastingError(_LASTING[code])
    if isinstance(code, int) and code in _REFUSED:
        return Written(outcome="refused", kind=_REFUSED[code])
    return Written(outcome="failed", kind="internal" if code in _FAILED else "unknown")
