"""Recorded answers of the polled services: in SAMPLE_DATA, or in shared/data beside the checkout.

Printed as a table: answers read, items parsed, items rejected with their reasons, answers refused.
"""

import json
import os
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from leadboost.connectors.client.reading import AnswerError, Page
from leadboost.connectors.client.token import Token, read_token
from leadboost.connectors.google_trends.parse import read_trends
from leadboost.connectors.newsapi.parse import read_articles
from leadboost.connectors.reddit.parse import read_listing
from leadboost.connectors.rss.parse import FeedError, parse_feed
from leadboost.connectors.tiktok.parse import read_videos as read_display_videos
from leadboost.connectors.tiktok_research.parse import read_videos as read_research_videos
from leadboost.connectors.x.parse import read_posts
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
    tally = Tally()
    for request, _, body in cassettes("reddit"):
        if "access_token" not in request["url"]:
            tally.add(partial(read_listing, body, source="reddit.x", now=NOW))

    tallies["reddit"] = tally
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


def read_news(body: bytes) -> Page:
    return read_articles(body, source="newsapi.x", now=NOW).page


def test_every_recording_of_newsapi_is_read_or_refused(tallies: dict[str, Tally]) -> None:
    tally = Tally()
    plain = [path.read_bytes() for path in paths("newsapi") if "_401" not in path.name]
    for body in [*plain, *(body for _, _, body in cassettes("newsapi"))]:
        tally.add(partial(read_news, body))

    tallies["newsapi"] = tally
    assert (tally.answers, tally.items > 130) == (7, True)
    assert sum(tally.refused.values()) == 2  # the 401, and articles in another service's wrapping


def test_every_recording_of_google_trends_is_read_or_refused(tallies: dict[str, Tally]) -> None:
    tally = Tally()
    feeds = [path.read_bytes() for path in paths("google_trends") if path.suffix in (".xml", ".csv")]
    for body in [*feeds, *(body for _, _, body in cassettes("google_trends"))]:
        tally.add(partial(read_trends, body, geo="GB", source="google_trends.gb", now=NOW))

    tallies["google_trends"] = tally
    assert (tally.items, dict(tally.rejected)) == (10, {})
    assert sum(tally.refused.values()) == tally.answers - 1


def read_search(body: bytes) -> Page:
    return read_posts(body, source="x.x", now=NOW).page


def x_bodies() -> Iterator[bytes]:
    """Answers of cassettes, lines of collected pages, and a bare list of posts put into a page."""
    yield from (body for _, _, body in cassettes("x_twitter"))
    for path in paths("x_twitter"):
        if path.parent.name == "twarc_csv":
            yield from path.read_bytes().splitlines() or [b""]
        elif path.name.startswith("reuters.data"):
            yield b'{"data": ' + path.read_bytes() + b"}"
        elif path.suffix == ".json" and "interactions" not in path.read_text(encoding="utf-8")[:2_000]:
            yield path.read_bytes()


def test_every_recording_of_x_is_read_or_refused(tallies: dict[str, Tally]) -> None:
    tally = Tally()
    for body in x_bodies():
        tally.add(partial(read_search, body))

    tallies["x"] = tally
    assert tally.items > 600
    assert set(tally.rejected) <= {"is no object", "has no id or no text"}


def read_research(body: bytes) -> Page:
    return read_research_videos(body, source="tiktok_research.x", now=NOW).page


def read_display(body: bytes) -> Page:
    return read_display_videos(body, source="tiktok.x", author="shop", now=NOW).page


@pytest.mark.parametrize(
    ("read", "name", "items", "reasons"),
    [
        (read_research, "tiktok_research", 55, set()),
        (read_display, "tiktok", 0, {"has no id or no title"}),
    ],
)
def test_every_recording_of_tiktok_is_read_or_refused(
    tallies: dict[str, Tally],
    read: Callable[[bytes], Page],
    name: str,
    items: int,
    reasons: set[str],
) -> None:
    tally = Tally()
    for path in paths("tiktok"):
        tally.add(partial(read, path.read_bytes()))

    tallies[name] = tally
    assert (tally.answers, tally.items) == (9, items)
    assert set(tally.rejected) == reasons
    assert tally.refused == {
        "an answer whose error code is not ok": 6
    }  # of scrapers, in a wrapping of their own


def test_nul_bytes_in_a_recorded_name_are_gone(tallies: dict[str, Tally]) -> None:
    (path,) = (path for path in paths("tiktok") if "null_bytes" in path.name)

    (item,) = read_research(path.read_bytes()).items.values()

    signal = read_signal(item, now=NOW)
    assert (signal.author, signal.external_id) == ("user_1b2f320e4", "7435406205763226897")


def read_as_feed(body: bytes) -> Page:
    """Read with the connector of feeds, whose errors are of its own."""
    try:
        feed = parse_feed(body, content_type=None, url="https://x.example/feed", source="x", now=NOW)
    except FeedError as error:
        raise AnswerError(str(error)) from None
    return Page(items={item.fingerprint: item.raw for item in feed.items})


def test_every_recorded_feed_is_read_or_refused(tallies: dict[str, Tally]) -> None:
    tally = Tally()
    for path in paths("rss"):
        tally.add(partial(read_as_feed, path.read_bytes()))

    tallies["rss"] = tally
    assert tally.answers == 75
    assert tally.items > 300
    assert all("is empty" in reason for reason in tally.rejected)


@pytest.mark.parametrize("name", ["xmlbomb.xml", "external.xml", "dtd.xml"])
@pytest.mark.parametrize(
    "read", [read_as_feed, partial(read_trends, geo="AR", source="x", now=NOW)], ids=["rss", "google_trends"]
)
def test_hostile_xml_is_answered_within_a_second_and_50_mb(name: str, read: Callable[[bytes], Page]) -> None:
    body = next(path for path in paths("rss") if path.name == name).read_bytes()
    tracemalloc.start()
    began = time.perf_counter()

    with pytest.raises(AnswerError):
        read(body)
    took_s, peak = time.perf_counter() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert took_s < 1
    assert peak < 50_000_000
