"""The browser console as it was built: one page and its assets, held in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from aiohttp import hdrs, web

from leadboost.messages.health import HealthReport

STATIC: Final = Path(__file__).parent / "static"
CSP: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
# Of the system's own table nobody knows what it says.
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_HTML: Final = "text/html; charset=utf-8"
# The index names the assets of its own build, and a changed asset gets another name.
_INDEX_CACHE: Final = "no-cache"
_ASSET_CACHE: Final = "public, max-age=31536000, immutable"
_UNBUILT: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>LeadBoost</title></head>
<body>
<h1>LeadBoost {version}{demo}</h1>
<p>The browser console is not built here. Build it with <code>make ui</code>, then start LeadBoost again.</p>
<p>The daemon is {mode}. <a href="/health">Health of every part</a>,
<a href="/openapi.json">the API</a>.</p>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the build and the media type that it is served with."""

    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Pages:
    """``index`` is None where the console has not been built; ``assets`` go by their file names."""

    index: bytes | None = None
    assets: Mapping[str, Asset] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path = STATIC) -> Self:
        """Read a build: some half a megabyte. Without an index there are no pages."""
        index = folder / "index.html"
        if not index.is_file():
            return cls()
        files = sorted(path for path in (folder / "assets").iterdir() if path.is_file())
        return cls(index.read_bytes(), {path.name: _asset(path) for path in files})

    def front(self, report: HealthReport) -> web.Response:
        """Answer with the console, or with a plain page that tells how to get it."""
        body = _unbuilt(report) if self.index is None else self.index
        return _response(body, _HTML, _INDEX_CACHE)

    def asset(self, name: str) -> web.Response | None:
        """Answer with an asset; None when the build has none of that name."""
        asset = self.assets.get(name)
        return None if asset is None else _response(asset.body, asset.media_type, _ASSET_CACHE)


def _asset(path: Path) -> Asset:
    return Asset(path.read_bytes(), _MEDIA_TYPES.get(path.suffix, "application/octet-stream"))


def _unbuilt(report: HealthReport) -> bytes:
    demo = " (DEMO)" if report.demo else ""
    mode = report.mode.replace("_", " ")
    return _UNBUILT.format(version=report.version, demo=demo, mode=mode).encode()


def _response(body: bytes, media_type: str, cache: str) -> web.Response:
    headers = {
        hdrs.CONTENT_TYPE: media_type,
        hdrs.CACHE_CONTROL: cache,
        hdrs.CONTENT_SECURITY_POLICY: CSP,
    }
    return web.Response(body=body, headers=headers)
