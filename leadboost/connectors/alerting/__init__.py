"""Channels of alerts: Slack, webhooks signed by us, mail, PagerDuty. Mail is imported where it is used."""

from leadboost.connectors.alerting.pagerduty import PagerDuty
from leadboost.connectors.alerting.slack import Slack
from leadboost.connectors.alerting.webhook import SignedWebhook

__all__ = ["PagerDuty", "SignedWebhook", "Slack"]
