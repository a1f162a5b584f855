"""Errors as callers see them: problem+json (RFC 9457) with a stable ``code``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import orjson

from leadboost.console.auth import TokenError
from leadboost.errors import (
    AccountExistsError,
    ActorStoppedError,
    AskTimeoutError,
    HaltError,
    InputError,
    LeadBoostError,
    LeaseLostError,
    MailboxFullError,
    ModelBusyError,
    OutcomeUnknownError,
    StoreConflictError,
    StoreDataError,
    StoreUnavailableError,
    WorkLimitError,
)

PROBLEM_TYPE: Final = "application/problem+json"
CHALLENGE: Final[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer realm="leadboost"'}
_RETRY: Final = {"Retry-After": "1"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: the field (dotted, indexes in brackets) and what to do."""

    field: str
    reason: str


class ProblemError(LeadBoostError):
    """An answer that is an error; the edge turns it into problem+json."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.problem_code = code
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})


def invalid(faults: Sequence[Fault]) -> ProblemError:
    """A request that was understood and holds values that are not acceptable: 422."""
    detail = "; ".join(f"{fault.field}: {fault.reason}" if fault.field else fault.reason for fault in faults)
    return ProblemError(422, "invalid_input", detail, faults=faults)


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one of our errors is shown. Without ``detail`` its own text is fit for the caller."""

    status: int
    detail: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_UNKNOWN: Final = (
    "It is not known whether this took effect. Look at what is there now, and send it again if it did not."
)
_UNKNOWN_SALE: Final = (
    "It is not known whether this took effect. Send the same request with the same key again."
)
_RULES: Final[Mapping[type, _Rule]] = {
    TokenError: _Rule(401, headers={"WWW-Authenticate": 'Bearer realm="leadboost", error="invalid_token"'}),
    MailboxFullError: _Rule(503, "More work is queued than can be done now. Try again.", _RETRY),
    WorkLimitError: _Rule(503, "More work is under way than can be done now. Try again.", _RETRY),
    ActorStoppedError: _Rule(503, "This part of LeadBoost is stopped.", _RETRY),
    AskTimeoutError: _Rule(504, "No answer came in time."),
    ModelBusyError: _Rule(503, headers=_RETRY),
    StoreUnavailableError: _Rule(503, "The database is out of reach. Nothing was written.", _RETRY),
    OutcomeUnknownError: _Rule(503, _UNKNOWN, _RETRY),
    StoreConflictError: _Rule(503, "Another request changed the same rows. Try again.", _RETRY),
    LeaseLostError: _Rule(503, "Another host has just taken this work over. Try again.", _RETRY),
    AccountExistsError: _Rule(409),
    StoreDataError: _Rule(422, "The database refused a value of this request."),
}


def problem_of(error: Exception) -> ProblemError | None:
    """Translate an error that was raised on purpose; None for one that is a fault of ours."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, InputError):
        return invalid([Fault(error.field, error.reason)])
    if isinstance(error, HaltError):
        return ProblemError(404 if error.halt_code == "not_found" else 409, error.halt_code, str(error))
    if not isinstance(error, LeadBoostError):
        return None
    for kind in type(error).__mro__:
        if (rule := _RULES.get(kind)) is not None:
            return ProblemError(rule.status, error.code, rule.detail or str(error), headers=rule.headers)
    return None


def outcome_unknown() -> ProblemError:
    """The answer while nobody knows whether a sale was committed."""
    return ProblemError(503, OutcomeUnknownError.code, _UNKNOWN_SALE, headers=_RETRY)


def internal_error() -> ProblemError:
    """The answer to a fault of ours; the log has the rest under the same trace id."""
    return ProblemError(500, "internal", "Something went wrong here. The log has it under this trace_id.")


def problem_body(problem: ProblemError, trace_id: str) -> bytes:
    """Write the problem as JSON bytes."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.problem_code,
        "detail": problem.detail,
    }
    if problem.faults:
        body["errors"] = problem.faults
    body["trace_id"] = trace_id
    return orjson.dumps(body)
