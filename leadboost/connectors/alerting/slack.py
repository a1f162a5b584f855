"""Slack, by an incoming webhook: its address is the credential.

A message gets no id and cannot be recognised when it comes twice, so it carries the alert's.
"""

from typing import Final

import orjson

from leadboost.connectors.alerting.post import Post
from leadboost.domain.alerting.alert import Notice, Severity
from leadboost.domain.alerting.wording import facts, headline
from leadboost.ports import Delivery

HEADER_CHARS, SECTION_CHARS = 150, 3_000
_MARKS: Final = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵"}


class Slack:
    """One channel of a workspace; ``link`` is where the console is."""

    name = "slack"

    def __init__(self, post: Post, url: str, *, link: str | None = None) -> None:
        self._post = post
        self._url = url
        self._link = link

    async def send(self, delivery: Delivery) -> str | None:
        answer = await self._post.send(self._url, orjson.dumps(self._message(delivery)), {})
        if answer.body.strip() != b"ok":
            raise self._post.fault("answered something else than ok; see connectors.slack.webhook_url")
        return None

    def _message(self, delivery: Delivery) -> dict[str, object]:
        alert = delivery.alert
        done = delivery.notice in (Notice.ACKNOWLEDGED, Notice.RESOLVED)
        title = f"{'✅' if done else _MARKS[alert.severity]} {headline(alert, delivery.notice)}"
        text = "\n".join(escaped(line) for line in facts(alert))
        foot = f"LeadBoost alert {alert.id}" + (f" · <{self._link}/#/alerts|console>" if self._link else "")
        return {
            "text": escaped(title),
            "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": title[:HEADER_CHARS]}},
                {"type": "section", "text": {"type": "mrkdwn", "text": text[:SECTION_CHARS]}},
                {"type": "context", "elements": [{"type": "mrkdwn", "text": foot}]},
            ],
        }


def escaped(text: str) -> str:
    """Text of others as Slack shows it: no mention, no link, no markup of theirs."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
