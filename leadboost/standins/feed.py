"""A feed server: pages of RSS and Atom with programmable manners and faults."""

import asyncio
import gzip
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from aiohttp import web

REQUESTS = 1_000
SLOW_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry; what is None is left out of the feed."""

    guid: str | None
    title: str
    text: str = ""
    link: str | None = None
    at: datetime | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How one path answers.

    ``etag`` and ``last_modified`` are sent as they are; with ``conditional`` a request that repeats
    one of them gets 304, the ETag decides when both are there (RFC 9110, section 13.2.2).
    ``slow`` sends a few bytes and then nothing until the client gives up.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "application/rss+xml; charset=utf-8"
    etag: str | None = None
    last_modified: str | None = None
    conditional: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came; header names in lower case."""

    path: str
    headers: Mapping[str, str]


class FeedServer:
    """Serves ``pages`` by path, 404 elsewhere; ``requests`` and ``statuses`` keep the last thousand.

    ``async with FeedServer() as feeds:`` starts and stops it; ``feeds.url("/a")`` is an address.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: deque[Request] = deque(maxlen=REQUESTS)
        self.statuses: deque[int] = deque(maxlen=REQUESTS)
        self._stopping = asyncio.Event()
        self._base = ""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None)

    async def __aenter__(self) -> "FeedServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> str:
        """Bind to loopback and return the base URL."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        host, bound = self._runner.addresses[0][:2]
        self._base = f"http://{host}:{bound}"
        return self._base

    async def stop(self) -> None:
        """End all requests, the slow ones too, and close."""
        self._stopping.set()
        await self._runner.cleanup()

    def url(self, path: str) -> str:
        """Return the full address of a path."""
        return self._base + path

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(Request(path=request.path, headers=headers))
        page = self.pages.get(request.path, Page(status=404, body=b"no such feed", content_type="text/plain"))
        status = 304 if page.conditional and _is_known(page, headers) else page.status
        self.statuses.append(status)
        if page.slow:
            return await self._trickle(request, page)
        body = page.body if status != 304 else None
        return web.Response(status=status, body=body, headers=_headers(page))

    async def _trickle(self, request: web.Request, page: Page) -> web.StreamResponse:
        response = web.StreamResponse(status=page.status, headers=_headers(page))
        await response.prepare(request)
        await response.write(page.body[:SLOW_BYTES])
        await self._stopping.wait()
        return response


def _is_known(page: Page, headers: Mapping[str, str]) -> bool:
    if page.status != 200:
        return False
    if page.etag and "if-none-match" in headers:
        return headers["if-none-match"] == page.etag
    return bool(page.last_modified) and headers.get("if-modified-since") == page.last_modified


def _headers(page: Page) -> dict[str, str]:
    named = {"Content-Type": page.content_type, "ETag": page.etag, "Last-Modified": page.last_modified}
    return {name: value for name, value in named.items() if value} | dict(page.headers)


def rss(
    items: Sequence[Item], *, title: str = "Stand-in feed", channel: str = "", encoding: str = "utf-8"
) -> bytes:
    """Write RSS 2.0; ``channel`` is put into the channel as it is, for example ``<ttl>30</ttl>``."""
    body = "".join(map(_rss_item, items))
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
        f"<channel><title>{escape(title)}</title><link>https://standin.example/</link>"
        f"<description>x</description>{channel}{body}</channel></rss>"
    ).encode(encoding)


def _rss_item(item: Item) -> str:
    fields = {
        "title": item.title,
        "description": item.text,
        "link": item.link,
        "dc:creator": item.author,
        "pubDate": format_datetime(item.at) if item.at else None,
    }
    guid = f'<guid isPermaLink="false">{escape(item.guid)}</guid>' if item.guid else ""
    return f"<item>{guid}{_elements(fields)}</item>"


def atom(items: Sequence[Item], *, title: str = "Stand-in feed") -> bytes:
    """Write Atom 1.0."""
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>{escape(title)}</title><id>urn:standin</id>'
        f"{''.join(map(_atom_entry, items))}</feed>"
    ).encode()


def _atom_entry(item: Item) -> str:
    at = item.at.isoformat() if item.at else None
    fields = {"id": item.guid, "title": item.title, "summary": item.text, "published": at, "updated": at}
    link = f'<link rel="alternate" href="{escape(item.link)}"/>' if item.link else ""
    author = f"<author><name>{escape(item.author)}</name></author>" if item.author else ""
    return f"<entry>{_elements(fields)}{link}{author}</entry>"


def _elements(fields: Mapping[str, str | None]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items() if value)


def truncated(body: bytes) -> Page:
    """A feed that ends in the middle of its last entry."""
    return Page(body=body[: body.rindex(b"</")] if b"</" in body else body)


def web_page() -> Page:
    """An HTML page under 200, as a parked or logged-out site answers."""
    body = b"<!doctype html><html><head><title>Welcome</title></head><body><p>Hello</p></body></html>"
    return Page(body=body, content_type="text/html; charset=utf-8")


def redirect(target: str, status: int = 301) -> Page:
    """One hop of a chain."""
    return Page(status=status, headers={"Location": target})


def gone() -> Page:
    """410."""
    return Page(status=410)


def busy(retry_after: str | datetime, status: int = 429) -> Page:
    """429 or 503 with Retry-After in seconds or as an HTTP date (aware UTC)."""
    at = retry_after if isinstance(retry_after, str) else format_datetime(retry_after, usegmt=True)
    return Page(status=status, headers={"Retry-After": at})


def huge(size_bytes: int, *, compressed: bool = False) -> Page:
    """A body of blanks; compressed it is small on the wire."""
    body = b" " * size_bytes
    if not compressed:
        return Page(body=body)
    return Page(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})
