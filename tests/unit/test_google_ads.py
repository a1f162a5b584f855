import json
from datetime import UTC, datetime
from typing import Any

import pytest

from leadboost.connectors.client import WebAnswer
from leadboost.connectors.client.reading import AnswerError
from leadboost.connectors.google_ads.fault import fault_of
from leadboost.connectors.google_ads.parse import read_account, read_campaigns, read_mutated
from leadboost.domain.campaign import AdCampaign
from leadboost.errors import AdPlatformError

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
NAMES = ["customers/1/campaigns/1", "customers/1/campaigns/2"]


def envelope(status: int, group: str, word: str, **more: object) -> dict[str, object]:
    cause = {"errorCode": {group: word}, "message": "No token-1234 here", **more}
    return {"error": {"code": status, "message": "m", "status": "S", "details": [{"errors": [cause]}]}}


def fault(body: object, status: int) -> AdPlatformError:
    answer = WebAnswer(status=status, headers={}, body=json.dumps(body).encode(), url="")
    found = fault_of(answer, now=NOW, secrets=("token-1234",))
    assert found is not None
    return found


def campaign(**fields: object) -> AdCampaign:
    row = {"campaign": {"id": "1", "name": "Fans", "status": "ENABLED", "primaryStatus": "ELIGIBLE"} | fields}
    (found,) = read_campaigns(json.dumps([{"results": [row]}]).encode(), account_id="7")
    return found


@pytest.mark.parametrize(
    ("group", "word", "status", "kind"),
    [
        ("quotaError", "RESOURCE_EXHAUSTED", 429, "busy"),
        ("quotaError", "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION", 429, "busy"),
        ("authenticationError", "OAUTH_TOKEN_REVOKED", 401, "auth"),
        ("authorizationError", "USER_PERMISSION_DENIED", 403, "auth"),
        ("authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION", 403, "auth"),
        ("databaseError", "CONCURRENT_MODIFICATION", 409, "unknown"),
        ("internalError", "TRANSIENT_ERROR", 503, "unknown"),
        ("internalError", "DEADLINE_EXCEEDED", 504, "unknown"),
        ("queryError", "UNEXPECTED_INPUT", 400, "refused"),
        ("requestError", "UNSUPPORTED_VERSION", 400, "refused"),
        ("somethingNew", "WORD", 500, "unknown"),
        ("somethingNew", "WORD", 409, "unknown"),
        ("somethingNew", "WORD", 403, "auth"),
    ],
)
def test_a_fault_is_judged_by_its_cause_then_by_the_status(
    group: str, word: str, status: int, kind: str
) -> None:
    assert fault(envelope(status, group, word), status).kind == kind
    assert fault([envelope(status, group, word)], status).kind == kind  # as a stream wraps it


@pytest.mark.parametrize("body", [[], {}, "x", [[]], {"error": 3}, {"error": {"details": [{"errors": [3]}]}}])
def test_a_body_that_is_no_envelope_leaves_the_status_to_decide(body: object) -> None:
    assert fault(body, 502).kind == "unknown"
    assert fault(body, 404).kind == "refused"


@pytest.mark.parametrize(
    ("details", "message", "wait_s"),
    [
        ({"quotaErrorDetails": {"retryDelay": "900s"}}, "m", 900.0),
        ({"quotaErrorDetails": {"retryDelay": "900000s"}}, "m", 3_600.0),
        ({"quotaErrorDetails": {"retryDelay": "soon"}}, "m", None),
        ({}, "Too many requests. Retry in 30 seconds.", 30.0),
        (None, "m", None),
    ],
)
def test_the_wait_is_the_retry_delay_else_what_the_text_says(
    details: object, message: str, wait_s: float | None
) -> None:
    body = envelope(429, "quotaError", "RESOURCE_EXHAUSTED", details=details, message=message)

    assert fault(body, 429).retry_after_s == wait_s


def test_what_the_platform_says_is_one_bounded_line_without_secrets() -> None:
    error = fault(envelope(400, "queryError", "W", message="bad token-1234\n\u202e" + "x" * 10_000), 400)

    assert "token-1234" not in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 450


def test_a_paused_campaign_rests_whatever_its_lagging_state_says() -> None:
    assert campaign(status="PAUSED", primaryStatus="ELIGIBLE").is_paused
    assert campaign(status="REMOVED", primaryStatus="ELIGIBLE").is_paused
    assert not campaign(status="ENABLED", primaryStatus="PAUSED").is_paused
    assert not campaign(status="SOMETHING").is_paused


def test_budgets_are_micros_as_text() -> None:
    row = {
        "campaign": {"id": "1"},
        "campaignBudget": {"amountMicros": "5000000"},
        "customer": {"currencyCode": "ARS"},
    }
    (found,) = read_campaigns(json.dumps([{"results": [row]}]).encode(), account_id="7")

    assert (found.daily_budget_micros, found.currency, found.status) == (5_000_000, "ARS", "UNKNOWN")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b'[{"results": 1}]', b'[{"results": [1]}]', b"[" * 99_999]
)
def test_a_stream_that_breaks_the_contract_is_no_empty_list(body: bytes) -> None:
    with pytest.raises(AnswerError):
        read_campaigns(body, account_id="7")


@pytest.mark.parametrize("body", [b"[]", b"[{}]"])
def test_a_stream_without_rows_is_empty_and_no_account(body: bytes) -> None:
    assert read_campaigns(body, account_id="7") == []
    with pytest.raises(AnswerError):
        read_account(body)


@pytest.mark.parametrize("id", [7, "", "1/2", "１", None, "1" * 26])
def test_an_id_that_is_not_text_of_digits_spoils_the_answer(id: object) -> None:
    with pytest.raises(AnswerError):
        campaign(id=id)


def partial(index: object, **more: Any) -> bytes:
    place = {"fieldPathElements": [{"fieldName": "operations", "index": index}]}
    cause = {"errorCode": {"mutateError": "RESOURCE_NOT_FOUND"}, "message": "m", "location": place, **more}
    answer = {
        "partialFailureError": {"code": 3, "details": [{"errors": [cause]}]},
        "results": [{"resourceName": NAMES[0]}, {}],
    }
    return json.dumps(answer).encode()


def test_each_operation_has_its_own_fate() -> None:
    done, failed = read_mutated(partial(1), NAMES)

    assert done is None
    assert failed is not None
    assert failed.kind == "refused"


def test_a_cause_that_names_no_operation_is_that_of_every_one() -> None:
    assert [failed is not None for failed in read_mutated(partial(None), NAMES)] == [True, True]


def test_an_empty_result_without_a_cause_is_unknown() -> None:
    body = json.dumps({"results": [{}, {"resourceName": NAMES[0]}]}).encode()

    failures = read_mutated(body, NAMES)

    assert [failed is not None and failed.kind for failed in failures] == ["unknown", "unknown"]


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"results": []}', b'{"results": 1}'])
def test_an_answer_without_one_result_for_each_operation_breaks_the_contract(body: bytes) -> None:
    with pytest.raises(AnswerError):
        read_mutated(body, NAMES)
