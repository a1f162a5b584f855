import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from leadboost.connectors.client import WebAnswer
from leadboost.connectors.client.reading import AnswerError
from leadboost.connectors.meta_ads.fault import fault_of, wait_of
from leadboost.connectors.meta_ads.parse import (
    check_accepted,
    read_campaign,
    read_page,
    to_micros,
)
from leadboost.domain.campaign import AdCampaign
from leadboost.errors import AdPlatformError

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ROW = {
    "id": "1",
    "name": "Fans",
    "status": "ACTIVE",
    "effective_status": "ACTIVE",
    "daily_budget": "5000",
    "account_id": "7",
}


def fault(error: object, status: int = 400, headers: Mapping[str, str] | None = None) -> AdPlatformError:
    answer = WebAnswer(
        status=status, headers=headers or {}, body=json.dumps({"error": error}).encode(), url=""
    )
    return fault_of("meta_ads", answer, now=NOW, secrets=("EAAB-token",))


def campaign(**row: object) -> AdCampaign:
    return read_campaign(json.dumps(ROW | row).encode(), account_id="7", currency="USD")


# -- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ({"code": 1}, 500, "unknown"),
        ({"code": 2, "is_transient": True}, 400, "unknown"),
        *[({"code": code}, 400, "busy") for code in (4, 17, 32, 613, 80_000, 80_004)],
        ({"code": 17, "is_transient": False}, 403, "busy"),
        *[({"code": code}, 403, "auth") for code in (10, 200, 294)],
        *[({"code": code}, 400, "auth") for code in (102, 190)],
        *[({"code": code}, 400, "refused") for code in (100, 368, 2635)],
        ({"code": 100}, 500, "refused"),
        ({"code": 9_999, "is_transient": True}, 400, "unknown"),
        ({"code": 9_999, "is_transient": False}, 500, "refused"),
        ({"code": 9_999}, 500, "unknown"),
        ({"code": 9_999}, 400, "refused"),
        ({"code": "17"}, 429, "busy"),
        ({"code": True}, 401, "auth"),
        ("not an object", 503, "unknown"),
        ({}, 302, "unknown"),
        ({}, 404, "refused"),
    ],
)
def test_a_fault_is_judged_by_code_then_transience_then_status(error: object, status: int, kind: str) -> None:
    assert fault(error, status).kind == kind


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_envelope_leaves_the_status_to_decide(body: bytes) -> None:
    answer = WebAnswer(status=502, headers={}, body=body, url="")

    assert fault_of("meta_ads", answer, now=NOW).kind == "unknown"


def test_what_the_platform_says_is_one_bounded_line_without_the_token() -> None:
    error = fault({"code": 100, "message": "bad EAAB-token\n\x00\u202e" + "x" * 10_000})

    assert "EAAB" not in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    ("usage", "retry_after", "wait_s"),
    [
        (
            '{"7": [{"estimated_time_to_regain_access": 3}, {"estimated_time_to_regain_access": 9}]}',
            None,
            540,
        ),
        ('{"7": [{"estimated_time_to_regain_access": 9999}]}', None, 3_600),
        ('{"7": [{"estimated_time_to_regain_access": 0}]}', "4", 4),
        ("no json", "4", 4),
        ('{"7": 3}', "4", 4),
        (None, None, None),
    ],
)
def test_the_wait_is_minutes_of_the_usage_header_else_retry_after(
    usage: str | None, retry_after: str | None, wait_s: float | None
) -> None:
    named = {"X-Business-Use-Case-Usage": usage, "Retry-After": retry_after}
    headers = {name: value for name, value in named.items() if value is not None}

    assert wait_of(WebAnswer(status=400, headers=headers, body=b"", url=""), now=NOW) == wait_s


# -- campaigns ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "currency", "micros"),
    [
        ("5000", "USD", 50_000_000),
        ("5000", "ARS", 50_000_000),
        ("5000", "CLP", 5_000_000_000),
        ("5000", "JPY", 5_000_000_000),
        (5000, "USD", 50_000_000),
        ("0", "USD", 0),
        ("5000", None, None),
        ("50.00", "USD", None),
        ("-1", "USD", None),
        ("٥", "USD", None),
        ("9" * 19, "USD", None),
        (True, "USD", None),
        (None, "USD", None),
    ],
)
def test_budgets_become_micros_by_the_currencys_minor_unit(
    minor: object, currency: str | None, micros: int | None
) -> None:
    assert to_micros(minor, currency) == micros


def test_a_campaign_of_strange_status_is_still_a_campaign() -> None:
    found = campaign(status=7, effective_status="<b>", name="A\nB\u202e")

    assert (found.status, found.effective_status, found.name) == ("UNKNOWN", "UNKNOWN", "A B")
    assert not found.is_paused


@pytest.mark.parametrize("id", [7, "", "1/2", "act_7", "１", None, "1" * 26])
def test_an_id_that_is_not_text_of_digits_spoils_the_answer(id: object) -> None:
    with pytest.raises(AnswerError):
        campaign(id=id)


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"data": 1}', '{"data": [1]}', '{"data": [], "paging": {"next": "u"}}']
)
def test_a_page_that_breaks_the_contract_is_no_empty_list(body: str) -> None:
    with pytest.raises(AnswerError):
        read_page(body.encode(), account_id="7", currency="USD")


def test_a_page_without_next_is_the_last_even_with_a_cursor() -> None:
    body = json.dumps({"data": [ROW], "paging": {"cursors": {"after": "MAZDZD"}}})

    assert read_page(body.encode(), account_id="7", currency="USD").after is None


@pytest.mark.parametrize("body", [b"", b"true", b'{"success": false}', b'{"success": 1}', b"{}"])
def test_a_write_counts_as_accepted_only_on_success(body: bytes) -> None:
    with pytest.raises(AnswerError):
        check_accepted(body)
