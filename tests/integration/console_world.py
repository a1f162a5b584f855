"""A console on a free port, with actors behind it that remember what they were told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aiohttp
import orjson
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from leadboost.clock import Clock, Rng, SystemClock, uuid7
from leadboost.console.auth import ClientSecret, Role, Tokens
from leadboost.console.call import Handles
from leadboost.console.page import Pages
from leadboost.console.pushes import Pushes
from leadboost.console.server import Console
from leadboost.console.shops import Shops
from leadboost.domain.account import Account
from leadboost.domain.alerting.alert import Alert, AlertState, Severity
from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.halt import Halt, HaltItem, ItemStatus, Latch, Scope
from leadboost.domain.linking import Link, LinkProposal
from leadboost.domain.offer import Offer
from leadboost.domain.radar.spam import Tally
from leadboost.domain.radar.tally import IntakeTally
from leadboost.domain.radar.topic import Topic
from leadboost.domain.role import RoleName
from leadboost.domain.rules.money import DailySpendCap
from leadboost.domain.rules.replay import Replayed, ReplayedFiring
from leadboost.domain.rules.rule import Action, Finding, Firing, Mode, Outcome, Rule, Skip, Verdict
from leadboost.domain.rules.written import BUILT_IN
from leadboost.domain.signal import Signal
from leadboost.messages.alerter import (
    Acknowledge,
    Acknowledged,
    AlertShown,
    AlertsShown,
    ChannelStatus,
    DeliveryShown,
    ListAlerts,
    TryChannel,
)
from leadboost.messages.bookkeeper import (
    AccountBook,
    CampaignAction,
    CampaignBooks,
    CampaignResult,
    DecideLink,
    GetAccountBooks,
    GetCampaignBooks,
)
from leadboost.messages.enterprise import (
    Answer,
    ConfirmReservation,
    GetAccount,
    ListStock,
    Product,
    PutStock,
    RecordSale,
    ReleaseReservation,
    ReserveStock,
    RestockStock,
    ReturnSale,
    SellStock,
)
from leadboost.messages.health import ComponentHealth, HealthReport, Readiness
from leadboost.messages.journal import EventsPage, JournalEvent, ReadEvents
from leadboost.messages.panic import (
    AccountRead,
    CampaignsRead,
    GetHalt,
    GetSafety,
    ListCampaigns,
    SafetyStatus,
    TripHalt,
)
from leadboost.messages.release import ApproveResume, ResumeApproved
from leadboost.messages.retention import Erased, EraseSignals
from leadboost.messages.safety import ListRules, Looked, PreviewRules, ReplaceRules, ReplayRules, RulesStatus
from leadboost.messages.scout import (
    DecideSignal,
    HearSignals,
    ListSources,
    ListTopics,
    MuteSource,
    ReplaceTopics,
    SignalPage,
    SignalQuery,
    SignalRejection,
    SignalsHeard,
    SourceStatus,
    StoredSignal,
)
from leadboost.messages.trainer import (
    Effect,
    Forecast,
    GetModel,
    ModelStatus,
    OutcomesRecorded,
    Predict,
    RecordOutcomes,
    RollBack,
    RolledBack,
)
from leadboost.ports import AccountStore, RadarReport, Receipt, Rejections
from leadboost.runtime import Runtime
from leadboost.runtime.testing import Probe
from tests.integration.memory_accounts import MemoryAccountStore

NO_PAGES = Pages()
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SHOP_SECRET = b"shpss_test"
PUSH_SECRET = b"a secret of pushes, 24 bytes"
SECRET = b"a secret of the tests, long enough."
CLIENT = ClientSecret("robot", "correct horse battery", Role.OPERATOR)
SOLD = Answer(status=201, body=b'{"sale_id": "kept as it is",  "remaining": 3}')

PRODUCT = Product(
    sku="cup",
    title="Cup",
    url=None,
    price_micros=12_345_678,
    unit_cost_micros=123_456_789_012_345_678,
    currency="EUR",
    on_hand=5,
    reserved=1,
    floor=0,
    campaigns=(Campaign(platform="meta_ads", campaign_id="7"),),
)
FORECAST = Forecast(
    roi=0.5,
    expected_roi=0.75,
    low=-0.25,
    high=2.0,
    level=0.8,
    basis="learned",
    observations=120,
    model_version=3,
    base=0.25,
    explanation=(Effect(feature="platform=meta_ads", effect=0.125),),
)
MODEL = ModelStatus(
    version=3,
    observations=120,
    pending=4,
    mae=0.2,
    baseline_mae=0.6,
    scored_rows=100,
    level=0.8,
    coverage=0.79,
    versions=(),
)
STORED = StoredSignal(
    id=UUID("01890000-0000-7000-8000-000000000001"),
    seq=41,
    signal=Signal(source="rss", external_id="a", text="cups are back", engagement={"score": 3.0}),
    state="pending",
    reason=None,
    heard_at=AT,
)
TOPIC = Topic(name="fans", terms=("electric fan",), examples=("too hot to sleep",), updated_at=AT)
SOURCE = SourceStatus(
    name="trade-news",
    kind="rss",
    state="up",
    reason=None,
    muted=False,
    last_polled_at=AT,
    last_item_at=None,
    next_due_at=AT,
    expected_per_day=None,
    accepted=2,
    duplicates=1,
    rejected=0,
    host="shop-1:77",
)
OFFER = Offer(kind="rss", obtainable="free", enabled=True, note="Any feed.")
EVENTS = EventsPage(
    epoch="e1",
    offset=2,
    recovered=True,
    events=(JournalEvent(epoch="e1", offset=2, kind="stock.out", at=AT, data={"sku": "cup"}),),
)
HALT = Halt(
    id=UUID("01890000-0000-7000-8000-000000000002"),
    scope=Scope("sku", ("cup",)),
    reason="cup: 0 left",
    tripped_by="rule:stock_floor",
    tripped_at=AT,
    items=(
        HaltItem(
            campaign=Campaign(platform="meta_ads", campaign_id="7"),
            status=ItemStatus.ACCEPTED,
            attempts=2,
            name="Cups",
            was_active=True,
            daily_budget_micros=25_500_000,
            currency="EUR",
        ),
    ),
)
SAFETY = SafetyStatus(state=Latch.ACTIVE, since=None, reason=None, gate_reasons=(), halts=(HALT,), needed=2)
CAMPAIGNS = CampaignsRead(
    campaigns=[
        AdCampaign(
            campaign=Campaign(platform="meta_ads", campaign_id="7"),
            account_id="900",
            name="Cups",
            status="PAUSED",
            effective_status="PAUSED",
            daily_budget_micros=25_500_000,
            currency="EUR",
        )
    ],
    read_at=AT,
    accounts=[AccountRead(platform="meta_ads", account_id="900", read_at=AT, error=None)],
)
LINK = Link(campaign=Campaign(platform="meta_ads", campaign_id="7"), sku="cup")
BOOKS = CampaignBooks(
    since=AT.date(),
    results=[
        CampaignResult(
            campaign=LINK.campaign,
            spend_micros=10_500_000,
            revenue_micros=21_000_000,
            days=3,
            last_day=AT.date(),
        )
    ],
    links=[LINK],
    proposals=[LinkProposal(link=LINK, campaign_name="Cups", title="Cup", share=0.75)],
    actions=[
        CampaignAction(
            campaign=LINK.campaign,
            kind="enable",
            state="confirmed",
            error=None,
            intended_at=AT,
            settled_at=AT,
        )
    ],
)
ACCOUNT_BOOK = AccountBook(
    platform="meta_ads", account_id="900", read_at=AT, since=AT.date(), days=3, tells_value=True
)
PROOF = UUID("01890000-0000-8000-8000-000000000077")
RULE = Rule(
    name="cap",
    kind=DailySpendCap(limit_micros=99_500_000),
    scope=Scope("account", ("meta_ads", "900")),
    action=Action.HALT,
    mode=Mode.SHADOW,
)
FINDING = Finding(
    subject=RULE.scope,
    breached=True,
    observed=100.0,
    limit=99.5,
    said="100 EUR spent today, cap 99.5 EUR",
)
LOOKED = Looked(
    at=AT,
    verdicts=[
        Verdict(rule=RULE, outcome=Outcome.FIRED, finding=FINDING, detail=FINDING.said),
        Verdict(rule=RULE, outcome=Outcome.SKIPPED, finding=FINDING, skip=Skip.COOLDOWN, detail=FINDING.said),
        Verdict(rule=RULE, outcome=Outcome.ERRORED, detail="ZeroDivisionError: no days"),
        Verdict(rule=RULE, outcome=Outcome.CLEAR),
    ],
)
RULES = RulesStatus(
    rules=[BUILT_IN, RULE],
    looked=LOOKED,
    firings=[
        Firing(
            id=UUID("01890000-0000-7000-8000-000000000003"),
            rule="cap",
            kind="daily_spend_cap",
            subject=RULE.scope,
            action=Action.HALT,
            shadow=True,
            at=AT,
            said=FINDING.said,
        )
    ],
    file_problem="rules[0].days = 0: must be above 0",
    doubted=["cap"],
)
REPLAYED = Replayed(
    rule=RULE,
    days=30,
    evaluated=31,
    firings=(
        ReplayedFiring(
            day=AT.date(),
            subject=RULE.scope,
            said=FINDING.said,
            spend_micros=12_345_678,
            revenue_micros=20_000_000,
            false=True,
        ),
    ),
    skipped={Skip.PENDING: 7},
)
ALERT = Alert(
    id=UUID("01890000-0000-7000-8000-000000000003"),
    key="source/trade-news",
    severity=Severity.WARNING,
    title="trade-news has fallen silent",
    detail="Nothing new.",
    subjects=(),
    momentary=False,
    state=AlertState.OPEN,
    count=1,
    rounds=0,
    raised_at=AT,
    last_at=AT,
    notified_at=AT,
    next_round_at=AT,
)
DELIVERY = DeliveryShown(
    channel="slack",
    notice="raised",
    state="pending",
    attempts=2,
    created_at=AT,
    settled_at=None,
    error="404 no_service",
)
CHANNEL = ChannelStatus(
    name="slack", level=1, least="warning", state="DEGRADED", detail="404 no_service", pending=1
)
ALERTS = AlertsShown(items=[AlertShown(alert=ALERT, deliveries=[DELIVERY])], channels=[CHANNEL])
REPLIES: Mapping[type, Callable[[Any], object]] = {
    **dict.fromkeys(
        (SellStock, ReserveStock, ConfirmReservation, ReleaseReservation, ReturnSale, RestockStock),
        lambda _: SOLD,
    ),
    GetAccount: lambda _: None,
    RecordSale: lambda _: SOLD,
    PutStock: lambda _: PRODUCT,
    ListStock: lambda _: [PRODUCT],
    HearSignals: lambda message: SignalsHeard(
        accepted=len(message.items) - 1,
        duplicates=0,
        rejected=(SignalRejection(index=0, reason="text: empty"),),
    ),
    DecideSignal: lambda message: STORED if message.id == STORED.id else None,
    ListTopics: lambda _: [TOPIC],
    ReplaceTopics: lambda message: message.topics,
    ListSources: lambda _: [SOURCE],
    MuteSource: lambda message: SOURCE if message.name == SOURCE.name else None,
    RecordOutcomes: lambda message: OutcomesRecorded(accepted=len(message.outcomes), unchanged=0, changed=1),
    GetModel: lambda _: MODEL,
    RollBack: lambda _: RolledBack(version=9),
    EraseSignals: lambda asked: Erased(id=None if asked.dry_run else PROOF, signals=3),
    Predict: lambda _: FORECAST,
    ReadEvents: lambda _: EVENTS,
    TripHalt: lambda _: HALT,
    GetSafety: lambda _: SAFETY,
    GetHalt: lambda message: HALT if message.id == HALT.id else None,
    ListCampaigns: lambda _: CAMPAIGNS,
    GetCampaignBooks: lambda _: BOOKS,
    GetAccountBooks: lambda _: [ACCOUNT_BOOK],
    DecideLink: lambda _: None,
    ListRules: lambda _: RULES,
    ReplaceRules: lambda _: RULES,
    PreviewRules: lambda _: LOOKED,
    ReplayRules: lambda _: [REPLAYED],
    ListAlerts: lambda _: ALERTS,
    Acknowledge: lambda message: (
        Acknowledged(id=ALERT.id, state=AlertState.ACKNOWLEDGED) if message.id == ALERT.id else None
    ),
    TryChannel: lambda message: None if message.name == "slack" else f"{message.name} is not there",
    ApproveResume: lambda _: ResumeApproved(approvals=1, needed=2, resumed=False),
}


@dataclass
class MemoryHearing:
    """Signals by id, with their features."""

    heard: dict[UUID, Mapping[str, float]] = field(default_factory=dict)

    async def features(self, ids: Iterable[UUID]) -> Mapping[UUID, Mapping[str, float]]:
        """Find those that are there."""
        return {id_: self.heard[id_] for id_ in ids if id_ in self.heard}


@dataclass
class MemorySignals:
    """``SignalPages`` that are always ``found``; remembers what it was asked."""

    found: SignalPage = field(default_factory=lambda: SignalPage(items=[STORED]))
    asked: list[SignalQuery] = field(default_factory=list)

    async def page(self, query: SignalQuery) -> SignalPage:
        self.asked.append(query)
        return self.found


class MemoryRadarReports:
    """``RadarReports`` that are always ``found``."""

    def __init__(self) -> None:
        self.found = RadarReport(
            rejections=[Rejections(source="rss", reason="spam", count=3)],
            looked_at=3,
            since=AT,
            spam_labels=12,
            wanted_labels=30,
            tally=Tally(hits=8, false_alarms=2, misses=0, passes=10),
        )

    async def report(self) -> RadarReport:
        return self.found


class MemoryReceipts:
    """``ReceiptStore`` in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Receipt] = {}

    async def claim(self, sender: str, id: str, body_sha256: bytes) -> Receipt | None:
        claim = Receipt(sender=sender, id=id, body_sha256=body_sha256)
        standing = self.kept.setdefault((sender, id), claim)
        return None if standing is claim else standing

    async def keep(self, receipt: Receipt) -> Receipt:
        self.kept[receipt.sender, receipt.id] = receipt
        return receipt

    async def release(self, sender: str, id: str) -> None:
        del self.kept[sender, id]


