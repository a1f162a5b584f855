"""A mail server, as RFC 5321, 3207 and 4954 say as far as our mail needs it, with faults on order."""

import asyncio
import base64
import ssl
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

LINE_BYTES = 65_536
DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFault:
    """How one session goes wrong: ``at`` a command (``GREETING`` and ``BODY`` too) ``reply`` comes instead of
    its own; with an empty one the connection ends there, with ``silent`` nothing comes any more."""

    at: str
    reply: str = ""
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenMail:
    """A mail that was taken, and whether it came under TLS."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    secure: bool
    login: str | None


@dataclass(slots=True)
class _Session:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    fault: MailFault | None
    secure: bool = False
    login: str | None = None
    sender: str = ""
    plain: asyncio.StreamWriter | None = None
    recipients: list[str] = field(default_factory=list)


class MailServer:
    """Takes mail on loopback; ``mails`` are what it took. ``faults`` are used up one a session, oldest first.

    ``tls`` lets it offer STARTTLS; ``logins`` are passwords by name, and without any nobody has to sign in.
    ``refused`` are replies to recipients that it does not know.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        logins: Mapping[str, str] | None = None,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        self.mails: list[TakenMail] = []
        self.faults: deque[MailFault] = deque()
        self.sessions = 0
        self._tls = tls
        self._logins = logins or {}
        self._refused = refused or {}
        self._stopping = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._all_closed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> "MailServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=LINE_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()
        if self._open:
            async with asyncio.timeout(DEADLINE_S):
                await self._all_closed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        self._open.add(writer)
        session = _Session(reader, writer, self.faults.popleft() if self.faults else None)
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, EOFError):
            async with asyncio.timeout(DEADLINE_S):
                await self._talk(session)
        session.writer.close()
        self._open.discard(writer)
        if not self._open:
            self._all_closed.set()

    async def _talk(self, session: _Session) -> None:
        await self._reply(session, "GREETING", "220 mail.example ESMTP")
        while line := await session.reader.readline():
            verb, _, rest = line.decode(errors="replace").strip().partition(" ")
            if not await self._command(session, verb.upper(), rest):
                return

    async def _command(self, session: _Session, verb: str, rest: str) -> bool:
        match verb:
            case "EHLO" | "HELO":
                await self._reply(session, verb, self._greeting(session))
            case "STARTTLS" if self._tls is not None:
                await self._reply(session, verb, "220 go ahead")
                await _secure(session, self._tls)
            case "AUTH":
                await self._reply(session, verb, await self._sign_in(session, rest))
            case "MAIL":
                await self._reply(session, verb, self._begin(session, rest))
            case "RCPT":
                await self._reply(session, verb, self._add(session, rest))
            case "DATA":
                await self._take(session)
            case "QUIT":
                await self._reply(session, verb, "221 bye")
                return False
            case "RSET" | "NOOP":
                await self._reply(session, verb, "250 ok")
            case _:
                await self._reply(session, verb, "502 5.5.1 not implemented")
        return True

    async def _reply(self, session: _Session, at: str, text: str) -> None:
        fault = session.fault
        if fault is not None and fault.at == at:
            if fault.silent:
                await self._stopping.wait()
            if not fault.reply:
                session.writer.transport.abort()
                raise EOFError
            text = fault.reply
        session.writer.write(f"{text}\r\n".encode())
        await session.writer.drain()

    def _greeting(self, session: _Session) -> str:
        offers = ["mail.example", "8BITMIME"]
        if self._tls is not None and not session.secure:
            offers.append("STARTTLS")
        if self._logins:
            offers.append("AUTH PLAIN")
        return "\r\n".join([*(f"250-{each}" for each in offers[:-1]), f"250 {offers[-1]}"])

    async def _sign_in(self, session: _Session, rest: str) -> str:
        _, _, given = rest.partition(" ")
        name, _, password = base64.b64decode(given).decode().lstrip("\0").partition("\0")
        if self._logins.get(name) != password:
            return "535 5.7.8 Authentication credentials invalid"
        session.login = name
        return "235 2.7.0 ok"

    def _begin(self, session: _Session, rest: str) -> str:
        if self._logins and session.login is None:
            return "530 5.7.0 Authentication required"
        session.sender, session.recipients = _address(rest), []
        return "250 ok"

    def _add(self, session: _Session, rest: str) -> str:
        address = _address(rest)
        if address in self._refused:
            return self._refused[address]
        session.recipients.append(address)
        return "250 ok"

    async def _take(self, session: _Session) -> None:
        await self._reply(session, "DATA", "354 go on")
        lines = []
        while (line := await session.reader.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        fault = session.fault
        refused = fault is not None and fault.at == "BODY" and fault.reply[:1] in ("4", "5")
        if not refused:
            message = message_from_bytes(b"".join(lines), policy=policy.default)
            self.mails.append(
                TakenMail(
                    sender=session.sender,
                    recipients=tuple(session.recipients),
                    message=message,
                    secure=session.secure,
                    login=session.login,
                )
            )
        await self._reply(session, "BODY", "250 taken")


async def _secure(session: _Session, tls: ssl.SSLContext) -> None:
    """Go on under TLS, on streams of its own: those of before do not outlive a handshake that fails."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = await loop.start_tls(session.writer.transport, protocol, tls, server_side=True)
    if transport is None:
        raise EOFError
    reader.set_transport(transport)
    session.plain, session.reader = session.writer, reader
    session.writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    session.secure = True


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]
