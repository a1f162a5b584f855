"""Recorded answers of Google Ads and TikTok Ads: in SAMPLE_DATA, or in shared/data beside the checkout."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leadboost.connectors.client import WebAnswer
from leadboost.connectors.client.reading import AnswerError
from leadboost.connectors.google_ads.fault import fault_of as google_fault
from leadboost.connectors.google_ads.parse import read_campaigns, read_mutated
from leadboost.connectors.tiktok_ads.fault import fault_of as tiktok_fault

DATA = Path(os.environ.get("SAMPLE_DATA") or Path(__file__).parents[3] / "shared" / "data")
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not (DATA / "ads_api").is_dir(), reason=f"no recordings at {DATA}; set SAMPLE_DATA to their folder"
)


def quoted(service: str) -> list[Mapping[str, Any]]:
    path = DATA / "api_errors" / "quoted_from_github_issues.json"
    errors = json.loads(path.read_text(encoding="utf-8"))["errors"]
    return [error for error in errors if error["service"] == service]


def as_rest(value: Any) -> Any:
    """The same in REST's camelCase: the reports quote the client library's snake_case."""
    if isinstance(value, list):
        return [as_rest(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {_camel(name): as_rest(each) for name, each in value.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.title() for each in others)


def answer(body: object, status: int) -> WebAnswer:
    return WebAnswer(status=status, headers={}, body=json.dumps(body).encode(), url="")


def test_every_quoted_error_of_google_ads_has_its_kind() -> None:
    kinds = {}
    for error in quoted("google_ads"):
        grpc, status = error["grpc"], error["http_status"] or 429
        details = [as_rest(grpc["failure"])] if "failure" in grpc else []
        body = {
            "error": {"message": grpc.get("details", ""), "status": grpc.get("status"), "details": details}
        }
        found = google_fault(answer(body, status), now=NOW)
        assert found is not None
        kinds[error["source"].rsplit("/", 1)[1]] = (found.kind, found.retry_after_s)

    assert kinds == {
        "497": ("refused", None),
        "172": ("busy", 30.0),
        "200": ("auth", None),
        "208": ("auth", None),
    }


def test_a_quoted_quota_error_inside_a_partial_failure_is_busy_for_its_operation_alone() -> None:
    (quota,) = [error for error in quoted("google_ads") if error["source"].endswith("/172")]
    failure = as_rest(quota["grpc"]["failure"])
    place = {"fieldPathElements": [{"fieldName": "operations", "index": 1}]}
    failure["errors"][0]["location"] = place
    body = {
        "results": [{"resourceName": "customers/1/campaigns/1"}, {}],
        "partialFailureError": {"code": 3, "details": [failure]},
    }
    names = ["customers/1/campaigns/1", "customers/1/campaigns/2"]

    done, failed = read_mutated(json.dumps(body).encode(), names)

    assert done is None
    assert failed is not None
    assert (failed.kind, failed.retry_after_s) == ("busy", 30.0)


def test_recorded_streams_of_metrics_are_not_taken_for_campaigns() -> None:
    paths = sorted((DATA / "ads_api").glob("google_ads_searchstream.*.json"))

    assert len(paths) == 3
    for path in paths:
        with pytest.raises(AnswerError, match="id"):
            read_campaigns(path.read_bytes(), account_id="1")


def test_a_quoted_message_of_tiktok_without_its_code_is_busy_by_its_status() -> None:
    (error,) = quoted("tiktok_ads")

    found = tiktok_fault(answer(error["body"], 429), now=NOW)

    assert found is not None
    assert (found.kind, "too many requests" in found.reason) == ("busy", True)
