"""What every call to a stand-in goes through: record, checks, faults."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from leadboost.clock import Clock, Rng, SystemClock
from leadboost.standins.ads.account import AdAccount, Call, StandInCampaign
from leadboost.standins.ads.control import add_control
from leadboost.standins.ads.faults import AdFaults
from leadboost.standins.api import Refusal
from leadboost.standins.loopback import LoopbackServer

_EFFECT = web.RequestKey("effect", tuple[str, ...])

Answer = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a write asks for: a status in our words, of these campaigns."""

    status: str | None = None
    campaigns: tuple[str, ...] = ()


class AdServer(LoopbackServer, ABC):
    """Serves one ``account``; ``faults`` may be replaced at any time.

    ``hanging`` is set once a call hangs. A subclass adds its routes, each wrapped by ``served``.
    """

    def __init__(
        self,
        *,
        token: str,
        account_id: str,
        account_name: str = "DEMO ads",
        currency: str = "USD",
        campaigns: Sequence[StandInCampaign] = (),
        faults: AdFaults | None = None,
        clock: Clock | None = None,
        rng: Rng | None = None,
    ) -> None:
        super().__init__()
        self.clock = clock or SystemClock()
        self.rng = rng or Rng()
        self.token = token
        self.account = AdAccount(id=account_id, name=account_name, currency=currency, clock=self.clock)
        for campaign in campaigns:
            self.account.add(campaign)
        self.faults = faults or AdFaults()
        self.hanging = asyncio.Event()
        app = web.Application()
        add_control(app, self)
        self.add_routes(app.router)
        self._serve(app)

    @abstractmethod
    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add what the platform serves."""

    @abstractmethod
    async def asked(self, request: web.Request) -> Asked:
        """Read what the call asks to change; nothing, where that cannot be read."""

    @abstractmethod
    async def check(self, request: web.Request) -> None:
        """Check the credential and what else comes before any work. Raises Refusal."""

    @abstractmethod
    def limited(self) -> web.Response:
        """Say in one of the platform's ways: too many calls."""

    @abstractmethod
    def trouble(self) -> web.Response:
        """Say in one of the platform's ways: trouble of our own."""

    def finish(self, request: web.Request, response: web.Response, /) -> None:
        """Add what every answer carries."""

    def served(self, answer: Answer) -> Answer:
        """Wrap a route in what every call goes through."""

        async def served(request: web.Request) -> web.Response:
            asked = await self.asked(request)
            status = 0  # of a client that gives up
            try:
                response = await self._guarded(answer, request)
                status = response.status
                return response
            finally:
                self.account.record(
                    Call(
                        at=self.clock.now(),
                        method=request.method,
                        path=request.path,
                        status=status,
                        set_status=asked.status,
                        campaigns=asked.campaigns,
                        effect=request.get(_EFFECT, ()),
                    )
                )

        return served

    def set_status(self, request: web.Request, campaign_id: str, status: str) -> None:
        """Let a write take effect, and note that it did."""
        self.account.set_status(campaign_id, status, lag_s=self.faults.stale_s)
        request[_EFFECT] = (*request.get(_EFFECT, ()), campaign_id)

    async def _guarded(self, answer: Answer, request: web.Request) -> web.Response:
        try:
            await self.check(request)
            fault = self.faults.draw(self.rng)
            if fault in ("limited", "error_before"):
                response = self.limited() if fault == "limited" else self.trouble()
            else:
                response = await answer(request)
            if fault == "hang":
                self.hanging.set()
                await self._stopping.wait()
            if fault == "error_after":
                response = self.trouble()
        except Refusal as refusal:
            response = refusal.response
        self.finish(request, response)
        return response
