"""Videos and refusals from bytes. Ids are text here; where one comes as a number it becomes text."""

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
from leadboost.domain.signal_intake import is_web_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Videos:
    """One page; ``cursor`` is where the next one begins, None on the last."""

    page: Page
    cursor: int | None


def read_videos(body: bytes, *, source: str, author: str, now: datetime) -> Videos:
    """Read one page, newest first. Raises AnswerError."""
    found = read_object(body)
    code = as_object(found.get("error")).get("code")
    if code != "ok":
        raise AnswerError("an answer whose error code is not ok")
    data = as_object(found.get("data"))
    page = read_rows(data.get("videos"), partial(_raw_video, source=source, author=author, now=now))
    cursor = data.get("cursor")
    more = data.get("has_more") is True and isinstance(cursor, int)
    return Videos(page=page, cursor=cursor if more and isinstance(cursor, int) else None)


def read_code(body: bytes) -> str:
    """Return TikTok's word for a fault, for example ``rate_limit_exceeded``; empty when there is none."""
    try:
        return known_code(as_object(read_object(body).get("error")).get("code"))
    except AnswerError:
        return ""


def _raw_video(video: Raw, *, source: str, author: str, now: datetime) -> Raw:
    name, title = _id(video.get("id")), as_text(video.get("title"))
    if not name or not title.strip():
        raise ItemError("has no id or no title")
    url = as_text(video.get("share_url"))
    return {
        "source": source,
        "external_id": name,
        "title": title,
        "text": title,
        "url": url if is_web_url(url) else None,
        "author": author,
        "published_at": published_at(read_instant(video.get("create_time")), now=now),
        "engagement": as_counters(
            views=video.get("view_count"),
            likes=video.get("like_count"),
            comments=video.get("comment_count"),
            shares=video.get("share_count"),
        ),
    }


def _id(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return as_text(value) if as_text(value).isascii() and as_text(value).isdecimal() else ""
