"""Posts and problems from bytes. Since August 2026 fields have two spellings; either is read."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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

_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """One page. ``count`` is how many posts it held and therefore cost, the rejected ones too."""

    page: Page
    count: int
    newest_id: str | None
    next_token: str | None


def is_id(value: object) -> bool:
    """Tell whether it is an id of X: 1 to 19 digits, as text."""
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19


def id_instant(post_id: str) -> datetime:
    """When a post was made, by its id: milliseconds since November 2010 above 22 bits."""
    return _EPOCH + timedelta(milliseconds=int(post_id) >> 22)


def id_before(post_id: str, span: timedelta) -> str:
    """Return the id that a post made ``span`` earlier would have."""
    return str(max(int(post_id) - (int(span / timedelta(milliseconds=1)) << 22), 1))


def read_posts(body: bytes, *, source: str, now: datetime) -> Posts:
    """Read one page, newest first; an empty one has no ``data``. Raises AnswerError."""
    found = read_object(body)
    meta = as_object(found.get("meta"))
    rows = found.get("data", [] if meta else None)
    page = read_rows(rows, partial(_raw_post, source=source, now=now))
    newest = meta.get("newest_id")
    return Posts(
        page=page,
        count=len(rows) if isinstance(rows, list) else 0,
        newest_id=as_text(newest) if is_id(newest) else max(page.items, key=int, default=None),
        next_token=as_text(meta.get("next_token"))[:512] or None,
    )


def read_problem(body: bytes) -> str:
    """Return the last word of the problem's type, for example ``usage-capped``; empty when there is none."""
    try:
        return known_code(as_text(read_object(body).get("type")).rpartition("/")[2])
    except AnswerError:
        return ""


def blames(body: bytes, parameter: str) -> bool:
    """Tell whether a refused request was refused for this parameter."""
    try:
        errors = read_object(body).get("errors")
    except AnswerError:
        return False
    faults = [as_object(each) for each in errors] if isinstance(errors, list) else []
    return any(
        parameter in as_object(each.get("parameters")) or parameter in as_text(each.get("message"))
        for each in faults
    )


def _raw_post(post: Raw, *, source: str, now: datetime) -> Raw:
    post_id, text = post.get("id"), as_text(post.get("text"))
    if not is_id(post_id) or not text:
        raise ItemError("has no id or no text")
    name = as_text(post_id)
    metrics = as_object(post.get("public_metrics"))
    return {
        "source": source,
        "external_id": name,
        "text": text,
        "url": f"https://x.com/i/web/status/{name}",
        "author": as_text(post.get("author_id")),
        "published_at": _date(read_instant(post.get("created_at")) or id_instant(name), now),
        "engagement": as_counters(
            likes=metrics.get("like_count"),
            replies=metrics.get("reply_count"),
            reposts=_either(metrics, "repost_count", "retweet_count"),
            quotes=metrics.get("quote_count"),
            bookmarks=metrics.get("bookmark_count"),
            views=metrics.get("impression_count"),
        ),
        "extra": {
            "lang": as_text(post.get("lang"))[:20],
            "conversation_id": as_text(post.get("conversation_id"))[:20],
            "sensitive": post.get("possibly_sensitive") is True,
            "refers": _references(_either(post, "referenced_posts", "referenced_tweets")),
        },
    }


def _date(at: datetime, now: datetime) -> str | None:
    """The date, or none where it lies too far ahead: a post that was paid for is not put off."""
    try:
        return published_at(at, now=now)
    except ItemError:
        return None


def _either(fields: Raw, new: str, old: str) -> object:
    return fields.get(new, fields.get(old))


def _references(value: object) -> list[str]:
    rows = [as_object(each) for each in value[:10]] if isinstance(value, list) else []
    return [known_code(row.get("type")) for row in rows]
