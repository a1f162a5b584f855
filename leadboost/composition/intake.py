"""The console opens to requests: last to start, first to stop."""

import asyncio
import gc
from functools import partial

import structlog

from leadboost.adapters.offers import make_offers
from leadboost.composition.wiring import Wiring
from leadboost.console.call import Handles
from leadboost.console.logins import draw_token, hash_of
from leadboost.console.pushes import Pushes
from leadboost.console.server import Console
from leadboost.console.shops import Shops
from leadboost.messages.scout import BeginIntake
from leadboost.runtime import Stage
from leadboost.store.accounts import PgAccountStore
from leadboost.store.hearing import PgHearingStore
from leadboost.store.radar_reports import PgRadarReports
from leadboost.store.receipts import PgReceiptStore
from leadboost.store.signals import PgSignalStore

_REQUESTS_END_S = 0.8
_GC_THRESHOLDS = (50_000, 20, 50)

_log = structlog.get_logger()


class IntakeOpening:
    """``first_link`` is the token of the link that lets the first person in, while nobody can sign in."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._sign_outs: asyncio.Task[None] | None = None
        self.first_link: str | None = None

    def stage(self, console: Console) -> Stage:
        """The stage of it."""
        return self._wiring.stage(
            name="intake", start=partial(self._open, console), stop=partial(self._close, console)
        )

    async def _open(self, console: Console) -> None:
        wiring = self._wiring
        accounts = PgAccountStore(wiring.store)
        if wiring.polls:
            self.first_link = await self._make_first_link(accounts)
        console.open(self._make_handles(accounts))
        self._sign_outs = wiring.runtime.run_task("sign-outs", console.logins.settle(asyncio.sleep))
        wiring.refs["scout"].tell(BeginIntake())
        _freeze_garbage()

    async def _close(self, console: Console) -> None:
        console.close_intake()
        if not await console.drain(_REQUESTS_END_S):
            _log.warning("requests cut off", budget_s=_REQUESTS_END_S)
        if self._sign_outs is not None:
            self._sign_outs.cancel()
            await asyncio.wait([self._sign_outs])

    def _make_handles(self, accounts: PgAccountStore) -> Handles:
        refs, store, connectors = self._wiring.refs, self._wiring.store, self._wiring.settings.connectors
        return Handles(
            enterprise=refs["enterprise"],
            scout=refs["scout"],
            trainer=refs["trainer"],
            predictor=refs["predictor"],
            journal=refs["journal"],
            stream=refs["stream_bridge"],
            release=refs["release"],
            retention=refs["retention"],
            bookkeeper=refs["bookkeeper"],
            safety=refs["safety"],
            alerter=refs["alerter"],
            accounts=accounts,
            hearing=PgHearingStore(store),
            signals=PgSignalStore(store),
            shops=Shops(receipts=PgReceiptStore(store), secrets=connectors.shop_keys),
            pushes=Pushes(receipts=PgReceiptStore(store), secrets=connectors.push.keys()),
            offers=make_offers(connectors),
            radar=PgRadarReports(store),
            tally=self._wiring.tally,
        )

    async def _make_first_link(self, accounts: PgAccountStore) -> str | None:
        """Draw the token of a single-use link while nobody can sign in; in a demo at every start."""
        token = draw_token()
        stored = await accounts.renew_first_link(hash_of(token), always=self._wiring.settings.demo)
        return token if stored else None


def _freeze_garbage() -> None:
    """What stands now stays: collecting it again and again would only stall sales.

    A thousand requests under way are some tens of thousands of objects, none of them garbage. A first
    threshold below that has each request pay for looks at all the others; at this one a look takes 2 ms.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
