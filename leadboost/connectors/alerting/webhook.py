"""Webhooks that we sign: Standard Webhooks, symmetric signatures (``v1``).

The message's id is the delivery's: it stays the same however often the delivery is tried.
"""

from collections.abc import Sequence

import orjson

from leadboost.clock import Clock
from leadboost.connectors.alerting.post import Post
from leadboost.domain.alerting.alert import Alert
from leadboost.domain.webhook import sign
from leadboost.ports import Delivery


class SignedWebhook:
    """One receiver; with two ``secrets``, while one takes the other's place, both sign."""

    name = "webhook"

    def __init__(self, post: Post, url: str, secrets: Sequence[bytes], clock: Clock) -> None:
        self._post = post
        self._url = url
        self._secrets = secrets
        self._clock = clock

    async def send(self, delivery: Delivery) -> str | None:
        body = orjson.dumps(
            {
                "type": f"alert.{delivery.notice}",
                "timestamp": delivery.created_at,
                "data": _alert(delivery.alert),
            }
        )
        timestamp = str(int(self._clock.now().timestamp()))
        signatures = [
            sign(each, id=str(delivery.id), timestamp=timestamp, body=body) for each in self._secrets
        ]
        headers = {
            "webhook-id": str(delivery.id),
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(signatures),
        }
        await self._post.send(self._url, body, headers)
        return None


def _alert(alert: Alert) -> dict[str, object]:
    return {
        "id": alert.id,
        "key": alert.key,
        "severity": alert.severity,
        "state": alert.state,
        "title": alert.title,
        "detail": alert.detail,
        "subjects": alert.subjects,
        "count": alert.count,
        "raised_at": alert.raised_at,
        "acknowledged_at": alert.acknowledged_at,
        "acknowledged_by": alert.acknowledged_by,
        "resolved_at": alert.resolved_at,
    }
