"""One POST of JSON, and what an answer means that is not the one hoped for."""

from collections.abc import Mapping
from dataclasses import dataclass

from leadboost.clock import Clock
from leadboost.connectors.client import CallError, WebAnswer, WebClient, WebRequest, parse_retry_after
from leadboost.errors import AlertChannelError

_BUSY = frozenset({408, 425, 429, *range(500, 600)})
_CLOSED = frozenset({401, 403, 404, 405, 410, *range(300, 400)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Posts for the channel ``name``; ``setting`` is what to correct where the address takes nothing."""

    name: str
    setting: str
    client: WebClient
    clock: Clock
    timeout_s: float

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebAnswer:
        """Send ``body``; returns a success. Raises AlertChannelError."""
        try:
            request = WebRequest(url=url, json=body, headers=headers)
            answer = await self.client.call(request, deadline_s=self.timeout_s)
        except CallError as error:
            kind = "lasting" if error.refused else "passing"
            raise self.fault(error.reason, kind=kind, retry_after_s=error.retry_after_s) from None
        if not 200 <= answer.status < 300:
            raise self.refusal(answer)
        return answer

    def refusal(self, answer: WebAnswer, word: str = "") -> AlertChannelError:
        """Judge an answer by its status; ``word`` is the service's own, made safe to show."""
        told = f"{answer.status} {word}".rstrip()
        if answer.status in _BUSY:
            asked_s = parse_retry_after(answer.headers.get("Retry-After"), now=self.clock.now())
            return self.fault(f"has trouble or asks us to come later ({told})", retry_after_s=asked_s)
        if answer.status in _CLOSED:
            return self.fault(f"takes nothing here ({told}); correct {self.setting}", kind="lasting")
        return self.fault(f"refuses this notice ({told})", kind="refused")

    def fault(
        self, reason: str, *, kind: str = "passing", retry_after_s: float | None = None
    ) -> AlertChannelError:
        """The error to raise."""
        return AlertChannelError(self.name, reason, kind=kind, retry_after_s=retry_after_s)
