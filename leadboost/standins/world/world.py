"""The world as one thing that opens, lives and closes."""

import asyncio
import json
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog

from leadboost.clock import Clock, Rng
from leadboost.standins.ads import AdFaults, StandInCampaign
from leadboost.standins.feed import FeedServer
from leadboost.standins.meta_ads import MetaAdsServer
from leadboost.standins.world.api import Api, ApiError, IssueToken
from leadboost.standins.world.catalogue import CAMPAIGNS
from leadboost.standins.world.desk import Desk
from leadboost.standins.world.news import FEEDS, SILENT, SILENT_PER_DAY, Newsroom
from leadboost.standins.world.results import Results
from leadboost.standins.world.shop import Shop

FILE = "demo_world.json"
ACCOUNT_ID, ACCOUNT_NAME = "120000000000077", "DEMO · Tienda de ejemplo"
FAULTS = AdFaults(error_before=0.04, error_after=0.03, limited=0.03, retry_after_s=1, stale_s=0.5)
REMEMBER_EVERY_S = 1.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
STEADY_S = 120.0

log = structlog.get_logger(__name__)

Part = Callable[[], Awaitable[None]]
Pause = Callable[[float], Awaitable[object]]


class World:
    """``open`` starts the servers, ``aim`` names the daemon, ``live`` runs until it is cancelled.

    The ad account outlives the daemon, as a real one does: ``folder`` keeps which campaigns run. ``rng``
    must be seeded: the past that it tells is the same at every start.
    """

    def __init__(
        self, *, folder: Path, currency: str, clock: Clock, rng: Rng, pause: Pause = asyncio.sleep
    ) -> None:
        self._path = folder / FILE
        self._clock = clock
        self._rng = rng
        self._pause = pause
        self._feeds = FeedServer()
        # What people do goes on after a restart; it does not begin again word for word.
        self._today = rng.fork(f"{clock.now():%Y-%m-%d %H:%M:%S}")
        self._news = Newsroom(self._feeds, clock=clock, rng=self._today.fork("news"), pause=pause)
        self.ads_token = secrets.token_urlsafe(24)
        self._saved: Mapping[str, str] = {}
        self.ads = MetaAdsServer(
            token=self.ads_token,
            account_id=ACCOUNT_ID,
            account_name=ACCOUNT_NAME,
            currency=currency,
            faults=FAULTS,
            clock=clock,
            rng=self._today.fork("ads"),
        )
        self._api: Api | None = None

    @property
    def account_id(self) -> str:
        """The demo ad account."""
        return ACCOUNT_ID

    @property
    def feeds(self) -> Mapping[str, str]:
        """Addresses of the feeds by name, once open."""
        return {name: self._feeds.url(f"/{name}.xml") for name in FEEDS}

    @property
    def expected_per_day(self) -> Mapping[str, float]:
        """What is expected of some of them."""
        return {SILENT: SILENT_PER_DAY}

    async def open(self) -> None:
        """Start the servers, the ad account as it was left. Raises OSError."""
        self._saved = _read(self._path)
        for each in CAMPAIGNS:
            status = self._saved.get(each.id, "ACTIVE")
            budget = each.daily_budget * 100
            self.ads.account.add(
                StandInCampaign(id=each.id, name=each.name, status=status, daily_budget=budget)
            )
        self._news.open()
        await self._feeds.start()
        await self.ads.start()

    def aim(self, base_url: str, issue_token: IssueToken) -> None:
        """Name the daemon whose API the people use."""
        self._api = Api(base_url, issue_token=issue_token, clock=self._clock)

    async def live(self) -> None:
        """Buy, sell, write, sort and report until cancelled; a part that fails is begun again."""
        assert self._api is not None  # noqa: S101 - aimed at composition
        shop = Shop(
            self._api,
            is_running=self._is_running,
            clock=self._clock,
            rng=self._today.fork("shop"),
            pause=self._pause,
        )
        results = Results(self._api, clock=self._clock, rng=self._rng.fork("results"), pause=self._pause)
        desk = Desk(self._api, pause=self._pause)
        parts = {
            "shop": shop.run,
            "results": results.run,
            "news": self._news.run,
            "desk": desk.run,
            "memory": self._remember,
        }
        try:
            await asyncio.gather(*(self._kept(name, part) for name, part in parts.items()))
        finally:
            await self._api.close()
            self._save()

    async def close(self) -> None:
        """Stop the servers."""
        await asyncio.gather(self.ads.stop(), self._feeds.stop())

    async def _kept(self, name: str, part: Part) -> None:
        """Begin a part again whenever it fails, after a growing wait: this is its supervisor."""
        wait_s = FIRST_WAIT_S
        while True:
            began_at = self._clock.monotonic()
            try:
                await part()
            except ApiError as error:
                log.warning("demo world waits", part=name, error=str(error), wait_s=wait_s)
            except Exception:  # a demo never takes the daemon down
                log.exception("demo world part failed", part=name, wait_s=wait_s)
            if self._clock.monotonic() - began_at > STEADY_S:
                wait_s = FIRST_WAIT_S
            await self._pause(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _is_running(self, campaign_id: str) -> bool:
        campaign = self.ads.account.campaigns.get(campaign_id)
        return campaign is not None and campaign.status == "ACTIVE"

    # -- memory -----------------------------------------------------------------------------------

    async def _remember(self) -> None:
        while True:
            await self._pause(REMEMBER_EVERY_S)
            self._save()

    def _save(self) -> None:
        """Write which campaigns run, when that changed: whole or not at all, a few hundred bytes."""
        statuses = {each.id: each.status for each in self.ads.account.campaigns.values()}
        if statuses == self._saved:
            return
        temporary = self._path.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps({"campaigns": statuses}), encoding="utf-8")
            os.replace(temporary, self._path)
        except OSError as error:
            log.warning("demo world not saved", error=str(error))
        self._saved = statuses


def _read(path: Path) -> dict[str, str]:
    """Statuses by campaign; empty where there is no file, or none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["campaigns"]
        return {str(id): status for id, status in found.items() if status in ("ACTIVE", "PAUSED")}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("demo world starts anew", error=repr(error))
        return {}
