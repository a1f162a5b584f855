"""What hostile and malformed answers cost, each read in a process of its own: CPU time and bytes.

The bodies are those recorded in SAMPLE_DATA, or in shared/data beside the checkout, and bombs made here.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.conftest import Show

DATA = Path(os.environ.get("SAMPLE_DATA") or Path(__file__).parents[3] / "shared" / "data")
MOST_S, MOST_BYTES = 1.0, 50_000_000

# Reads every file named on its input, each in a fork, and tells outcome, CPU seconds and growth.
READER = """
import json, os, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path

from leadboost.connectors.client.reading import AnswerError
from leadboost.connectors.google_trends.parse import read_trends
from leadboost.connectors.newsapi.parse import read_articles
from leadboost.connectors.reddit.parse import read_listing
from leadboost.connectors.rss.parse import FeedError, parse_feed
from leadboost.connectors.tiktok.parse import read_videos
from leadboost.connectors.tiktok_research.parse import read_videos as read_found
from leadboost.connectors.x.parse import read_posts

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
KINDS = {
    "rss": lambda body: parse_feed(body, content_type=None, url="https://x.example/f", source="x", now=NOW),
    "google_trends": lambda body: read_trends(body, geo="AR", source="x", now=NOW),
    "reddit": lambda body: read_listing(body, source="x", now=NOW),
    "newsapi": lambda body: read_articles(body, source="x", now=NOW),
    "x": lambda body: read_posts(body, source="x", now=NOW),
    "tiktok": lambda body: read_videos(body, source="x", author="x", now=NOW),
    "tiktok_research": lambda body: read_found(body, source="x", now=NOW),
}

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def read(kind, path):
    body = Path(path).read_bytes()
    before, began = peak(), time.process_time()
    try:
        KINDS[kind](body)
        outcome = "read"
    except (AnswerError, FeedError) as error:
        outcome = f"refused: {error}"
    return {"outcome": outcome, "seconds": time.process_time() - began, "bytes": peak() - before}

for kind, path in json.load(sys.stdin):
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.write(theirs, json.dumps(read(kind, path)).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as told:
        print(told.read().decode(), flush=True)
    os.wait()
"""


def measure(jobs: list[tuple[str, Path]]) -> list[dict[str, float | str]]:
    """Outcome, seconds and bytes of each; a reader that crashed or hung tells nothing."""
    given = json.dumps([(kind, str(path)) for kind, path in jobs])
    done = subprocess.run(
        [sys.executable, "-c", READER], input=given, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(jobs)
    assert all(lines), done.stderr
    return [json.loads(line) for line in lines]


def entities(levels: int, width: int, encoding: str = "utf-8") -> bytes:
    """A billion laughs: each entity holds the one before it many times."""
    declared = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * width}">' for level in range(1, levels))
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE rss [<!ENTITY e0 "ha">{declared}]>'
    return (text + f"<rss version='2.0'><channel><title>&e{levels - 1};</title></channel></rss>").encode(
        encoding
    )


def bombs() -> Iterator[tuple[str, bytes]]:
    rss = b"<rss version='2.0'><channel>"
    yield "billion laughs", entities(10, 10)
    yield "billion laughs in UTF-16", entities(10, 10, "utf-16")
    yield "billion laughs in EBCDIC", entities(10, 10, "cp037")
    blowup = b'<!DOCTYPE rss [<!ENTITY a "' + b"x" * 100_000 + b'">]>' + rss + b"<title>" + b"&a;" * 50_000
    yield "quadratic blowup", blowup + b"</title></channel></rss>"
    yield (
        "external entity",
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + rss + b"<title>&x;</title>",
    )
    yield "parameter entity", b'<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/d"> %p;]>' + rss
    yield "deep elements", rss + b"<item>" + b"<a>" * 100_000
    yield "many attributes", rss + b"<item " + b" ".join(b"a%d=''" % n for n in range(50_000)) + b"/>"
    quoted = b" ".join(b"a%d='>'" % n for n in range(50_000))
    yield "many attributes with brackets", rss + b"<item " + quoted + b"/>"
    yield "long name", rss + b"<" + b"a" * 1_000_000 + b"/>"
    yield "deep JSON", b"[" * 1_000_000
    yield "deep JSON object", b'{"data":' * 200_000
    yield "long number", b'{"data": {"videos": [{"id": ' + b"9" * 1_000_000 + b"}]}}"
    yield "many rows", b'{"data": {"children": [' + b",".join([b"{}"] * 200_000) + b"]}}"
    yield "binary", bytes(range(256)) * 4_000


KINDS = ("rss", "google_trends", "reddit", "newsapi", "x", "tiktok", "tiktok_research")


def check(names: list[str], results: list[dict[str, float | str]], show: Show) -> None:
    slowest = max(range(len(results)), key=lambda at: results[at]["seconds"])
    largest = max(range(len(results)), key=lambda at: results[at]["bytes"])
    refused = sum(str(each["outcome"]).startswith("refused") for each in results)
    show(
        [
            f"{len(results)} readings, {refused} refused;"
            f" slowest {results[slowest]['seconds']:.2f} s ({names[slowest]}),"
            f" largest {float(results[largest]['bytes']) / 1e6:.0f} MB ({names[largest]})"
        ]
    )
    late = [
        f"{name}: {each}"
        for name, each in zip(names, results, strict=True)
        if float(each["seconds"]) > MOST_S or float(each["bytes"]) > MOST_BYTES
    ]
    assert late == []


def test_every_bomb_costs_each_parser_a_second_and_50_mb_at_most(tmp_path: Path, show: Show) -> None:
    names, jobs = [], []
    for number, (name, body) in enumerate(bombs()):
        path = tmp_path / str(number)
        path.write_bytes(body)
        for kind in KINDS:
            names.append(f"{name} as {kind}")
            jobs.append((kind, path))

    results = measure(jobs)

    check(names, results, show)
    laughs = [each for name, each in zip(names, results, strict=True) if "laughs" in name or "entity" in name]
    assert all(str(each["outcome"]).startswith("refused") for each in laughs)


def test_every_recorded_feed_costs_a_second_and_50_mb_at_most(show: Show) -> None:
    if not (DATA / "rss").is_dir():
        pytest.skip(f"no recordings at {DATA / 'rss'}; set SAMPLE_DATA to the folder that holds rss")
    files = sorted(path for path in (DATA / "rss").rglob("*") if path.is_file())
    jobs = [(kind, path) for path in files for kind in ("rss", "google_trends")]

    results = measure(jobs)

    check([f"{path.name} as {kind}" for kind, path in jobs], results, show)
