"""Recorded answers of the polled services: in SAMPLE_DATA, or in shared/data beside the checkout.

Printed as a table: answers read, items parsed, items rejected with their reasons, answers refused.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadboost.connectors.client.reading import AnswerError, Page
from leadboost.connectors.reddit.parse import Token, read_listing, read_token
from leadboost.domain.signal_intake import read_signal
from leadboost.errors import InputError
from tests.contract.conftest import Show

DATA = Path(os.environ.get("SAMPLE_DATA") or Path(__file__).parents[3] / "shared" / "data")
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass(kw_only=True)
class Tally:
    """What became of the recordings of one service."""

    answers: int = 0
    items: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, read: Callable[[], Page]) -> None:
        """Read one answer, and every item as Scout does."""
        self.answers += 1
        try:
            page = read()
        except AnswerError as error:
            self.refused[str(error)] += 1
            return
        self.rejected.update(page.rejected)
        for item in page.items.values():
            try:
                read_signal(item, now=NOW)
            except InputError as error:
                self.rejected[str(error)] += 1
            else:
                self.items += 1


def paths(folder: str) -> list[Path]:
    """All recordings of a service; the test is skipped where there are none."""
    if not (DATA / folder).is_dir():
        pytest.skip(f"no recordings at {DATA / folder}; set SAMPLE_DATA to the folder that holds {folder}")
    return sorted(path for path in (DATA / folder).rglob("*") if path.is_file())


def cassettes(folder: str) -> Iterator[tuple[Mapping[str, str], int, bytes]]:
    """Request, status and body of every recorded call of a service."""
    for path in paths(folder):
        found = (
            json.loads(path.read_text(encoding="utf-8"))
            if path.suffix == ".json" and path.stat().st_size
            else {}
        )
        for call in found.get("interactions", []) if isinstance(found, dict) else []:
            yield call["request"], call["response"]["status"], (call["response"]["body"] or "").encode()


@pytest.fixture(scope="module")
def tallies(show: Show) -> Iterator[dict[str, Tally]]:
    found: dict[str, Tally] = {}
    yield found
    show(
        f"{name}: {tally.answers} answers, {tally.items} items, rejected {dict(tally.rejected)},"
        f" refused {dict(tally.refused)}"
        for name, tally in found.items()
    )


def test_every_recording_of_reddit_is_read_or_refused(tallies: dict[str, Tally]) -> None:
    tally = tallies["reddit"] = Tally()
    for request, _, body in cassettes("reddit"):
        if "access_token" not in request["url"]:
            tally.add(lambda body=body: read_listing(body, source="reddit.x", now=NOW))  # type: ignore[misc]

    assert tally.answers > 30
    assert tally.items > 500
    assert set(tally.rejected) == {"is no post"}


def test_every_recorded_token_of_reddit_is_one_or_a_reason() -> None:
    tokens, reasons = 0, set()
    for request, status, body in cassettes("reddit"):
        if "access_token" in request["url"] and status == 200:
            found = read_token(body)
            tokens += isinstance(found, Token)
            reasons |= {found} if isinstance(found, str) else set()

    assert tokens > 20
    assert reasons == {"invalid_grant", "invalid_request", "unauthorized_client"}
