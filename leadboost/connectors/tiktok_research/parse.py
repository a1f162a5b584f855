"""Videos and refusals from bytes. Ids are 64-bit numbers here, and are kept as text."""

import re
from dataclasses import dataclass
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

HASHTAGS = 30
_USER = re.compile(r"[A-Za-z0-9_.]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Videos:
    """One page. ``cursor`` is where the next one begins, None on the last; it goes with ``search_id``."""

    page: Page
    cursor: int | None
    search_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """TikTok's word for a fault; ``is_lost_search``: it forgot the search whose next page was asked for,
    which happens to valid ones too."""

    code: str
    is_lost_search: bool


def read_videos(body: bytes, *, source: str, now: datetime) -> Videos:
    """Read one page; a short one need not be the last. Raises AnswerError."""
    found = read_object(body)
    if as_object(found.get("error")).get("code") != "ok":
        raise AnswerError("an answer whose error code is not ok")
    data = as_object(found.get("data"))
    page = read_rows(data.get("videos"), partial(_raw_video, source=source, now=now))
    cursor = data.get("cursor")
    is_number = isinstance(cursor, int) and not isinstance(cursor, bool)
    return Videos(
        page=page,
        cursor=int(str(cursor)) if is_number and data.get("has_more") is True else None,
        search_id=as_text(data.get("search_id"))[:64],
    )


def read_fault(body: bytes) -> Fault:
    """Read what TikTok says is wrong; a page of a proxy in between says nothing."""
    try:
        error = as_object(read_object(body).get("error"))
    except AnswerError:
        return Fault(code="", is_lost_search=False)
    message = as_text(error.get("message")).lower()
    lost = "search id" in message or "count or cursor" in message
    return Fault(code=known_code(error.get("code")), is_lost_search=lost)


def _raw_video(video: Raw, *, source: str, now: datetime) -> Raw:
    number, text = video.get("id"), as_text(video.get("video_description"))
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
        raise ItemError("has no numeric id")
    if not text.strip():
        raise ItemError("has no description")
    user, tags = as_text(video.get("username")).replace("\0", ""), video.get("hashtag_names")
    return {
        "source": source,
        "external_id": str(number),
        "text": text,
        "url": f"https://www.tiktok.com/@{user}/video/{number}" if _USER.fullmatch(user) else None,
        "author": user,
        "published_at": published_at(read_instant(video.get("create_time")), now=now),
        "engagement": as_counters(
            views=video.get("view_count"),
            likes=video.get("like_count"),
            comments=video.get("comment_count"),
            shares=video.get("share_count"),
            favorites=video.get("favorites_count"),
        ),
        "extra": {
            "region": as_text(video.get("region_code"))[:10],
            "hashtags": [as_text(tag)[:100] for tag in tags[:HASHTAGS]] if isinstance(tags, list) else [],
        },
    }
