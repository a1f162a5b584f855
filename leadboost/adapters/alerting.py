"""Channels of alerts, from the settings."""

import socket
from collections.abc import Iterator, Sequence
from datetime import timedelta

from leadboost import __version__
from leadboost.actors.alerter.line import Way
from leadboost.clock import Clock, Rng
from leadboost.connectors.alerting import PagerDuty, SignedWebhook, Slack
from leadboost.connectors.alerting.post import Post
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.domain.alerting.alert import Policy, Recipient
from leadboost.domain.webhook import read_secret
from leadboost.ports import AlertChannel
from leadboost.settings import AlertsSettings, Settings
from leadboost.settings.connectors import ConnectorsSettings
from leadboost.settings.connectors.alerting import ChannelSection, SmtpSettings

ANSWER_BYTES = 65_536
SLACK_GAP_S = 1.0  # about what a webhook takes
GAP_S = 0.2
MAIL_GAP_S = 5.0


def make_policy(alerts: AlertsSettings) -> Policy:
    """How long alerts wait for somebody."""
    return Policy(
        escalate_after=timedelta(seconds=alerts.escalate_after_s),
        rounds=alerts.rounds,
        quiet_for=timedelta(seconds=alerts.quiet_s),
    )


def make_alert_client(connectors: ConnectorsSettings, *, clock: Clock, rng: Rng) -> WebClient:
    """The client of all channels, which keep their pace themselves. Whoever makes it closes it."""
    return WebClient(
        ClientPolicy(user_agent=f"LeadBoost/{__version__}", body_bytes=ANSWER_BYTES, gap_s=0.0),
        guard=EgressGuard(allow_hosts=connectors.allow_hosts),
        clock=clock,
        rng=rng,
    )


def make_ways(settings: Settings, *, client: WebClient, clock: Clock) -> Sequence[Way]:
    """Every channel that is enabled."""
    return [
        *_slack(settings, client, clock),
        *_webhook(settings, client, clock),
        *_mail(settings),
        *_pagerduty(settings, client, clock),
    ]


def _slack(settings: Settings, client: WebClient, clock: Clock) -> Iterator[Way]:
    slack = settings.connectors.slack
    if slack.enabled and slack.webhook_url is not None:
        post = _post("slack", "connectors.slack.webhook_url", slack, client, clock)
        channel = Slack(post, slack.webhook_url.get_secret_value(), link=settings.http.public_url)
        yield _way(channel, slack, SLACK_GAP_S)


def _webhook(settings: Settings, client: WebClient, clock: Clock) -> Iterator[Way]:
    webhook = settings.connectors.webhook
    if webhook.enabled and webhook.url is not None:
        secrets = [read_secret(each.get_secret_value()) for each in webhook.secrets]
        post = _post("webhook", "connectors.webhook.url", webhook, client, clock)
        yield _way(SignedWebhook(post, webhook.url.get_secret_value(), secrets, clock), webhook, GAP_S)


def _mail(settings: Settings) -> Iterator[Way]:
    smtp = settings.connectors.smtp
    if smtp.enabled and smtp.host is not None and smtp.sender is not None:
        yield _way(_make_mail(smtp, smtp.host, smtp.sender, settings.http.public_url), smtp, MAIL_GAP_S)


def _make_mail(smtp: SmtpSettings, host: str, sender: str, link: str | None) -> AlertChannel:
    from leadboost.connectors.alerting.mail import Mail, Submission  # most have no use for it

    server = Submission(
        host=host,
        port=smtp.port,
        security=smtp.security,
        username=smtp.username,
        password=None if smtp.password is None else smtp.password.get_secret_value(),
        ca_file=smtp.ca_file,
        timeout_s=smtp.timeout_s,
    )
    return Mail(server, sender=sender, recipients=smtp.recipients, link=link)


def _pagerduty(settings: Settings, client: WebClient, clock: Clock) -> Iterator[Way]:
    pagerduty = settings.connectors.pagerduty
    if pagerduty.enabled and pagerduty.routing_key is not None:
        post = _post("pagerduty", "connectors.pagerduty.base_url", pagerduty, client, clock)
        channel = PagerDuty(
            post,
            pagerduty.base_url,
            pagerduty.routing_key.get_secret_value(),
            source=socket.gethostname(),
            link=settings.http.public_url,
        )
        yield _way(channel, pagerduty, GAP_S)


def _post(name: str, setting: str, section: ChannelSection, client: WebClient, clock: Clock) -> Post:
    return Post(name=name, setting=setting, client=client, clock=clock, timeout_s=section.timeout_s)


def _way(channel: AlertChannel, section: ChannelSection, gap_s: float) -> Way:
    recipient = Recipient(name=channel.name, level=section.level, least=section.severity)
    return Way(channel=channel, recipient=recipient, gap_s=gap_s)
