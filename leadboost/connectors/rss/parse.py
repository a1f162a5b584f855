"""Feeds from bytes. Runs in a thread: feedparser takes a second or more per megabyte."""

import calendar
import codecs
import hashlib
import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser

from leadboost.domain.signal_intake import is_web_url

ENTRIES = 2_000
CHARS = 200_000
TAGS = 20
FUTURE = timedelta(hours=24)

TAG_BYTES = 65_536
DEPTH = 2_000

_CDATA = re.compile(rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->", re.DOTALL)
_TAG = re.compile(rb"<[A-Za-z/](?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+")
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_PERIODS = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
# Encodings in which ASCII bytes need not mean themselves.
_REFUSED_CODECS = frozenset({"utf-7", "punycode", "idna", "unicode-escape", "raw-unicode-escape"})
# What feedparser notes although it read the feed well.
_HARMLESS = ("CharacterEncodingOverride", "NonXMLContentType", "CharacterEncodingUnknown")


class FeedError(Exception):
    """The bytes are not a feed that can be read; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """One raw item for Scout, and the fingerprint of its content."""

    fingerprint: str
    raw: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a body held. ``wait_s`` is the feed's own wish, 0 when it has none.

    ``held_back`` items are dated more than a day ahead and left for a later poll; ``flaw`` says
    what is wrong with a feed that could be read in part.
    """

    items: tuple[FeedItem, ...]
    wait_s: float
    held_back: int
    flaw: str | None


def parse_feed(body: bytes, *, content_type: str | None, url: str, source: str, now: datetime) -> Feed:
    """Read RSS 0.9x, 1.0, 2.0 or Atom; at most 2,000 entries, the first ones.

    ``url`` resolves relative links, ``source`` names the feed in the items. Dates up to a day
    ahead are set to ``now``. Raises FeedError for what is not a feed, and for bodies that declare
    entities: nothing is expanded.
    """
    _refuse_entities(body, content_type or "")
    _refuse_shapes(body)
    headers = {"content-type": content_type or "application/xml", "content-location": url}
    try:
        parsed = feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=True, resolve_relative_uris=True
        )
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        AssertionError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise FeedError(f"cannot be parsed ({type(error).__name__})") from error
    if not parsed.get("version"):
        raise FeedError("did not answer with a feed" + _looks_like(body))
    flaw = _flaw(parsed)
    entries = list(_read_entries(parsed, source, now))
    if flaw and not entries:
        raise FeedError(flaw)
    items = {item.fingerprint: item for item in reversed(entries) if item is not None}
    return Feed(
        items=tuple(reversed(items.values())),
        wait_s=_wished_wait_s(parsed.get("feed", {})),
        held_back=entries.count(None),
        flaw=flaw,
    )


def _refuse_entities(body: bytes, content_type: str) -> None:
    for text in _readings(body, content_type):
        if b"<!doctype" in text and b"<!entity" in text:
            raise FeedError("declares entities (<!DOCTYPE with <!ENTITY), which is not accepted")


def _refuse_shapes(body: bytes) -> None:
    """Refuse what the parser takes minutes for: its time grows with the square of tags and of their depth."""
    depth = 0
    for match in _TAG.finditer(_CDATA.sub(b"", body.replace(b"\0", b""))):
        tag = match[0]
        if len(tag) > TAG_BYTES:
            raise FeedError(f"holds a tag of more than {TAG_BYTES // 1_024} KiB")
        depth += -1 if tag.startswith(b"</") else not tag.endswith(b"/")
        if depth > DEPTH:
            raise FeedError(f"is nested more than {DEPTH:,} elements deep")


