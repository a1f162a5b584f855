"""Recorded answers of Graph: in SAMPLE_DATA, or in shared/data beside the checkout."""

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadboost.connectors.client import WebAnswer
from leadboost.connectors.client.reading import AnswerError
from leadboost.connectors.meta_ads.fault import fault_of, read_fault
from leadboost.connectors.meta_ads.parse import check_accepted, read_page

DATA = Path(os.environ.get("SAMPLE_DATA") or Path(__file__).parents[3] / "shared" / "data")
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not (DATA / "meta_graph").is_dir(), reason=f"no recordings at {DATA}; set SAMPLE_DATA to their folder"
)


def quoted_errors() -> list[Mapping[str, object]]:
    path = DATA / "api_errors" / "quoted_from_github_issues.json"
    errors = json.loads(path.read_text(encoding="utf-8"))["errors"]
    return [error for error in errors if error["service"].startswith("meta_") and error["body"]]


def graph_bodies() -> list[str]:
    """Every body of the mock service's file: some follow ``body:``, some the name of the case."""
    text = (DATA / "meta_graph" / "koala.mock_facebook_responses.yml").read_text(encoding="utf-8")
    return re.findall(r"(?:body|with_token|no_token): '([^'\n]*)'", text)


def answer(body: str, status: int = 400) -> WebAnswer:
    return WebAnswer(status=status, headers={}, body=body.encode(), url="")


def test_every_quoted_limit_is_busy_whatever_its_status() -> None:
    kinds = {
        error["source"]: fault_of("meta_ads", answer(json.dumps(error["body"])), now=NOW).kind
        for error in quoted_errors()
    }

    assert len(kinds) == 3
    assert set(kinds.values()) == {"busy"}


def test_every_body_of_graph_is_read_or_refused_but_never_breaks_the_reader() -> None:
    bodies = graph_bodies()

    kinds = {body: fault_of("meta_ads", answer(body), now=NOW).kind for body in bodies}

    assert len(bodies) > 50
    assert {kind for body, kind in kinds.items() if "OAuthAccessTokenException" in body} == {"auth"}
    assert {kind for body, kind in kinds.items() if read_fault(body.encode()) is None} == {"refused"}


def test_a_recorded_success_is_accepted_and_nothing_else_is() -> None:
    accepted = []
    for body in graph_bodies():
        try:
            check_accepted(body.encode())
        except AnswerError:
            continue
        accepted.append(body)

    assert set(accepted) == {'{"success":true}'}


def test_recorded_insights_are_not_taken_for_campaigns() -> None:
    paths = sorted((DATA / "ads_api").glob("meta_insights.*.json"))

    assert len(paths) == 9
    for path in paths:
        with pytest.raises(AnswerError, match="id"):
            read_page(path.read_bytes(), account_id="1", currency="USD")
