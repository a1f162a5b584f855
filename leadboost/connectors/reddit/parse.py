"""Listings and refusals from bytes."""

from datetime import datetime
from functools import partial

from leadboost.connectors.client.reading import (
    AnswerError,
    ItemError,
    Page,
    Raw,
    as_counters,
    as_object,
    as_text,
    published_at,
    read_instant,
    read_object,
    read_rows,
)
from leadboost.connectors.client.refusal import known_code
from leadboost.domain.signal_intake import is_web_url

SITE = "https://www.reddit.com"
_EMPTIED = frozenset({"[deleted]", "[removed]"})


def read_reason(body: bytes) -> str:
    """Return the word in ``reason``, for example ``private`` or ``banned``; mostly there is none."""
    try:
        return known_code(read_object(body).get("reason"))
    except AnswerError:
        return ""


def read_listing(body: bytes, *, source: str, now: datetime) -> Page:
    """Read one page of posts, newest first; other kinds of things are rejected. Raises AnswerError."""
    data = as_object(read_object(body).get("data"))
    page = read_rows(data.get("children"), partial(_raw_post, source=source, now=now))
    return Page(items=page.items, rejected=page.rejected, after=as_text(data.get("after")) or None)


def _raw_post(child: Raw, *, source: str, now: datetime) -> Raw:
    data = as_object(child.get("data"))
    if child.get("kind") != "t3":
        raise ItemError("is no post")
    name, title = as_text(data.get("name")), as_text(data.get("title"))
    if not name or not title:
        raise ItemError("has no name or no title")
    return {
        "source": source,
        "external_id": name,
        "title": title,
        "text": _shown(data.get("selftext")),
        "url": _permalink(data.get("permalink")),
        "author": _shown(data.get("author")),
        "published_at": published_at(read_instant(data.get("created_utc")), now=now),
        "engagement": as_counters(
            score=data.get("score"),
            comments=data.get("num_comments"),
            upvote_ratio=data.get("upvote_ratio"),
        ),
        "extra": {
            "subreddit": as_text(data.get("subreddit"))[:100],
            "flair": as_text(data.get("link_flair_text"))[:200],
            "link": as_text(data.get("url"))[:2_048],
            "adult": data.get("over_18") is True,
        },
    }


def _shown(value: object) -> str:
    text = as_text(value)
    return "" if text in _EMPTIED else text


def _permalink(value: object) -> str | None:
    path = as_text(value)
    url = SITE + path
    return url if path.startswith("/r/") and is_web_url(url) else None
