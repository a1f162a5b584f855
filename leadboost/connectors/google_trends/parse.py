"""Trends from the bytes of the feed. Names are matched without their namespace, which has changed."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from xml.etree import ElementTree  # no document type gets through, see _NoDoctype

from leadboost.connectors.client.reading import (
    AnswerError,
    ItemError,
    Page,
    Raw,
    as_object,
    as_text,
    published_at,
    read_rows,
)
from leadboost.domain.signal_intake import is_web_url

NEWS = 3
_VOLUME = re.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,12})([KM]?)\+?", re.IGNORECASE)
_FACTORS = {"": 1, "K": 1_000, "M": 1_000_000}
_FIELDS = {"title": "news_item_title", "url": "news_item_url", "publisher": "news_item_source"}


class _NoDoctype(ElementTree.TreeBuilder):
    """Stops at a document type, before anything in it: without one there are no entities to expand."""

    def doctype(self, *_: object) -> None:
        raise AnswerError("XML with a document type, which is not accepted")


def read_trends(body: bytes, *, geo: str, source: str, now: datetime) -> Page:
    """Read the feed of one place; an empty one is fine. Raises AnswerError."""
    parser = ElementTree.XMLParser(target=_NoDoctype())  # noqa: S314  # see _NoDoctype
    try:
        root = ElementTree.fromstring(body, parser)  # noqa: S314  # the same
    except (ElementTree.ParseError, ValueError, LookupError):
        raise AnswerError("not complete XML") from None
    channel = next((each for each in root if _name(each) == "channel"), None)
    if _name(root) != "rss" or channel is None:
        raise AnswerError("XML, but no feed of trends")
    rows: list[object] = [_row(each) for each in channel if _name(each) == "item"]
    return read_rows(rows, partial(_raw_trend, geo=geo, source=source, now=now))


def read_volume(text: str) -> int | None:
    """Expand a floor such as ``200+``, ``20K+``, ``1M+`` or ``50,000+``; None when it is none."""
    match = _VOLUME.fullmatch(text.strip())
    return int(match[1].replace(",", "")) * _FACTORS[match[2].upper()] if match else None


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _row(item: ElementTree.Element) -> dict[str, object]:
    row: dict[str, object] = {_name(field): field.text or "" for field in item}
    news = [each for each in item if _name(each) == "news_item"][:NEWS]
    return row | {"news": [{_name(field): field.text or "" for field in each} for each in news]}


def _raw_trend(row: Raw, *, geo: str, source: str, now: datetime) -> Raw:
    title, at = as_text(row.get("title")).strip(), _date(as_text(row.get("pubDate")))
    if not title or at is None:
        raise ItemError("has no title or no date")
    rows = row.get("news")
    news = [_news(as_object(each)) for each in rows] if isinstance(rows, list) else []
    volume = read_volume(as_text(row.get("approx_traffic")))
    return {
        "source": source,
        "external_id": f"{geo}:{at:%Y%m%dT%H%M}:{' '.join(title.casefold().split())[:200]}",
        "title": title,
        "text": "\n".join([title, *(each["title"] for each in news if each["title"])]),
        "url": next((each["url"] for each in news if is_web_url(each["url"])), None),
        "author": "",
        "published_at": published_at(at, now=now),
        "engagement": {} if volume is None else {"searches": float(volume)},
        "extra": {"geo": geo, "news": news, "attribution": "Google Trends"},
    }


def _news(fields: Raw) -> dict[str, str]:
    return {name: as_text(fields.get(field)).strip()[:2_048] for name, field in _FIELDS.items()}


def _date(text: str) -> datetime | None:
    """RFC 822 with its offset, which is Pacific whatever the place."""
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(UTC)
