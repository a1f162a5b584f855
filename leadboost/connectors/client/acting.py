"""One call to an ad platform, and its answer read: whatever goes wrong is an AdPlatformError."""

from collections.abc import Callable
from typing import TypeVar

from leadboost.connectors.client.answer import WebAnswer
from leadboost.connectors.client.exchange import WebRequest
from leadboost.connectors.client.reading import AnswerError
from leadboost.connectors.client.web import CallError, WebClient
from leadboost.domain.campaign import AdCampaign
from leadboost.errors import AdPlatformError

T = TypeVar("T")


class AdCalls:
    """Calls of the platform ``name``; ``timeout_s`` bounds each.

    ``fault_of`` judges an answer: the error that it is, None for a success.
    """

    def __init__(
        self,
        name: str,
        *,
        client: WebClient,
        timeout_s: float,
        fault_of: Callable[[WebAnswer], AdPlatformError | None],
    ) -> None:
        self._name = name
        self._client = client
        self._timeout_s = timeout_s
        self._fault_of = fault_of

    async def ask(self, request: WebRequest, *, priority: bool) -> WebAnswer:
        """Send once; any status is an answer. Raises AdPlatformError when there is none."""
        try:
            return await self._client.call(request, deadline_s=self._timeout_s, priority=priority)
        except CallError as error:
            kind = "refused" if error.refused else "unknown" if error.retry_after_s is None else "busy"
            raise self.error(kind, error.reason, error.retry_after_s) from None

    async def send(self, request: WebRequest, *, priority: bool) -> WebAnswer:
        """Send once. Raises AdPlatformError for anything but a success."""
        return self.accept(await self.ask(request, priority=priority))

    def accept(self, answer: WebAnswer) -> WebAnswer:
        """Raise AdPlatformError unless the answer is a success."""
        if (fault := self._fault_of(answer)) is not None:
            raise fault
        return answer

    def read(self, read: Callable[[bytes], T], answer: WebAnswer) -> T:
        """Read a body; one that is not understood leaves open what happened. Raises AdPlatformError."""
        try:
            return read(answer.body)
        except AnswerError as error:
            raise self.error("unknown", f"answered something else than expected: {error}") from None

    def error(self, kind: str, reason: str, retry_after_s: float | None = None) -> AdPlatformError:
        """An error of this platform."""
        return AdPlatformError(self._name, kind, reason, retry_after_s)


def check_lower(calls: AdCalls, present: AdCampaign, micros: int) -> bool:
    """Whether a budget has to be set at all. Raises AdPlatformError where that would not lower it."""
    budget = present.daily_budget_micros
    if budget is None:
        raise calls.error("refused", "has no daily budget of its own: lower it by hand")
    if micros <= 0:
        raise calls.error("refused", "a daily budget must be above 0: pause it instead")
    return budget > micros


def kind_of_status(status: int) -> str:
    """The kind of AdPlatformError that an HTTP status means where the answer says nothing better."""
    if status == 429:
        return "busy"
    if status in (401, 403):
        return "auth"
    return "refused" if 400 <= status < 500 and status not in (408, 409) else "unknown"