@dataclass
class World:
    """A running console. ``probe`` stands for every actor; ``mode`` and ``ready`` are what it reports."""

    runtime: Runtime
    tokens: Tokens
    console: Console
    probe: Probe
    http: aiohttp.ClientSession
    clock: Clock
    url: str = ""
    mode: str = "running"
    ready: bool = True
    tripped: list[Scope] = field(default_factory=list)
    replies: dict[type, Callable[[Any], object]] = field(default_factory=lambda: dict(REPLIES))
    accounts: AccountStore = field(default_factory=MemoryAccountStore)
    hearing: MemoryHearing = field(default_factory=MemoryHearing)
    signals: MemorySignals = field(default_factory=MemorySignals)
    receipts: MemoryReceipts = field(default_factory=lambda: MemoryReceipts())
    radar: MemoryRadarReports = field(default_factory=MemoryRadarReports)
    tally: IntakeTally = field(default_factory=IntakeTally)

    async def signed_in(self, role: Role | None, name: str = "") -> dict[str, str]:
        """Sign an account of that role in; returns the headers that its page sends; none for no role.

        The account is made as needed and has no password: hashing one takes its time.
        """
        if role is None:
            return {}
        account = Account(
            id=uuid7(self.clock, Rng()), name=name or f"a-{role}", role=RoleName(str(role)), created_at=AT
        )
        if (stored := await self.accounts.find(account.name)) is None:
            await self.accounts.create(account, "$argon2id$of no password", by="test")
        else:
            account = stored.account
        token, login = self.console.logins.draw(replaces=None)
        await self.accounts.begin_login(account, login)
        return {"Cookie": f"leadboost={token}", "Origin": self.url}

    def token(self, role: Role | None, subject: str = "ana") -> dict[str, str]:
        """Return the header of a fresh token; none for no role."""
        return {} if role is None else {"Authorization": f"Bearer {self.tokens.issue(subject, role, 600)}"}

    async def readiness(self) -> Readiness:
        """Report what ``ready`` says."""
        return Readiness(ok=self.ready, checks={"database": "ok" if self.ready else "gone"})

    def fail(self, kind: type, error: Exception) -> None:
        """Let the actors answer messages of this kind with an error."""

        def fail(_: object) -> object:
            raise error

        self.replies[kind] = fail

    def handles(self) -> Handles:
        """All handles point to the probe."""
        ref = self.probe.ref
        return Handles(
            enterprise=ref,
            scout=ref,
            trainer=ref,
            predictor=ref,
            journal=ref,
            stream=ref,
            release=ref,
            retention=ref,
            bookkeeper=ref,
            safety=ref,
            alerter=ref,
            accounts=self.accounts,
            hearing=self.hearing,
            signals=self.signals,
            shops=Shops(
                receipts=self.receipts, secrets={"shopify": [SHOP_SECRET], "woocommerce": [SHOP_SECRET]}
            ),
            pushes=Pushes(receipts=self.receipts, secrets={"crm": [PUSH_SECRET]}),
            offers=[OFFER],
            radar=self.radar,
            tally=self.tally,
        )

    async def call(
        self, method: str, path: str, *, role: Role | None = Role.ADMIN, **options: Any
    ) -> "Reply":
        """Send a request and read the whole answer."""
        headers = CIMultiDict(options.pop("headers", {}))
        headers.extend(self.token(role))
        url = URL(self.url + path, encoded=True)
        async with self.http.request(method, url, headers=headers, **options) as response:
            return Reply(response.status, response.headers, await response.read())

    async def raw(self, request: bytes) -> bytes:
        """Send bytes as they are and read until the server closes."""
        port = int(self.url.rpartition(":")[2])
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            answer = await reader.read()
            writer.close()
        return answer


