"""Recorded and quoted answers of Google's token endpoint and of Firestore, in SAMPLE_DATA or shared/data."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leadboost.connectors.client import WebAnswer
from leadboost.connectors.firestore.fault import fault_of
from leadboost.connectors.firestore.parse import read_token, read_word

DATA = Path(os.environ.get("SAMPLE_DATA") or Path(__file__).parents[3] / "shared" / "data")
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not (DATA / "firebase").is_dir(), reason=f"no recordings at {DATA}; set SAMPLE_DATA to their folder"
)


def recorded_call(name: str) -> Mapping[str, Any]:
    call: Mapping[str, Any] = json.loads((DATA / "firebase" / name).read_text())["interactions"][0]
    return call


def test_the_recorded_token_is_read_with_its_hour() -> None:
    call = recorded_call("firefighter.fetch_access_token.json")

    token = read_token(call["response"]["body"].encode())

    assert (token.text, token.expires_in_s) == ("MASKED", 3600.0)
    assert "urn:ietf:params:oauth:grant-type:jwt-bearer" in call["request"]["body"]


def test_quoted_denials_last_whether_or_not_they_stand_in_an_array() -> None:
    quoted = json.loads((DATA / "api_errors" / "quoted_from_github_issues.json").read_text())["errors"]
    bodies = [json.dumps(each["body"]) for each in quoted if each["service"] == "firestore_rest"]

    answers = [WebAnswer(status=403, headers={}, body=body.encode(), url="") for body in bodies]

    assert [read_word(answer.body) for answer in answers] == ["PERMISSION_DENIED"] * 2
    assert all(fault_of(answer, now=NOW).lasting for answer in answers)
