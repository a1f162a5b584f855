"""Mail by SMTP submission (RFC 6409): STARTTLS or TLS from the start, certificates checked.

The Message-ID is the delivery's: a mail that comes twice is recognised.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

import aiosmtplib

from leadboost.connectors.client.aside import run_aside
from leadboost.domain.alerting.wording import facts, headline
from leadboost.errors import AlertChannelError
from leadboost.ports import Delivery

SUBJECT_CHARS = 200
REPLY_CHARS = 200
HOST = "connectors.smtp.host"
_OFFERS = "it may offer no STARTTLS or no login: correct connectors.smtp.security or username"
_UNKNOWN_COMMAND = (500, 502, 503, 504)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A mail server that takes our mail. ``security`` ``none`` is for this machine alone; ``ca_file`` holds
    the certificates to trust in place of the system's."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str | None
    password: str | None = field(repr=False)
    ca_file: Path | None
    timeout_s: float


class Mail:
    """Plain text from ``sender`` to ``recipients``; ``link`` is where the console is."""

    name = "smtp"

    def __init__(
        self, server: Submission, *, sender: str, recipients: Sequence[str], link: str | None = None
    ) -> None:
        self._server = server
        self._sender = sender
        self._recipients = recipients
        self._link = link

    async def send(self, delivery: Delivery) -> str | None:
        try:
            refused = await self._submit(self._message(delivery))
        except aiosmtplib.SMTPException as error:
            raise _fault(error) from None
        except ssl.SSLError as error:
            told = f"its TLS certificate is not valid or TLS failed ({error.reason or 'unknown'}); see {HOST}"
            raise AlertChannelError(self.name, told, kind="lasting") from None
        except (OSError, TimeoutError, ValueError) as error:
            raise AlertChannelError(self.name, f"cannot be reached ({type(error).__name__})") from None
        return _left_out(refused)

    async def _submit(self, message: EmailMessage) -> Mapping[str, aiosmtplib.SMTPResponse]:
        server = self._server
        context = None if server.security == "none" else await run_aside(self._trust)
        async with asyncio.timeout(server.timeout_s):
            refused, _ = await aiosmtplib.send(
                message,
                hostname=server.host,
                port=server.port,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                username=server.username,
                password=server.password,
                tls_context=context,
                timeout=server.timeout_s,
            )
        return refused

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._server.ca_file)

    def _message(self, delivery: Delivery) -> EmailMessage:
        alert = delivery.alert
        message = EmailMessage()
        subject = f"[LeadBoost] {headline(alert, delivery.notice)}"
        message["Subject"] = " ".join(subject.split())[:SUBJECT_CHARS]
        message["From"] = self._sender
        message["To"] = ", ".join(self._recipients)
        message["Date"] = format_datetime(delivery.created_at)
        message["Message-ID"] = f"<{delivery.id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-LeadBoost-Alert"] = str(alert.id)
        where = [f"{self._link}/#/alerts"] if self._link else []
        message.set_content("\n".join([headline(alert, delivery.notice), "", *facts(alert), *where]) + "\n")
        return message


def _left_out(refused: Mapping[str, aiosmtplib.SMTPResponse]) -> str | None:
    """Who was refused while others were not."""
    told = [f"{address}: {_reply(reply.code, reply.message)}" for address, reply in refused.items()]
    return f"not sent to {'; '.join(told)}" if told else None


def _fault(error: aiosmtplib.SMTPException) -> AlertChannelError:
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return _judged(error.code, error.message, "correct connectors.smtp.username and password")
        case aiosmtplib.SMTPRecipientsRefused(recipients=recipients) if recipients:
            gentlest = min(recipients, key=lambda each: each.code)
            return _judged(gentlest.code, gentlest.message, "correct connectors.smtp.recipients")
        case aiosmtplib.SMTPSenderRefused():
            return _judged(error.code, error.message, "correct connectors.smtp.sender")
        case aiosmtplib.SMTPDataError():
            return _judged(error.code, error.message, "see what the server allows", of_notice=True)
        case _ if type(error) in (aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported):
            # The library's own words for what a server does not offer: no STARTTLS, no way to sign in.
            return AlertChannelError("smtp", f"does not know what is asked of it; {_OFFERS}", kind="lasting")
        case aiosmtplib.SMTPResponseException() if error.code in _UNKNOWN_COMMAND:
            return _judged(error.code, error.message, _OFFERS)
        case aiosmtplib.SMTPResponseException():
            return _judged(error.code, error.message, f"see {HOST}")
        case _:
            return AlertChannelError("smtp", f"broke off or cannot be reached ({type(error).__name__})")


def _judged(code: int, said: str, advice: str, *, of_notice: bool = False) -> AlertChannelError:
    """4xx is for the moment, 5xx is not (RFC 5321, section 4.2.1)."""
    if not 500 <= code < 600:
        return AlertChannelError("smtp", f"asks us to come later ({_reply(code, said)})")
    kind = "refused" if of_notice else "lasting"
    return AlertChannelError("smtp", f"refuses it ({_reply(code, said)}); {advice}", kind=kind)


def _reply(code: int, said: str) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in said)[:REPLY_CHARS]
    return f"{code} {' '.join(shown.split())}".rstrip()
