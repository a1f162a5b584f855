"""Our own origins as browsers name them, and the login cookie that belongs to each (RFC 6265bis)."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from leadboost.console.problems import ProblemError

SAFE_METHODS: Final = ("GET", "HEAD")
LOGIN_COOKIE: Final = "leadboost"
DEVICE_COOKIE: Final = "leadboost-device"
_PUBLIC_PREFIX: Final = "__Host-"
_LOCAL_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")
_FORWARDED: Final = ("forwarded", "x-forwarded-")
_MAX_VALUE_CHARS: Final = 100


class Origins:
    """Loopback addresses at the port that is listened on, and ``public_url``, which a proxy with TLS serves.

    An origin counts only where the request's Host is the same, so that a page of ``localhost`` cannot
    act at ``127.0.0.1``; a proxy may rewrite Host, hence ``public_url`` is compared alone.
    """

    def __init__(self, public_url: str | None = None) -> None:
        self.public = public_url
        self._local: frozenset[str] = frozenset()

    def listen(self, url: str) -> None:
        """Learn where the console answers: ``http://ADDRESS:PORT``."""
        parts = urlsplit(url)
        if ip_address(parts.hostname or "").is_loopback:
            port = "" if parts.port == 80 else f":{parts.port}"
            own = parts.netloc.rpartition(":")[0]
            self._local = frozenset(f"{name}{port}" for name in (*_LOCAL_HOSTS, own))

    def is_own(self, request: web.BaseRequest) -> bool:
        """Tell whether the request has exactly one Origin, and it is that of our own page."""
        origins = request.headers.getall(hdrs.ORIGIN, ())
        if len(origins) != 1:
            return False
        if self._is_public(request):
            return True
        host = request.headers.get(hdrs.HOST, "")
        return host in self._local and origins[0] == f"http://{host}"

    def check(self, request: web.BaseRequest) -> None:
        """Raises ProblemError 403 unless the request comes from our own page."""
        if not self.is_own(request):
            raise ProblemError(403, "cross_site", self._refusal(request))

    def _refusal(self, request: web.BaseRequest) -> str:
        if hdrs.ORIGIN not in request.headers:
            return "A write or a socket by login cookie needs the Origin header that browsers send."
        return (
            "Only LeadBoost's own page may do this. If this is its page, set http.public_url to the address"
            " that the browser shows."
        )

    def token_of(self, request: web.BaseRequest) -> str | None:
        """Return the token in the login cookie; None without one that can be a token."""
        return self.cookie_of(request, LOGIN_COOKIE)

    def cookie_of(self, request: web.BaseRequest, name: str) -> str | None:
        """Return the value of one of our cookies; None without one that we can have given.

        The local cookie lacks what ``__Host-`` promises, so it counts for pages of this machine alone: not
        behind a proxy, even one that rewrites Host, nor beside the public Origin.
        """
        if hdrs.COOKIE not in request.headers:
            return None
        value = request.cookies.get(_PUBLIC_PREFIX + name)
        if value is None and self._is_local(request):
            value = request.cookies.get(name)
        usable = value is not None and 0 < len(value) <= _MAX_VALUE_CHARS and value.isascii()
        return value if usable else None

    def _is_local(self, request: web.BaseRequest) -> bool:
        own_host = request.headers.get(hdrs.HOST, "") in self._local
        return own_host and not self._is_public(request) and not _is_forwarded(request)

    def _is_public(self, request: web.BaseRequest) -> bool:
        return self.public is not None and request.headers.get(hdrs.ORIGIN) == self.public

    def give(
        self, request: web.BaseRequest, response: web.Response, name: str, value: str, life_s: int
    ) -> None:
        """Set one of our cookies for the page that asks; ``life_s`` 0 takes it away."""
        public = self._is_public(request)
        response.set_cookie(
            _PUBLIC_PREFIX + name if public else name,
            value,
            max_age=life_s,
            path="/",
            secure=public,
            httponly=True,
            samesite="Strict",
        )


def _is_forwarded(request: web.BaseRequest) -> bool:
    """Tell whether a proxy says that it passes the request on (RFC 7239, and the headers before it)."""
    return any(name.lower().startswith(_FORWARDED) for name in request.headers)
