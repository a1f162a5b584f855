"""Alerts of real daemons: told by real sockets, through kills, and while a channel is down for long."""

import base64
import json
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp
import pytest

from leadboost.clock import SystemClock
from leadboost.console.auth import Role, Tokens
from leadboost.folder import DataFolder
from leadboost.standins.alerting import SlackServer, WebhookServer
from leadboost.standins.api import Fault
from leadboost.standins.mail import MailServer
from tests.acceptance.process import Process

SECRET = b"a secret of alerts, 24 bytes"
Start = Callable[..., Process]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def environment(slack: SlackServer, hook: WebhookServer, mail: MailServer) -> dict[str, str]:
    """The variables that switch three channels on."""
    secret = "whsec_" + base64.b64encode(SECRET).decode()
    values = {
        "SLACK__ENABLED": "true",
        "SLACK__WEBHOOK_URL": slack.webhook_url,
        "WEBHOOK__ENABLED": "true",
        "WEBHOOK__URL": hook.webhook_url,
        "WEBHOOK__SECRETS": json.dumps([secret]),
        "SMTP__ENABLED": "true",
        "SMTP__HOST": "127.0.0.1",
        "SMTP__PORT": str(mail.port),
        "SMTP__SECURITY": "none",
        "SMTP__SENDER": "boost@shop.example",
        "SMTP__RECIPIENTS": '["ops@shop.example"]',
        "SMTP__LEVEL": "2",
        "ALLOW_HOSTS": '["127.0.0.1"]',
    }
    return {f"LEADBOOST_CONNECTORS__{name}": value for name, value in values.items()}


async def call(
    http: aiohttp.ClientSession, daemon: Process, method: str, path: str, body: object = None
) -> Mapping[str, Any]:
    """Ask as an administrator."""
    token = Tokens(DataFolder(daemon.data_dir).signing_key(), SystemClock()).issue("ana", Role.ADMIN, 600)
    headers = {"Authorization": f"Bearer {token}"}
    url = daemon.wait_for("LeadBoost is up", seconds=90).split()[-1]
    async with http.request(method, url + path, json=body, headers=headers) as response:
        assert response.status < 300, await response.text()
        answer: Mapping[str, Any] = await response.json()
        return answer


async def until(
    http: aiohttp.ClientSession, daemon: Process, holds: Callable[[Mapping[str, Any]], bool]
) -> Mapping[str, Any]:
    """Look at the alerts until this holds of them."""
    while not holds(shown := await call(http, daemon, "GET", "/api/alerts")):
        pass
    return shown


def states(shown: Mapping[str, Any]) -> dict[str, str]:
    return {str(each["key"]): str(each["state"]) for each in shown["items"]}


async def test_a_halt_is_told_through_a_kill_and_a_channel_that_is_gone(
    start: Start, http: aiohttp.ClientSession
) -> None:
    clock = SystemClock()
    async with SlackServer() as slack, WebhookServer([SECRET], clock) as hook, MailServer() as mail:
        slack.faults.extend(Fault(status=404, body=b"no_service") for _ in range(100))
        hook.faults.extend(Fault(status=503) for _ in range(2))
        daemon = start(**environment(slack, hook, mail))
        await until(http, daemon, lambda shown: len(shown["channels"]) == 3)
        await call(http, daemon, "POST", "/api/panic", {"reason": "a drill"})
        shown = await until(
            http, daemon, lambda shown: {"halt/global", "channel/slack"} <= states(shown).keys()
        )
        (slack_seen,) = [each for each in shown["channels"] if each["name"] == "slack"]
        assert slack_seen["state"] == "DEGRADED"
        assert slack_seen["detail"] == "takes nothing here (404); correct connectors.slack.webhook_url"
        daemon.stop(signal.SIGKILL)
        daemon.bury()

        slack.faults.clear()
        again = start(**environment(slack, hook, mail))
        shown = await until(http, again, lambda shown: states(shown).get("channel/slack") == "resolved")
        assert states(shown)["halt/global"] == "open"
        halt = next(each for each in shown["items"] if each["key"] == "halt/global")
        await call(http, again, "POST", f"/api/alerts/{halt['id']}/acknowledge", {"note": "mine"})
        await until(http, again, lambda _: "alert.acknowledged" in [each.body["type"] for each in hook.heard])

        assert "🔴 CRITICAL: Everything is halted" in [each["text"] for each in slack.messages]
        assert len(set(hook.seen)) == len(hook.heard)
        assert "[LeadBoost] CRITICAL, still open: Everything is halted" in [
            str(each.message["Subject"]) for each in mail.mails
        ]
        lines = "\n".join(daemon.lines + again.lines)
    assert slack.path not in lines
    assert base64.b64encode(SECRET).decode() not in lines
