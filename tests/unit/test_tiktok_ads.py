import json
from datetime import UTC, datetime

import pytest

from leadboost.connectors.client import WebAnswer
from leadboost.connectors.client.reading import AnswerError
from leadboost.connectors.tiktok_ads.fault import fault_of
from leadboost.connectors.tiktok_ads.parse import read_account, read_changed, read_page
from leadboost.domain.campaign import AdCampaign
from leadboost.errors import AdPlatformError

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ROW = {
    "campaign_id": "1780000000000001",
    "campaign_name": "Summer",
    "budget": 100.55,
    "budget_mode": "BUDGET_MODE_DAY",
    "operation_status": "ENABLE",
    "secondary_status": "CAMPAIGN_STATUS_ENABLE",
    "is_smart_performance_campaign": False,
}


def fault(body: object, status: int = 200, **headers: str) -> AdPlatformError | None:
    answer = WebAnswer(status=status, headers=headers, body=json.dumps(body).encode(), url="")
    return fault_of(answer, now=NOW, secrets=("token-1234",))


def page(*rows: object, pages: object = 1) -> bytes:
    data = {"list": list(rows), "page_info": {"page": 1, "total_page": pages}}
    return json.dumps({"code": 0, "message": "OK", "data": data}).encode()


def campaign(currency: str | None = "USD", **fields: object) -> AdCampaign:
    return read_page(page(ROW | fields), account_id="7001", currency=currency).campaigns[0]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (40100, "busy"),
        *[(code, "auth") for code in (40001, 40101, 40102, 40104, 40105, 40110)],
        *[(code, "refused") for code in (40000, 40002, 40113, 41000)],
        *[(code, "unknown") for code in (50000, 50002, 51010, 1, -1)],
    ],
)
def test_the_code_decides_under_any_http_status(code: int, kind: str) -> None:
    for status in (200, 500):
        error = fault({"code": code, "message": "m"}, status)
        assert error is not None
        assert error.kind == kind


@pytest.mark.parametrize("code", [0, 20001])
def test_success_in_whole_or_in_part_is_no_fault(code: int) -> None:
    assert fault({"code": code}) is None
    assert fault({"code": code}, 500) is not None


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("<html>", 429, "busy"),
        ("<html>", 502, "unknown"),
        ({"message": "Due to too many requests, requests from App x are restricted."}, 200, "unknown"),
        ({"code": "0"}, 200, "unknown"),
        ({"code": True}, 200, "unknown"),
        ([], 404, "refused"),
    ],
)
def test_without_an_envelope_the_status_decides(body: object, status: int, kind: str) -> None:
    error = fault(body, status)

    assert error is not None
    assert error.kind == kind


def test_a_message_is_one_bounded_line_without_the_token() -> None:
    error = fault({"code": 40002, "message": "bad token-1234\n" + "x" * 10_000})

    assert "token-1234" not in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    ("operation", "secondary", "is_paused"),
    [
        ("DISABLE", "CAMPAIGN_STATUS_DISABLE", True),
        ("DELETE", "CAMPAIGN_STATUS_DELETE", True),
        ("ENABLE", "CAMPAIGN_STATUS_ENABLE", False),
        ("ENABLE", "CAMPAIGN_STATUS_DISABLE", False),
        ("DISABLE", "CAMPAIGN_STATUS_ENABLE", False),
        ("DISABLE", None, False),
        ("NEW", "CAMPAIGN_STATUS_DISABLE", False),
    ],
)
def test_a_campaign_rests_when_the_switch_and_what_runs_say_so(
    operation: str, secondary: str | None, is_paused: bool
) -> None:
    assert campaign(operation_status=operation, secondary_status=secondary).is_paused is is_paused


@pytest.mark.parametrize(
    ("mode", "budget", "micros"),
    [
        ("BUDGET_MODE_DAY", 100.55, 100_550_000),
        ("BUDGET_MODE_DAY", 100, 100_000_000),
        ("BUDGET_MODE_TOTAL", 100, None),
        ("BUDGET_MODE_INFINITE", 0, None),
        ("BUDGET_MODE_DAY", "100", None),
        ("BUDGET_MODE_DAY", 1e30, None),
    ],
)
def test_budgets_of_a_day_become_micros(mode: str, budget: object, micros: int | None) -> None:
    assert campaign(budget_mode=mode, budget=budget).daily_budget_micros == micros
    assert campaign(None, budget_mode=mode, budget=budget).daily_budget_micros is None


def test_a_page_names_what_has_an_endpoint_of_its_own() -> None:
    smart = ROW | {"campaign_id": "2", "is_smart_performance_campaign": True}

    found = read_page(page(ROW, smart, pages=3), account_id="7001", currency=None)

    assert (found.automatic, found.pages, len(found.campaigns)) == (frozenset({"2"}), 3, 2)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"data": {}}', b'{"data": {"list": [1]}}', b'{"data": {"list": []}}']
)
def test_a_page_that_breaks_the_contract_is_no_empty_list(body: bytes) -> None:
    with pytest.raises(AnswerError):
        read_page(body, account_id="7001", currency=None)


@pytest.mark.parametrize("id", [7, "", "1/2", None, "1" * 26])
def test_an_id_that_is_not_text_of_digits_spoils_the_answer(id: object) -> None:
    with pytest.raises(AnswerError):
        campaign(campaign_id=id)


def test_a_write_tells_what_it_changed() -> None:
    assert read_changed(b'{"data": {"campaign_ids": ["1", "2"]}}') == {"1", "2"}
    with pytest.raises(AnswerError):
        read_changed(b'{"data": {"status": "DISABLE"}}')


def test_another_advertiser_is_no_account() -> None:
    with pytest.raises(AnswerError):
        read_account(page({"advertiser_id": "8", "name": "n"}), account_id="7001")
