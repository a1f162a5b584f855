"""Bookkeeper: reads ad accounts in turn, and answers what campaigns did and what they advertise."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import assert_never

import structlog

from leadboost.actors.bookkeeper.reading import FIRST_WAIT_S, RECENT, Account, Brought, booked, read
from leadboost.domain.ad_results import AdDay, last_closed_day, outcomes_of
from leadboost.domain.linking import propose_links
from leadboost.errors import ActorError, LeadBoostError, StoreError
from leadboost.messages.bookkeeper import (
    AccountBook,
    CampaignBooks,
    DecideLink,
    GetAccountBooks,
    GetCampaignBooks,
    SpendRead,
    SpendReading,
)
from leadboost.messages.panic import ListCampaigns
from leadboost.messages.trainer import RecordOutcomes
from leadboost.ports import AdReports, CampaignStore, Lease, LeaseStore
from leadboost.runtime import Actor, ActorRef, Message, Topic

LEASE = "bookkeeping"
LOOK_EVERY_S = 2.0
RECORD_ROWS = 500
RECORD_S = 20.0
ASK_S = 2.0
PRODUCTS = 5_000
ACTIONS = 50

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look(Message[None]):
    """Keep the lease, and begin what is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept(Message[None]):
    """The lease, None while another host holds it, or it cannot be had."""

    lease: Lease | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read(Message[None]):
    """An account was read, and what can be learned from it recorded."""

    platform: str
    brought: Brought
    book: AccountBook


@dataclass(frozen=True, slots=True, kw_only=True)
class _NotRead(Message[None]):
    """Reading or recording failed on our side."""

    platform: str
    error: Exception


_Told = GetCampaignBooks | GetAccountBooks | DecideLink | _Look | _Kept | _Read | _NotRead


class Bookkeeper(Actor[_Told]):
    """``every_s`` lies between two readings of one account. ``spend`` hears of every reading."""

    def __init__(
        self,
        *,
        reports: Sequence[AdReports],
        store: CampaignStore,
        trainer: ActorRef[RecordOutcomes],
        panic: ActorRef[ListCampaigns],
        spend: Topic[SpendRead],
        leases: LeaseStore,
        holder: str,
        currency: str,
        every_s: float,
    ) -> None:
        self._reports = reports
        self._store = store
        self._trainer = trainer
        self._panic = panic
        self._spend = spend
        self._leases = leases
        self._holder = holder
        self._currency = currency
        self._every_s = every_s
        self._lease: Lease | None = None
        self._keeping = False

    async def on_start(self) -> None:
        now = self.clock.monotonic()
        self._accounts = {
            each.name: Account(each, AccountBook(platform=each.name, account_id=each.account_id), now)
            for each in self._reports
        }
        if self._accounts:
            self.every(LOOK_EVERY_S, _Look())
            self._look()

    async def on_stop(self) -> None:
        if self._lease is not None:
            with suppress(StoreError):  # it runs out by itself
                await self._leases.release(self._lease)

    async def receive(self, message: _Told) -> object:
        match message:
            case GetCampaignBooks(days=days):
                return await self._campaign_books(days)
            case GetAccountBooks():
                return [account.book for account in self._accounts.values()]
            case DecideLink(link=link, accepted=accepted, by=by):
                await self._store.decide_link(link, accepted=accepted, by=by, at=self.clock.now())
            case _Look():
                self._look()
            case _Kept(lease=lease):
                self._keeping, self._lease = False, lease
                self._begin()
            case _Read():
                self._read(message)
            case _NotRead():
                self._not_read(message)
            case _:
                assert_never(message)
        return None

    # -- reading accounts -------------------------------------------------------------------------

    def _look(self) -> None:
        if not self._keeping:
            self._keeping = True
            self.spawn(
                "keep lease",
                self._leases.keep(LEASE, self._holder, self._lease),
                then=lambda lease: _Kept(lease=lease),
                otherwise=lambda _: _Kept(lease=None),  # without a lease nobody reads, and it is tried again
            )

    def _begin(self) -> None:
        """Read each account that is due, on one host at a time."""
        now = self.clock.monotonic()
        if self._lease is None or now >= self._lease.trusted_until:
            return
        for platform, account in self._accounts.items():
            if account.due_at <= now and not account.busy:
                account.busy = True
                self.spawn(
                    "read results",
                    self._read_account(account, now),
                    then=lambda done: done,
                    otherwise=partial(_not_read, platform),
                )

    async def _read_account(self, account: Account, now: float) -> _Read:
        today = self.clock.now().date()
        brought = await read(account.reports, account.first_day(today, now), today)
        book = booked(account.book, brought, self.clock.now(), currency=self._currency)
        if book.tells_value:
            await self._record(brought.days)
        return _Read(platform=account.reports.name, brought=brought, book=book)

    async def _record(self, days: Sequence[AdDay]) -> None:
        closed = last_closed_day(self.clock.now())
        outcomes = outcomes_of(days, currency=self._currency, until=closed)
        for start in range(0, len(outcomes), RECORD_ROWS):
            part = outcomes[start : start + RECORD_ROWS]
            await self._trainer.ask(RecordOutcomes(outcomes=part), timeout_s=RECORD_S)

    def _read(self, done: _Read) -> None:
        account, now = self._accounts[done.platform], self.clock.monotonic()
        if account.restated_at is None and done.brought.error is None:
            _log.info("results read", platform=done.platform, days=len(done.brought.days))
        account.book, account.busy = done.book, False
        self._tell_spend(done.brought)
        if (error := done.brought.error) is not None:
            self._wait(account, error, error.retry_after_s)
            return
        if account.restated_at is None or done.brought.last - done.brought.first > RECENT:
            account.restated_at = now
        account.wait_s = FIRST_WAIT_S
        account.due_at = now + self._every_s * self.rng.uniform(0.9, 1.0)

    def _not_read(self, failed: _NotRead) -> None:
        account = self._accounts[failed.platform]
        account.busy = False
        if not isinstance(failed.error, StoreError | ActorError):
            raise failed.error
        self._wait(account, failed.error, None)

    def _wait(self, account: Account, error: LeadBoostError, asked_s: float | None) -> None:
        _log.warning("results not read", platform=account.reports.name, error=str(error))
        account.due_at = self.clock.monotonic() + max(account.wait_s, asked_s or 0.0)
        account.wait_s = min(2 * account.wait_s, self._every_s)

    def _tell_spend(self, brought: Brought) -> None:
        at = self.clock.now()
        since = at.date() - RECENT
        readings = [
            SpendReading(
                campaign=each.campaign,
                day=each.day,
                spend_micros=each.spend_micros,
                currency=each.currency,
                at=at,
            )
            for each in brought.days
            if each.day >= since
        ]
        if readings:
            self._spend.publish(SpendRead(readings=readings))

    # -- answering --------------------------------------------------------------------------------

    async def _campaign_books(self, days: int) -> CampaignBooks:
        last = await self._store.last_day() or self.clock.now().date()
        since = last - timedelta(days=days - 1)
        links = await self._store.links()
        refused = await self._store.refused_links()
        linked = {link.campaign for link in links}
        campaigns = (await self._panic.ask(ListCampaigns(), timeout_s=ASK_S)).campaigns
        free = [each for each in campaigns if each.campaign not in linked]
        return CampaignBooks(
            since=since,
            results=await self._store.results(since, currency=self._currency),
            links=links,
            proposals=propose_links(free, await self._store.products(PRODUCTS), set(refused)),
            actions=await self._store.actions(ACTIONS),
        )


def _not_read(platform: str, error: Exception) -> _NotRead:
    return _NotRead(platform=platform, error=error)