@dataclass(frozen=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def json(self) -> Any:
        """Parse the body."""
        return orjson.loads(self.body)


@asynccontextmanager
async def running_console(
    *,
    opened: bool = True,
    demo: bool = False,
    pages: Pages = NO_PAGES,
    public_url: str | None = None,
    clock: Clock | None = None,
    accounts: AccountStore | None = None,
) -> AsyncIterator[World]:
    """Start a console, hand in the probe if ``opened``, and stop everything afterwards."""
    clock, rng = clock or SystemClock(), Rng(7)
    runtime = Runtime(clock=clock, rng=rng)
    probe = Probe({kind: lambda message: world.replies[type(message)](message) for kind in REPLIES})
    probe.ref = await runtime.spawn("probe", probe.actor)
    tokens = Tokens(SECRET, clock)
    console = Console(
        host="127.0.0.1",
        port=0,
        tokens=tokens,
        clients=[CLIENT],
        report=lambda: _report(world),
        readiness=lambda: world.readiness(),
        stats=runtime.stats,
        clock=clock,
        rng=rng,
        version="0.1.0",
        demo=demo,
        currency="EUR",
        pages=pages,
        public_url=public_url,
    )
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
        world = World(runtime, tokens, console, probe, http, clock)
        world.accounts = accounts or world.accounts
        world.url = await console.start()
        if opened:
            console.arm(probe.ref, world.tripped.append)
            console.open(world.handles())
        try:
            yield world
        finally:
            await console.stop()
            await runtime.close()


def _report(world: World) -> HealthReport:
    component = ComponentHealth(name="database", state="up")
    return HealthReport(mode=world.mode, version="0.1.0", demo=False, components=[component], problems=[])
