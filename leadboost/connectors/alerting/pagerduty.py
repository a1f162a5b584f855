"""PagerDuty, Events API v2: one incident for each alert, found again by its ``dedup_key``."""

from typing import Final

import orjson

from leadboost.connectors.alerting.post import Post
from leadboost.connectors.client.reading import AnswerError, read_object
from leadboost.domain.alerting.alert import Alert, Notice, Severity
from leadboost.domain.alerting.wording import facts
from leadboost.errors import AlertChannelError
from leadboost.ports import Delivery

SUMMARY_CHARS = 1_024
_ACTIONS: Final = {
    Notice.RAISED: "trigger",
    Notice.REMINDED: "trigger",
    Notice.ACKNOWLEDGED: "acknowledge",
    Notice.RESOLVED: "resolve",
}
_SEVERITIES: Final = {
    Severity.CRITICAL: "critical",
    Severity.WARNING: "warning",
    Severity.INFO: "info",
}


class PagerDuty:
    """One service; ``source`` names this installation, ``link`` is where the console is."""

    name = "pagerduty"

    def __init__(
        self, post: Post, base_url: str, routing_key: str, *, source: str, link: str | None = None
    ) -> None:
        self._post = post
        self._url = f"{base_url.rstrip('/')}/v2/enqueue"
        self._routing_key = routing_key
        self._source = source
        self._link = link

    async def send(self, delivery: Delivery) -> str | None:
        try:
            answer = await self._post.send(self._url, orjson.dumps(self._event(delivery)), {})
        except AlertChannelError as error:
            raise self._judged(error) from None
        try:
            if read_object(answer.body).get("status") == "success":
                return None
        except AnswerError:
            pass
        raise self._post.fault("answered something else than success; see connectors.pagerduty.base_url")

    def _judged(self, error: AlertChannelError) -> AlertChannelError:
        """It says 400 to a wrong key too, and all events of ours have one form: no later one fares better."""
        if error.kind == "refused":
            reason = f"{error.reason}; correct connectors.pagerduty.routing_key"
            return self._post.fault(reason, kind="lasting")
        return error

    def _event(self, delivery: Delivery) -> dict[str, object]:
        alert, action = delivery.alert, _ACTIONS[delivery.notice]
        event: dict[str, object] = {
            "routing_key": self._routing_key,
            "event_action": action,
            "dedup_key": f"leadboost/{alert.id}",
        }
        if action == "trigger":
            event |= {"client": "LeadBoost", "payload": self._payload(alert)}
            if self._link is not None:
                event |= {"client_url": f"{self._link}/#/alerts"}
        return event

    def _payload(self, alert: Alert) -> dict[str, object]:
        return {
            "summary": alert.title[:SUMMARY_CHARS],
            "source": self._source,
            "severity": _SEVERITIES[alert.severity],
            "timestamp": alert.raised_at,
            "component": alert.key,
            "custom_details": {"alert": alert.id, "facts": facts(alert), "subjects": alert.subjects},
        }
