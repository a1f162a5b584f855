"""Slack, PagerDuty and signed webhooks, before servers that speak their contracts."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from leadboost.clock import SystemClock
from leadboost.connectors.alerting import PagerDuty, SignedWebhook, Slack
from leadboost.domain.alerting.alert import Notice, Severity
from leadboost.domain.webhook import sign
from leadboost.errors import AlertChannelError
from leadboost.ports import AlertChannel
from leadboost.standins.alerting import PagerDutyServer, SlackServer, WebhookServer
from leadboost.standins.api import ApiServer, Fault
from tests.contract.alert_cases import ALERT_ID, DELIVERY_ID, delivery, posting

KEY = "0123456789abcdef0123456789abcdef"
SECRET, NEXT_SECRET = b"the first secret, 24 bytes!!", b"the second secret, 24 bytes!"


@asynccontextmanager
async def slack(timeout_s: float = 5.0) -> AsyncIterator[tuple[SlackServer, Slack]]:
    async with SlackServer() as server, posting("slack", timeout_s) as post:
        yield server, Slack(post, server.webhook_url, link="https://boost.example")


@asynccontextmanager
async def pagerduty(timeout_s: float = 5.0) -> AsyncIterator[tuple[PagerDutyServer, PagerDuty]]:
    async with PagerDutyServer(KEY) as server, posting("pagerduty", timeout_s) as post:
        yield server, PagerDuty(post, server.url, KEY, source="shop-1", link="https://boost.example")


@asynccontextmanager
async def webhook(timeout_s: float = 5.0) -> AsyncIterator[tuple[WebhookServer, SignedWebhook]]:
    clock = SystemClock()
    async with WebhookServer([SECRET], clock) as server, posting("webhook", timeout_s) as post:
        yield server, SignedWebhook(post, server.webhook_url, [SECRET], clock)


Opened = AbstractAsyncContextManager[tuple[ApiServer, AlertChannel]]
CHANNELS = pytest.mark.parametrize("channel", [slack, pagerduty, webhook])


async def refusal(channel: AlertChannel, **given: object) -> AlertChannelError:
    with pytest.raises(AlertChannelError) as refused:
        await channel.send(delivery(channel.name, **given))  # type: ignore[arg-type]  # an alert's fields
    return refused.value


# -- what goes out --------------------------------------------------------------------------------


async def test_slack_shows_an_alert_in_blocks_and_in_plain_text() -> None:
    async with slack() as (server, channel):
        await channel.send(delivery("slack"))

    (message,) = server.messages
    assert message["text"] == "🔴 CRITICAL: Everything is halted"
    assert str(ALERT_ID) in str(message["blocks"])
    assert "<https://boost.example/#/alerts|console>" in str(message["blocks"])


async def test_text_of_others_mentions_nobody_in_slack() -> None:
    async with slack() as (server, channel):
        await channel.send(delivery("slack", title="<!channel> & <http://evil.example|pay>"))

    (message,) = server.messages
    assert message["text"] == "🔴 CRITICAL: &lt;!channel&gt; &amp; &lt;http://evil.example|pay&gt;"
    assert "<!channel>" not in str(message["text"])


async def test_pagerduty_finds_the_incident_of_an_alert_again() -> None:
    async with pagerduty() as (server, channel):
        for notice in (Notice.RAISED, Notice.REMINDED):
            await channel.send(delivery("pagerduty", notice))
        assert server.incidents == {f"leadboost/{ALERT_ID}": "triggered"}
        await channel.send(delivery("pagerduty", Notice.ACKNOWLEDGED))
        assert server.incidents == {f"leadboost/{ALERT_ID}": "acknowledged"}
        await channel.send(delivery("pagerduty", Notice.RESOLVED))

    assert server.incidents == {f"leadboost/{ALERT_ID}": "resolved"}


async def test_pagerduty_takes_an_alert_however_long_it_is() -> None:
    async with pagerduty() as (server, channel):
        await channel.send(delivery("pagerduty", title="x" * 5_000, severity=Severity.INFO))

    assert len(str(server.events[0]["payload"]["summary"])) == 1_024  # type: ignore[index]


async def test_a_webhook_is_signed_over_the_bytes_that_are_sent() -> None:
    async with webhook() as (server, channel):
        await channel.send(delivery("webhook"))

    (heard,) = server.heard
    assert heard.id == str(DELIVERY_ID)
    assert heard.body["type"] == "alert.raised"


def test_a_signature_is_that_of_the_contract() -> None:
    secret = b"leadboost-test-secret-32-bytes!!"
    body = b'{"type":"decision.created","data":{"id":"d1"}}'

    signature = sign(secret, id="msg_0001", timestamp="1763630000", body=body)

    assert signature == "v1,Jks61N3eknLXicxwyYMsqQUsgvsXCso4gHgA/mzH5EY="


async def test_two_secrets_both_sign_so_that_the_receiver_may_change_between() -> None:
    clock = SystemClock()
    for known in (SECRET, NEXT_SECRET):
        async with WebhookServer([known], clock) as server, posting("webhook") as post:
            await SignedWebhook(post, server.webhook_url, [SECRET, NEXT_SECRET], clock).send(
                delivery("webhook")
            )
        assert len(server.heard) == 1


async def test_a_delivery_sent_again_has_the_same_id_and_is_taken_once() -> None:
    async with webhook() as (server, channel):
        server.faults.append(Fault(status=500, late=True))
        await refusal(channel)
        await channel.send(delivery("webhook"))

    assert server.seen == [str(DELIVERY_ID)] * 2
    assert len(server.heard) == 1


# -- what is refused ------------------------------------------------------------------------------


STATUSES = {404: "lasting", 403: "lasting", 410: "lasting", 302: "lasting", 429: "passing", 500: "passing"}
GARBAGE = [b"", b"<html>hello</html>", b"[1]", b'{"status": "no"}', b"\xff\xfe", b"{" * 10_000]


@CHANNELS
@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
async def test_an_answer_says_whether_to_try_again(
    channel: Callable[[], Opened], status: int, kind: str
) -> None:
    async with channel() as (server, opened):
        server.faults.append(Fault(status=status))

        error = await refusal(opened)

    assert (error.kind, str(status) in error.reason) == (kind, True)


@CHANNELS
async def test_a_service_that_asks_for_time_gets_it(channel: Callable[[], Opened]) -> None:
    async with channel() as (server, opened):
        server.faults.append(Fault(status=429, headers={"Retry-After": "37"}))

        assert (await refusal(opened)).retry_after_s == 37


@pytest.mark.parametrize("channel", [slack, pagerduty])
async def test_an_answer_that_never_ends_costs_the_time_of_a_try(channel: Callable[..., Opened]) -> None:
    async with channel(1.0) as (server, opened):
        server.faults.append(Fault(drip=True))

        assert (await refusal(opened)).kind == "passing"


@pytest.mark.parametrize("body", GARBAGE)
@pytest.mark.parametrize("channel", [slack, pagerduty])
async def test_garbage_with_a_good_status_is_no_success(channel: Callable[[], Opened], body: bytes) -> None:
    async with channel() as (server, opened):
        server.faults.append(Fault(status=200, body=body))

        error = await refusal(opened)

    assert error.kind == "passing"
    assert "hello" not in error.reason


async def test_a_wrong_routing_key_is_for_somebody_to_correct() -> None:
    async with PagerDutyServer(KEY) as server, posting("pagerduty") as post:
        error = await refusal(PagerDuty(post, server.url, "f" * 32, source="shop-1"))

    assert error.kind == "lasting"
    assert "connectors.pagerduty.routing_key" in error.reason


async def test_a_receiver_that_was_switched_off_is_told_as_such() -> None:
    async with webhook() as (server, channel):
        server.closed = True

        assert (await refusal(channel)).kind == "lasting"


@CHANNELS
async def test_nobody_there_is_worth_another_try_and_no_secret_is_told(
    channel: Callable[[], Opened],
) -> None:
    async with channel() as (server, opened):
        await server.__aexit__(None, None, None)

        error = await refusal(opened)

    assert error.kind == "passing"
    assert "XXXX" not in str(error)
    assert KEY not in str(error)


async def test_an_address_in_the_own_network_is_not_asked() -> None:
    async with posting("webhook") as post:
        channel = SignedWebhook(post, "http://169.254.169.254/latest", [SECRET], SystemClock())

        error = await refusal(channel)

    assert error.kind == "lasting"
    assert "not a public address" in error.reason
