"""What an answer means that is not the one hoped for."""

from datetime import datetime

from leadboost.connectors.client import CallError, WebAnswer, parse_retry_after
from leadboost.connectors.firestore.parse import read_refusal, read_word
from leadboost.errors import ReplicaError

NAME = "firestore"
KEY_FILE = "connectors.firestore.credentials_file"

_BROKEN = frozenset({408, *range(500, 600)})
_ADVICE = {
    401: f"does not accept the service account; see {KEY_FILE}",
    403: "denies it: give the service account the role roles/datastore.user, and see that the Firestore"
    " interface and billing are on in the project of connectors.firestore.project",
    404: "knows no such project or database; correct connectors.firestore.project or .database, or create it",
}


def lasting(reason: str) -> ReplicaError:
    """Nothing will change until somebody looks."""
    return ReplicaError(NAME, reason, lasting=True)


def busy(reason: str, retry_after_s: float | None = None) -> ReplicaError:
    """It is worth another try."""
    return ReplicaError(NAME, reason, retry_after_s=retry_after_s)


def fault_of(answer: WebAnswer, *, now: datetime) -> ReplicaError:
    """Turn an answer of the database that is no success into the error to raise."""
    status, word = answer.status, read_word(answer.body)
    told = f"{status} {word}".rstrip()
    if status == 429 or word == "ABORTED":
        asked_s = parse_retry_after(answer.headers.get("Retry-After"), now=now)
        return busy(f"asks us to come later ({told})", asked_s)
    if status in _BROKEN:
        asked_s = parse_retry_after(answer.headers.get("Retry-After"), now=now)
        return busy(f"has trouble ({told})", asked_s)
    advice = _ADVICE.get(status, "refuses what is written; see connectors.firestore")
    return lasting(f"{advice} ({told})")


def fault_of_word(word: str) -> ReplicaError:
    """The same for the status of a write that concerns all writes."""
    statuses = {"NOT_FOUND": 404, "PERMISSION_DENIED": 403}
    return lasting(f"{_ADVICE[statuses.get(word, 401)]} ({word})")


def fault_of_token(answer: WebAnswer, *, now: datetime) -> ReplicaError:
    """Turn a token endpoint's answer that is no success into the error to raise."""
    told = f"{answer.status} {read_refusal(answer.body)}".rstrip()
    if answer.status == 429 or answer.status in _BROKEN:
        asked_s = parse_retry_after(answer.headers.get("Retry-After"), now=now)
        return busy(f"gives no token now ({told})", asked_s)
    return lasting(
        f"gives no token ({told}); see {KEY_FILE}: the key may be deleted, or this machine's clock be wrong"
    )


def fault_of_call(error: CallError, setting: str) -> ReplicaError:
    """Turn a call without answer into the error to raise; ``setting`` holds the address."""
    if error.refused:
        return lasting(f"{error.reason}; correct {setting}")
    return busy(error.reason, error.retry_after_s)
