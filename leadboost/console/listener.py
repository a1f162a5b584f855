"""Connections: how many there may be, how long one may stay silent, and what becomes of what is not HTTP."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any, Final, cast

from aiohttp import web

from leadboost.console.edge import Edge

if sys.platform != "win32":
    import resource

HEAD_DEADLINE_S: Final = 10.0
IDLE_S: Final = 120.0
MOST_CONNECTIONS: Final = 4096
# Of the files that the process may open, so many are left to the database, logs and sources.
_OTHER_FILES: Final = 128
_LINGER_S: Final = 2.0


class Listener(web.Server):
    """Makes a connection for each client, and refuses those beyond ``room`` by closing them."""

    def __init__(self, edge: Edge) -> None:
        super().__init__(edge.serve)
        self.edge = edge
        self.room = connection_room()

    def __call__(self) -> web.RequestHandler:
        return _Connection(self)

    def is_full(self) -> bool:
        """Tell whether no further connection may be kept."""
        return len(self._connections) >= self.room


def connection_room() -> int:
    """Connections that may be kept at once: MOST_CONNECTIONS, or what the limit of open files leaves."""
    if sys.platform == "win32":
        return MOST_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(MOST_CONNECTIONS, max(files - _OTHER_FILES, files // 2))


class _Connection(web.RequestHandler):
    """One connection; what is not HTTP gets an answer of ours instead of the library's."""

    __slots__ = ("_head_deadline", "_listener", "on_received", "on_resume")

    def __init__(self, listener: Listener) -> None:
        super().__init__(
            listener,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # aiohttp's own way to have none
            keepalive_timeout=IDLE_S,
            lingering_time=_LINGER_S,
        )
        self._listener = listener
        self._head_deadline: asyncio.TimerHandle | None = None
        self.on_resume: Callable[[], None] | None = None
        self.on_received: Callable[[int], None] | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.on_received is not None:
            self.on_received(len(data))

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.on_resume is not None:
            self.on_resume()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._listener.is_full():
            # uvloop's transports are no subclass of it, they only behave so.
            cast(asyncio.Transport, transport).abort()
            return
        super().connection_made(transport)
        self._head_deadline = self._loop.call_later(HEAD_DEADLINE_S, self._cut_silent)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
        super().connection_lost(exc)

    def _cut_silent(self) -> None:
        if not self._request_count and self.transport is not None:
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,  # noqa: ARG002 - aiohttp's signature
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has already begun")
        response = self._listener.edge.refuse_unparsable(status)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **facts: Any) -> None:
        # What is left of a body that cannot be decoded is no fault of ours; the connection ends.
        if not isinstance(facts.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **facts)