def _readings(body: bytes, content_type: str) -> Iterator[bytes]:
    """Yield every way in which the parser may read the bytes, in lower case."""
    yield body.replace(b"\0", b"").lower()
    declared = [match[1].decode() for match in _DECLARED.finditer(body[:1024])]
    declared += _CHARSET.findall(content_type)
    if body.startswith(b"\x4c\x6f\xa7\x94"):
        declared.append("cp037")
    for name in dict.fromkeys(declared):
        try:
            if codecs.lookup(name).name in _REFUSED_CODECS:
                raise FeedError(f"declares the encoding {name}, which is not accepted")
            yield body.decode(name, "replace").lower().encode("utf-8", "replace")
        except (LookupError, ValueError):
            continue  # an unknown name: the parser falls back to encodings that the first reading covers


def _looks_like(body: bytes) -> str:
    return " but with a web page" if b"<html" in body[:4096].lower() else ""


def _read_entries(parsed: Mapping[str, Any], source: str, now: datetime) -> Iterator[FeedItem | None]:
    title = str(parsed.get("feed", {}).get("title") or "")[:200]
    for entry in parsed.get("entries", [])[:ENTRIES]:
        published_at = _published_at(entry, now)
        if published_at is not None and published_at > now + FUTURE:
            yield None
            continue
        raw = _raw_item(entry, source, title, published_at)
        yield FeedItem(fingerprint=_fingerprint(raw), raw=raw)


def _raw_item(
    entry: Mapping[str, Any], source: str, feed_title: str, published_at: datetime | None
) -> dict[str, object]:
    link = str(entry.get("link") or "")
    tags = [str(tag.get("term"))[:100] for tag in entry.get("tags", [])[:TAGS] if tag.get("term")]
    extra: dict[str, object] = {"feed": feed_title, "tags": tags}
    if link and not is_web_url(link):
        extra["link"] = link[:2_048]
    return {
        "source": source,
        "external_id": _external_id(entry, link),
        "title": str(entry.get("title") or "")[:CHARS],
        "text": _text(entry)[:CHARS],
        "url": link if is_web_url(link) else None,
        "author": str(entry.get("author") or "")[:CHARS],
        "published_at": published_at.isoformat() if published_at else None,
        "extra": extra,
    }


def _text(entry: Mapping[str, Any]) -> str:
    content = next((part.get("value") for part in entry.get("content", []) if part.get("value")), None)
    return str(content or entry.get("summary") or "")


def _external_id(entry: Mapping[str, Any], link: str) -> str:
    identity = str(entry.get("id") or link or "").strip()
    if not identity:
        identity = _sha256(str(entry.get("title") or _text(entry)), str(entry.get("published") or ""))
    return identity if len(identity) <= 512 else _sha256(identity)


def _published_at(entry: Mapping[str, Any], now: datetime) -> datetime | None:
    # Asked for a missing updated_parsed, feedparser warns and gives the published one again.
    dates = (entry[name] for name in ("published_parsed", "updated_parsed") if name in entry)
    parts = next((each for each in dates if each), None)
    if not parts:
        return None
    try:
        at = datetime.fromtimestamp(calendar.timegm(parts), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return now if now < at <= now + FUTURE else at


def _fingerprint(raw: Mapping[str, object]) -> str:
    return _sha256(*(str(raw[name]) for name in ("external_id", "title", "text")))[:16]


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def _wished_wait_s(feed: Mapping[str, Any]) -> float:
    ttl_s = _number(feed.get("ttl")) * 60
    period_s = _PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower(), 0)
    return max(ttl_s, period_s / max(_number(feed.get("sy_updatefrequency")), 1.0))


def _number(value: object) -> float:
    try:
        number = float(str(value).strip()[:12])
    except ValueError:
        return 0.0
    return max(number, 0.0) if math.isfinite(number) else 0.0


def _flaw(parsed: Mapping[str, Any]) -> str | None:
    fault = parsed.get("bozo_exception") if parsed.get("bozo") else None
    if fault is None or type(fault).__name__ in _HARMLESS:
        return None
    return f"is malformed ({type(fault).__name__}); {len(parsed.get('entries', []))} entries could be read"
