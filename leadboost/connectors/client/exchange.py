"""One HTTP exchange below every rule: bytes out, a bounded answer in."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from leadboost.connectors.client.answer import Hop, WebAnswer

ERROR_BODY_BYTES = 65_536
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"

Check = Callable[[], None]


class FaultError(Exception):
    """A request that failed below HTTP. ``transient`` ones may be tried again at once."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.transient = transient


# First match wins: subclasses stand before their parents.
_FAULTS: tuple[tuple[type[Exception], str, bool], ...] = (
    (aiohttp.ClientConnectorDNSError, "its name cannot be resolved", False),
    (aiohttp.ClientConnectorCertificateError, "its TLS certificate is not valid", False),
    (aiohttp.ClientSSLError, "TLS failed", False),
    (aiohttp.ClientConnectorError, "cannot connect", True),
    (aiohttp.ClientPayloadError, "sent a broken body", True),
    (aiohttp.ClientResponseError, "sent a malformed answer", False),
    (aiohttp.InvalidURL, "is not a usable address", False),
    (aiohttp.ClientError, "broke the connection", True),
    (OSError, "broke the connection", True),
    (RuntimeError, "broke the connection", True),  # uvloop: "handler is closed"
    (ValueError, "is not a usable address", False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """What is sent; ``headers``, ``params``, ``form`` and ``json`` may hold secrets and are never shown.

    With ``form`` it is a POST of ``application/x-www-form-urlencoded``, with ``json``, encoded already, one
    of ``application/json``, else a GET. ``params`` is the query. ``check`` is called at the very write of a
    body, with no await between it and the bytes; an exception of its own stops the request and comes out
    as it is.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: bytes | None = field(default=None, repr=False)
    check: Check | None = field(default=None, repr=False)

    def target(self) -> URL:
        """The address with its query. Raises ValueError."""
        return URL(self.url).update_query(self.params) if self.params else URL(self.url)

    def body(self) -> "CheckedBody | None":
        """The payload; None for a GET."""
        if self.form is not None:
            return CheckedBody(urlencode(self.form).encode(), _FORM, self.check)
        return None if self.json is None else CheckedBody(self.json, _JSON, self.check)


class CheckedBody(aiohttp.BytesPayload):
    """A body that asks ``check`` before it leaves; ``refusal`` is what that raised.

    aiohttp keeps the headers back until the body's first write and sends both at once, so nothing of
    the request has left when the check is made, and nothing leaves when it fails.
    """

    def __init__(self, body: bytes, content_type: str, check: Check | None) -> None:
        super().__init__(body, content_type=content_type)
        self._check = check
        self.refusal: Exception | None = None

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Check and write, in one step of the loop."""
        if self._check is not None:
            try:
                self._check()
            except Exception as error:
                self.refusal = error  # aiohttp would hide it behind an error of its own
                raise
        await super().write_with_length(writer, content_length)


async def get(
    session: aiohttp.ClientSession,
    url: URL,
    headers: Mapping[str, str],
    *,
    hops: tuple[Hop, ...],
    deadline: float,
    body_bytes: int,
) -> WebAnswer:
    """Send a GET that reads the body of a success only. Raises FaultError."""
    try:
        async with (
            asyncio.timeout_at(deadline),
            session.get(url, headers=headers, allow_redirects=False) as response,
        ):
            body = await _read(response, body_bytes) if _is_success(response) else b""
            return WebAnswer(
                status=response.status, headers=response.headers, body=body, url=str(url), hops=hops
            )
    except TimeoutError as error:
        raise FaultError("gave no complete answer in time") from error
    except tuple(fault for fault, _, _ in _FAULTS) as error:
        raise _translate(error) from error


async def send(
    session: aiohttp.ClientSession, request: WebRequest, url: URL, *, deadline: float, body_bytes: int
) -> WebAnswer:
    """Send once and read the body under any status; of an error at most its first 64 KiB.

    Redirects are not followed: headers with secrets go to no other address. Raises FaultError without
    a cause, because aiohttp's errors carry the request's headers; and what ``request.check`` raises.
    """
    body = request.body()
    method = "GET" if body is None else "POST"
    try:
        async with (
            asyncio.timeout_at(deadline),
            session.request(
                method, url, headers=request.headers, data=body, allow_redirects=False
            ) as response,
        ):
            read = await _read(response, body_bytes) if _is_success(response) else await _read_start(response)
            return WebAnswer(status=response.status, headers=response.headers, body=read, url=request.url)
    except TimeoutError:
        fault = FaultError("gave no complete answer in time")
    except tuple(fault for fault, _, _ in _FAULTS) as error:
        fault = _translate(error)
    if body is not None and body.refusal is not None:
        raise body.refusal
    raise fault


def _is_success(response: aiohttp.ClientResponse) -> bool:
    return 200 <= response.status < 300


async def _read(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit_bytes:
            raise FaultError(f"sent more than {limit_bytes:,} bytes")
    return bytes(body)


async def _read_start(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= ERROR_BODY_BYTES:
            break
    return bytes(body[:ERROR_BODY_BYTES])


def _translate(error: Exception) -> FaultError:
    for fault, reason, transient in _FAULTS:
        if isinstance(error, fault):
            return FaultError(reason, transient=transient)
    raise error
