"""Mail, before a server that speaks SMTP on a real socket."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from leadboost.connectors.alerting.mail import Mail, Submission
from leadboost.domain.alerting.alert import Notice
from leadboost.errors import AlertChannelError
from leadboost.standins.mail import MailFault, MailServer
from tests.contract.alert_cases import AT, DELIVERY_ID, delivery

TO = ("ops@shop.example", "ana@shop.example")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(AT - timedelta(days=4_000))
        .not_valid_after(AT + timedelta(days=4_000))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def mail(server: MailServer, **given: object) -> Mail:
    settings: dict[str, object] = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "username": None,
        "password": None,
        "ca_file": None,
        "timeout_s": 5.0,
    }
    submission = Submission(**(settings | given))  # type: ignore[arg-type]  # a test replaces any of them
    return Mail(submission, sender="leadboost@shop.example", recipients=TO, link="https://boost.example")


@asynccontextmanager
async def failing(*faults: MailFault, **given: object) -> AsyncIterator[tuple[MailServer, Mail]]:
    async with MailServer() as server:
        server.faults.extend(faults)
        yield server, mail(server, **given)


async def refusal(channel: Mail) -> AlertChannelError:
    with pytest.raises(AlertChannelError) as refused:
        await channel.send(delivery("smtp"))
    return refused.value


async def test_a_mail_says_what_is_wrong_since_when_and_where_to_look() -> None:
    async with MailServer() as server:
        left_out = await mail(server).send(delivery("smtp"))

    (taken,) = server.mails
    assert left_out is None
    assert (taken.sender, taken.recipients) == ("leadboost@shop.example", TO)
    assert taken.message["Subject"] == "[LeadBoost] CRITICAL: Everything is halted"
    assert taken.message["Message-ID"] == f"<{DELIVERY_ID}@shop.example>"
    assert taken.message["Auto-Submitted"] == "auto-generated"
    assert taken.message.get_content().splitlines() == [
        "CRITICAL: Everything is halted",
        "",
        "the button (by ana)",
        "Raised 2026-11-25 09:31 UTC",
        "https://boost.example/#/alerts",
    ]


async def test_a_title_of_others_adds_no_header() -> None:
    title = "ran out\r\nBcc: evil@example.com\r\n\r\nbuy now"
    async with MailServer() as server:
        await mail(server).send(delivery("smtp", title=title))

    (taken,) = server.mails
    assert taken.message["Bcc"] is None
    assert taken.recipients == TO


async def test_starttls_and_a_login_are_used_where_they_are_wanted(certificate: Path) -> None:
    async with MailServer(tls=tls(certificate), logins={"boost": "pa ss"}) as server:
        given = {"security": "starttls", "username": "boost", "password": "pa ss", "ca_file": certificate}
        await mail(server, **given).send(delivery("smtp", Notice.RESOLVED))

    assert [(each.secure, each.login) for each in server.mails] == [(True, "boost")]


async def test_nothing_goes_out_in_clear_text_where_tls_is_wanted() -> None:
    async with MailServer() as server:
        error = await refusal(mail(server, security="starttls"))

    assert error.kind == "lasting"
    assert "connectors.smtp.security" in error.reason
    assert server.mails == []


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    async with MailServer(tls=tls(certificate)) as server:
        error = await refusal(mail(server, security="starttls"))

    assert error.kind == "lasting"
    assert "certificate" in error.reason
    assert server.mails == []


async def test_a_wrong_password_is_for_somebody_to_correct_and_is_not_told(certificate: Path) -> None:
    async with MailServer(tls=tls(certificate), logins={"boost": "right"}) as server:
        given = {"security": "starttls", "username": "boost", "password": "wrong-one", "ca_file": certificate}
        error = await refusal(mail(server, **given))

    assert error.kind == "lasting"
    assert "connectors.smtp.username" in error.reason
    assert "wrong-one" not in str(error)


async def test_a_recipient_who_is_refused_keeps_the_mail_from_nobody_else_and_is_named() -> None:
    async with MailServer(refused={TO[1]: "550 5.1.1 no such user"}) as server:
        left_out = await mail(server).send(delivery("smtp"))

    assert server.mails[0].recipients == TO[:1]
    assert left_out == "not sent to ana@shop.example: 550 5.1.1 no such user"


async def test_recipients_who_are_all_refused_are_for_somebody_to_correct() -> None:
    async with MailServer(refused=dict.fromkeys(TO, "550 5.1.1 no such user")) as server:
        error = await refusal(mail(server))

    assert error.kind == "lasting"
    assert "connectors.smtp.recipients" in error.reason


FAULTS = {
    "greylisted": (MailFault(at="RCPT", reply="451 4.7.1 try later"), "passing"),
    "busy": (MailFault(at="GREETING", reply="421 too many"), "passing"),
    "full": (MailFault(at="BODY", reply="452 4.3.1 disk full"), "passing"),
    "against its policy": (MailFault(at="BODY", reply="554 5.7.1 spam"), "refused"),
    "cut off": (MailFault(at="DATA"), "passing"),
    "cut off after the mail": (MailFault(at="BODY"), "passing"),
    "garbage": (MailFault(at="MAIL", reply="hello there"), "passing"),
    "garbage at first": (MailFault(at="GREETING", reply="HTTP/1.1 400 Bad Request"), "passing"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_reply_says_whether_to_try_again(fault: str) -> None:
    given, kind = FAULTS[fault]
    async with failing(given) as (server, channel):
        assert (await refusal(channel)).kind == kind
        await channel.send(delivery("smtp"))

    assert server.mails[-1].message["Message-ID"] == f"<{DELIVERY_ID}@shop.example>"


async def test_a_server_that_falls_silent_costs_the_time_of_a_try() -> None:
    async with failing(MailFault(at="MAIL", silent=True), timeout_s=0.5) as (_, channel):
        assert (await refusal(channel)).kind == "passing"


async def test_no_server_is_worth_another_try() -> None:
    async with MailServer() as server:
        channel = mail(server)

    assert (await refusal(channel)).kind == "passing"
