"""One viewer's socket: what the bridge writes to, and the few words that a viewer may say."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol, cast

import orjson
import structlog
from aiohttp import ClientError, WSMessage, WSMsgType, web

from leadboost.clock import Clock
from leadboost.console.auth import Principal
from leadboost.domain.live.closing import (
    POLICY_VIOLATION,
    SIGN_IN_AGAIN,
    TOO_FAR_BEHIND,
    TRY_AGAIN_LATER,
    Cut,
)
from leadboost.domain.live.frame import ping_frame, pong_frame

if sys.platform != "win32":
    import fcntl
    import termios

SUBPROTOCOL: Final = "leadboost.v1"
PING_EVERY_S: Final = 15.0
ANSWER_WITHIN_S: Final = 5.0
CHECK_EVERY_S: Final = 60.0
CLOSE_WITHIN_S: Final = 0.5
GREETED_WITHIN_S: Final = 6.0  # a bit more than the bridge takes to say that it cannot
LARGEST_FRAME_BYTES: Final = 64 * 1024
FRAMES_PER_WINDOW: Final = 50
BYTES_PER_WINDOW: Final = 2 * LARGEST_FRAME_BYTES
WINDOW_S: Final = 10.0
SEND_BUFFER_BYTES: Final = 128 * 1024

_NEVER: Final = float("inf")
_LONGEST_REASON: Final = 123
_GONE: Final = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)

_log = structlog.get_logger(__name__)


class Connection(Protocol):
    """What a socket needs of the connection below it."""

    on_resume: Callable[[], None] | None
    on_received: Callable[[int], None] | None

    @property
    def writing_paused(self) -> bool:
        """Whether the transport's buffer is full."""
        ...


