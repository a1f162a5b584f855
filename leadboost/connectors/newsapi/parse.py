"""Articles and refusals from bytes."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import urldefrag

from leadboost.connectors.client.reading import (
    AnswerError,
    ItemError,
    Page,
    Raw,
    as_object,
    as_text,
    published_at,
    read_instant,
    read_object,
    read_rows,
)
from leadboost.connectors.client.refusal import known_code
from leadboost.domain.signal_intake import EXTERNAL_ID_CHARS, is_web_url

_CUT = re.compile(r"\s*(?:…|\.\.\.)?\s*\[\+\d+ chars\]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Articles:
    """One page. ``total`` is how many articles the search finds; it changes from call to call."""

    page: Page
    total: int


def read_articles(body: bytes, *, source: str, now: datetime) -> Articles:
    """Read one page of articles. Raises AnswerError."""
    found = read_object(body)
    if found.get("status") != "ok":
        raise AnswerError("an object whose status is not ok")
    page = read_rows(found.get("articles"), partial(_raw_article, source=source, now=now))
    total = found.get("totalResults")
    return Articles(page=page, total=total if isinstance(total, int) else len(page.items))


def read_code(body: bytes) -> str:
    """Return the service's word for a fault, for example ``rateLimited``; empty when there is none."""
    try:
        return known_code(read_object(body).get("code"))
    except AnswerError:
        return ""


def _raw_article(article: Raw, *, source: str, now: datetime) -> Raw:
    url, title = urldefrag(as_text(article.get("url"))).url, as_text(article.get("title"))
    if title == "[Removed]":
        raise ItemError("was removed")
    if not is_web_url(url) or not title:
        raise ItemError("has no address or no title")
    publisher = as_object(article.get("source"))
    return {
        "source": source,
        "external_id": url if len(url) <= EXTERNAL_ID_CHARS else hashlib.sha256(url.encode()).hexdigest(),
        "title": title,
        "text": _text(article),
        "url": url,
        "author": as_text(article.get("author")),
        "published_at": published_at(read_instant(article.get("publishedAt")), now=now),
        "extra": {
            "publisher": as_text(publisher.get("name"))[:200],
            "publisher_id": as_text(publisher.get("id"))[:100],
        },
    }


def _text(article: Raw) -> str:
    """The description and the beginning of the text, which no plan gives in full."""
    description, content = as_text(article.get("description")), as_text(article.get("content"))
    beginning = _CUT.sub("", content)
    parts = [description] if beginning and beginning in description else [description, beginning]
    return "\n".join(part for part in parts if part)
