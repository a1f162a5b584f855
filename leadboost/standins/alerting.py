"""Slack, PagerDuty and a receiver of signed webhooks, as their contracts say, with faults on order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from leadboost.clock import Clock
from leadboost.domain.webhook import Envelope, is_genuine
from leadboost.standins.api import JSON, RAW, ApiServer, Handler, Refusal

Raw = Mapping[str, object]


class SlackServer(ApiServer):
    """One incoming webhook at ``path``; ``messages`` are what it took."""

    path = "/services/T000/B000/XXXX"

    def __init__(self) -> None:
        self.messages: list[Raw] = []
        super().__init__()

    @property
    def webhook_url(self) -> str:
        """The address, which is the credential."""
        return self.url + self.path

    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        return [("POST", self.path, self._take, True), ("POST", "/services/{rest:.*}", _no_service, False)]

    def _take(self, request: web.Request) -> web.Response:
        message = request[JSON]
        if not isinstance(message, dict):
            raise Refusal(web.Response(status=400, text="invalid_payload"))
        if not message.get("text"):
            raise Refusal(web.Response(status=400, text="no_text"))
        self.messages.append(message)
        return web.Response(text="ok")


def _no_service(_request: web.Request) -> web.Response:
    return web.Response(status=404, text="no_service")


class PagerDutyServer(ApiServer):
    """Events API v2 for one ``routing_key``.

    ``incidents`` are states by ``dedup_key``, ``events`` what came.
    """

    def __init__(self, routing_key: str) -> None:
        self.incidents: dict[str, str] = {}
        self.events: list[Raw] = []
        self._routing_key = routing_key
        super().__init__()

    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        return [("POST", "/v2/enqueue", self._enqueue, True)]

    def _enqueue(self, request: web.Request) -> web.Response:
        event = request[JSON]
        if not isinstance(event, dict):
            raise _invalid("Event object is not valid JSON")
        if event.get("routing_key") != self._routing_key:
            raise _invalid("Length of 'routing_key' is incorrect (should be 32 characters)")
        action, key = event.get("event_action"), str(event.get("dedup_key", ""))
        if action == "trigger":
            _check_payload(event.get("payload"))
            self.incidents[key] = "triggered"
        elif key in self.incidents:
            self.incidents[key] = "acknowledged" if action == "acknowledge" else "resolved"
        self.events.append(event)
        answer = {"status": "success", "message": "Event processed", "dedup_key": key}
        return web.json_response(answer, status=202)


def _check_payload(payload: object) -> None:
    if not isinstance(payload, dict):
        raise _invalid("'payload' is missing or blank")
    for name in ("summary", "source", "severity"):
        if not payload.get(name):
            raise _invalid(f"'payload.{name}' is missing or blank")
    if payload["severity"] not in ("critical", "error", "warning", "info"):
        raise _invalid("'payload.severity' is invalid (must be one of: critical, error, warning, info)")


def _invalid(reason: str) -> Refusal:
    answer = {"status": "invalid event", "message": "Event object is invalid", "errors": [reason]}
    return Refusal(web.json_response(answer, status=400))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message that was genuine."""

    id: str
    body: Raw = field(default_factory=dict)


class WebhookServer(ApiServer):
    """A receiver that takes what one of ``secrets`` signed, each ``webhook-id`` once.

    ``seen`` are all ids that came; ``closed``: it answers 410.
    """

    path = "/hooks/alerts"

    def __init__(self, secrets: Sequence[bytes], clock: Clock) -> None:
        self.heard: list[Heard] = []
        self.seen: list[str] = []
        self.closed = False
        self._secrets = secrets
        self._clock = clock
        super().__init__()

    @property
    def webhook_url(self) -> str:
        """Where to send."""
        return self.url + self.path

    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        return [("POST", self.path, self._take, True)]

    def _take(self, request: web.Request) -> web.Response:
        if self.closed:
            return web.Response(status=410)
        envelope = Envelope(
            id=request.headers.get("webhook-id", ""),
            timestamp=request.headers.get("webhook-timestamp", ""),
            signature=request.headers.get("webhook-signature", ""),
        )
        if not is_genuine(envelope, request[RAW], self._secrets, now=self._clock.now()):
            return web.Response(status=401)
        self.seen.append(envelope.id)
        if envelope.id not in {each.id for each in self.heard}:
            self.heard.append(Heard(id=envelope.id, body=orjson.loads(request[RAW])))
        return web.Response(status=204)
