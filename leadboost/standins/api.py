"""What the stand-ins of reading APIs share: a server on loopback, a record, faults on order."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from leadboost.standins.loopback import LoopbackServer

REQUESTS = 1_000
DRIP_BYTES = 16
BODY_BYTES = 16 * 1024**2
FORM = web.RequestKey("form", dict[str, str])
JSON = web.RequestKey("json", object)
RAW = web.RequestKey("raw", bytes)

Handler = Callable[[web.Request], web.Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How one answer goes wrong.

    With ``status`` the service is not asked, or with ``late`` has done its work already, and ``body`` is
    what comes. Otherwise its own answer is changed: ``mangle`` rewrites the body, ``content_type`` its
    type, and with ``drip`` a few bytes come and then nothing until the client gives up.
    """

    status: int | None = None
    body: bytes = b"<html><body>no</body></html>"
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    mangle: Callable[[bytes], bytes] | None = None
    drip: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came, and the status that it got; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    status: int


class Refusal(Exception):
    """Raised in a handler to answer with an error."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


class ApiServer(LoopbackServer, ABC):
    """Serves what a subclass adds in ``routes``; ``faults`` are used up one a call, oldest first.

    ``asked`` keeps the last thousand calls.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faults: deque[Fault] = deque()
        self.asked: deque[Asked] = deque(maxlen=REQUESTS)
        app = web.Application(client_max_size=BODY_BYTES)
        for method, path, handler, faulty in self.routes():
            app.router.add_route(method, path, self._served(handler, faulty=faulty))
        self._serve(app)

    @abstractmethod
    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        """Method, path, handler, and whether faults apply."""
        ...

    def _served(
        self, handler: Handler, *, faulty: bool
    ) -> Callable[[web.Request], "asyncio.Future[web.StreamResponse]"]:
        async def served(request: web.Request) -> web.StreamResponse:
            request[FORM] = {name: str(value) for name, value in (await request.post()).items()}
            request[JSON] = await _json(request)
            request[RAW] = await request.read()
            fault = self.faults.popleft() if faulty and self.faults else Fault()
            response = _answer(handler, request, fault)
            self.asked.append(
                Asked(
                    method=request.method,
                    path=request.path,
                    query=dict(request.query),
                    headers={name.lower(): value for name, value in request.headers.items()},
                    status=response.status,
                )
            )
            return await self._drip(request, response) if fault.drip else response

        return served  # type: ignore[return-value]  # aiohttp takes any coroutine function

    async def _drip(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        started = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
        await started.prepare(request)
        body = response.body if isinstance(response.body, bytes) else b""
        await started.write(body[:DRIP_BYTES])
        await self._stopping.wait()
        return started


async def _json(request: web.Request) -> object:
    """The decoded body, None where there is none."""
    if request.content_type != "application/json":
        return None
    try:
        return await request.json()
    except ValueError:
        return None


def _answer(handler: Handler, request: web.Request, fault: Fault) -> web.Response:
    if fault.status is not None:
        if fault.late:
            handler(request)
        headers = {"Content-Type": fault.content_type or "text/html", **fault.headers}
        return web.Response(status=fault.status, body=fault.body, headers=headers)
    try:
        response = handler(request)
    except Refusal as refusal:
        return refusal.response
    if fault.mangle is not None and isinstance(response.body, bytes):
        response.body = fault.mangle(response.body)
    if fault.content_type is not None:
        response.headers["Content-Type"] = fault.content_type
    return response