class LiveSocket:
    """A ``ViewerSink`` on a WebSocket.

    Frames that all viewers get are written to the transport as they are. The library does the
    handshake, reads, and exchanges the closing frames; nothing is compressed, so whole frames of both
    may follow each other. Its heartbeat would not free a blocked send, ours ends the connection.
    """

    def __init__(
        self,
        request: web.BaseRequest,
        principal: Principal,
        *,
        clock: Clock,
        is_admitted: Callable[[], Awaitable[bool]],
        on_cut: Callable[[Cut], None],
    ) -> None:
        """``is_admitted`` tells whether the viewer's token or login still holds; ``on_cut`` hears why one
        that does not keep up is closed, since the closing frame may never reach it."""
        self.principal = principal
        self._request = request
        self._clock = clock
        self._is_admitted = is_admitted
        self._on_cut = on_cut
        self._ws = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            timeout=CLOSE_WITHIN_S,
            autoping=False,
            compress=False,
            max_msg_size=LARGEST_FRAME_BYTES + 1,  # the library's bound is exclusive
        )
        self._transport: asyncio.Transport | None = None
        self._connection = cast(Connection, request.protocol)
        self._wait: asyncio.Timeout | None = None
        self._ending: tuple[int, str] | None = None
        self._window_ends_at = 0.0
        self._frames = self._received = 0
        self._ping_at = self._check_at = self._answer_by = self._greet_by = _NEVER

    # -- as a sink --------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        return self._ending is not None or self._transport is None or self._transport.is_closing()

    @property
    def blocked(self) -> bool:
        return self._connection.writing_paused or self.closed

    def write(self, data: bytes) -> None:
        self._greet_by = _NEVER
        self._send(data)

    def _send(self, data: bytes) -> None:
        if not self.closed and self._transport is not None:
            self._transport.write(data)

    def pending_bytes(self) -> int:
        if self._transport is None or self._transport.is_closing():
            return 0
        return self._transport.get_write_buffer_size() + _unacknowledged(self._transport)

    def close(self, code: int, reason: str) -> None:
        if self._ending is None and self._transport is not None:
            self._ending = (code, reason)
            if code == TOO_FAR_BEHIND:
                self._on_cut(Cut(code, reason))
            # Whatever the other side does, and whatever waits in our buffers.
            asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, self._transport.abort)
            self._interrupt()

    def _interrupt(self) -> None:
        if self._wait is not None:
            self._wait.reschedule(self._clock.monotonic())
            self._wait = None  # a scope takes one interruption

    # -- life -------------------------------------------------------------------------------------

    async def open(self, on_ready: Callable[[], None], headers: Mapping[str, str]) -> web.StreamResponse:
        """Shake hands; ``on_ready`` is called whenever a blocked sink takes more."""
        self._ws.headers.update(headers)
        await self._ws.prepare(self._request)
        self._transport = self._request.transport
        self._connection.on_resume = on_ready
        self._connection.on_received = self._count
        if self._transport is not None:
            _bound_send_buffer(self._transport)
        now = self._clock.monotonic()
        self._ping_at, self._check_at = now + PING_EVERY_S, now + CHECK_EVERY_S
        self._greet_by = now + GREETED_WITHIN_S
        return self._ws

    async def run(self) -> None:
        """Hear the viewer until the connection ends, and end it."""
        try:
            while self._ending is None and await self._look():
                if not await self._listen():
                    break
        finally:
            self._connection.on_resume = self._connection.on_received = None
            await self._end()

    async def _listen(self) -> bool:
        """Wait for one frame, or until there is something to look at; False when the viewer left."""
        due_at = min(self._ping_at, self._check_at, self._answer_by, self._greet_by)
        try:
            async with asyncio.timeout_at(due_at) as self._wait:
                message = await self._ws.receive()
        except TimeoutError:
            return True
        finally:
            self._wait = None
        return self._hear(message)

    async def _end(self) -> None:
        code, reason = self._ending or (1000, "")
        if self._ending is not None:
            _log.info("viewer closed", code=code, reason=reason, viewer=self.principal.subject)
        self.close(code, reason)
        with suppress(TimeoutError, ConnectionError, ClientError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._ws.close(code=code, message=reason.encode()[:_LONGEST_REASON])

    # -- words ------------------------------------------------------------------------------------

    def _hear(self, message: WSMessage) -> bool:
        if message.type in _GONE:
            return False
        self._answer_by = _NEVER
        if self._is_flood():
            self.close(POLICY_VIOLATION, "Too many frames.")
        elif message.type is WSMsgType.PING:
            self._send(pong_frame(message.data))
        elif message.type is not WSMsgType.PONG and not _is_pong(message):
            self.close(POLICY_VIOLATION, 'Only {"t":"pong"} is understood.')
        return True

    def _is_flood(self) -> bool:
        self._begin_window()
        self._frames += 1
        return self._frames > FRAMES_PER_WINDOW

    def _count(self, received: int) -> None:
        """Count bytes as they come: the frames of a message without an end never reach ``_hear``."""
        self._begin_window()
        self._received += received
        if self._received > BYTES_PER_WINDOW:
            self.close(POLICY_VIOLATION, "Too many bytes.")

    def _begin_window(self) -> None:
        now = self._clock.monotonic()
        if now >= self._window_ends_at:
            self._window_ends_at = now + WINDOW_S
            self._frames = self._received = 0

    async def _look(self) -> bool:
        """Do what is due; False when the connection is to end."""
        now = self._clock.monotonic()
        if now >= self._greet_by:
            self.close(TRY_AGAIN_LATER, "The live link did not begin; try again.")
        elif now >= self._answer_by:
            self.close(TOO_FAR_BEHIND, f"No answer to a ping within {ANSWER_WITHIN_S:g} s.")
        elif now >= self._check_at and not await self._is_admitted():
            self.close(SIGN_IN_AGAIN, "The login is over; sign in again.")
        if now >= self._check_at:
            self._check_at = now + CHECK_EVERY_S
        if now >= self._ping_at:
            self._ping_at, self._answer_by = now + PING_EVERY_S, now + ANSWER_WITHIN_S
            self._send(ping_frame(self._clock.now()))
        return self._ending is None


def _is_pong(message: WSMessage) -> bool:
    if message.type is not WSMsgType.TEXT:
        return False
    try:
        said: Any = orjson.loads(message.data)
    except orjson.JSONDecodeError:
        return False
    return isinstance(said, dict) and said.get("t") == "pong"


def _bound_send_buffer(transport: asyncio.Transport) -> None:
    """Keep what the system holds for one viewer small, so that a slow one is noticed early."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):  # the viewer may have left already
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def _unacknowledged(transport: asyncio.Transport) -> int:
    """Bytes in the system's send queue, where it tells (Linux: tcp(7), TIOCOUTQ)."""
    raw = transport.get_extra_info("socket")
    if raw is None or sys.platform == "win32":
        return 0
    try:
        answer = fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:
        return 0
    return int.from_bytes(answer, sys.byteorder)
