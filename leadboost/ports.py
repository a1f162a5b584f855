"""Ports: what actors need from the outside, as Protocols. Every call ends by its own deadline."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from leadboost.domain.account import Account
from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.halt import Halt
from leadboost.domain.outcome import Outcome
from leadboost.domain.signal import Signal
from leadboost.domain.stock import StockAlert, StockLevel
from leadboost.messages.enterprise import Answer, Product, PutStock, SellStock
from leadboost.messages.journal import EventsPage, JournalEvent
from leadboost.messages.scout import ListSignals, StoredSignal
from leadboost.messages.trainer import ModelVersion, OutcomesRecorded


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """A journal row that a business transaction writes; ``data`` holds JSON values."""

    id: UUID
    kind: str
    at: datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A sale command with the id that it gets if it is granted."""

    sale_id: UUID
    command: SellStock


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesDecided:
    """One answer or error per sale, in the order asked, and what was committed with them.

    ``sold`` counts the orders newly granted, ``levels`` are the stock levels written, as they are
    now, and ``alerts`` those that reached their floor or zero, each with its journal row.
    """

    answers: Sequence[Answer | Exception]
    sold: int = 0
    levels: Sequence[StockLevel] = ()
    alerts: Sequence[StockAlert] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPut:
    """One product or error per command, in the order asked; ``alerts`` as in SalesDecided."""

    results: Sequence[Product | Exception]
    alerts: Sequence[StockAlert] = ()


class SaleStore(Protocol):
    """Stock, sales and their idempotent answers."""

    async def sell(self, sales: Sequence[Sale]) -> SalesDecided:
        """Decide and commit all of them in one transaction, in the order given.

        One answer or error per sale. A value that the database refuses fails its own sale alone
        (the batch is halved), a SKU that someone else keeps locked only the sales that name it.
        Raises StoreUnavailableError when nothing was written and
        OutcomeUnknownError when the commit's fate is unknown.
        """
        ...

    async def find_answers(self, sales: Sequence[Sale]) -> Mapping[tuple[str, str], Answer]:
        """Look up stored answers by (principal, key); absent keys were never committed."""
        ...

    async def purge_answers(self, *, before: datetime, limit: int) -> int:
        """Forget at most ``limit`` answers stored before then; returns how many were forgotten."""
        ...

    async def put_stock(self, commands: Sequence[PutStock]) -> StockPut:
        """Upsert products and their stock together, writing the audit trail and stock events.

        A refused command (InputError, StoreDataError) fails alone.
        """
        ...

    async def list_stock(self, *, after: str, limit: int) -> Sequence[Product]:
        """Products in SKU order after ``after``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignal:
    """A validated signal with the id it gets if it is new; ``content_hash`` is 32 bytes."""

    id: UUID
    content_hash: bytes
    signal: Signal


class SignalStore(Protocol):
    """``raw_signals``."""

    async def insert(self, signals: Sequence[NewSignal]) -> Sequence[UUID]:
        """Store those whose content hash is new, with their journal events; returns the ids stored."""
        ...

    async def page(self, query: ListSignals) -> Sequence[StoredSignal]:
        """Read one page, newest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What a source remembers between polls; ``cursor`` holds JSON values of the connector's own."""

    name: str
    kind: str
    cursor: Mapping[str, object] = field(default_factory=dict)
    state: str = "waiting"
    reason: str | None = None
    errors: int = 0
    last_polled_at: datetime | None = None
    last_item_at: datetime | None = None
    next_due_at: datetime | None = None
    accepted: int = 0
    duplicates: int = 0


class SourceStore(Protocol):
    """``sources``: the resume state of each polled source."""

    async def load(self, name: str) -> SourceState | None:
        """Return what was saved last, or None."""
        ...

    async def save(self, state: SourceState) -> None:
        """Upsert on the name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One poll's result: raw items for Scout, the new cursor, and when to come again at the earliest."""

    items: Sequence[Mapping[str, object]]
    cursor: Mapping[str, object]
    wait_s: float
    note: str | None = None


class Source(Protocol):
    """One polled outside source."""

    @property
    def name(self) -> str:
        """Unique among the configured sources."""
        ...

    @property
    def kind(self) -> str:
        """The connector's name, for example ``rss``."""
        ...

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        """Poll once, from where ``cursor`` left off. Raises SourceError, SourceGoneError."""
        ...


class QuotaStore(Protocol):
    """``quotas``: what was used of each limited thing, by period."""

    async def take(self, name: str, *, period: datetime, units: int, limit: int) -> bool:
        """Count units before they are used, for the period that begins then; False, with nothing
        counted, when it would hold more than ``limit``. Raises StoreError."""
        ...

    async def give_back(self, name: str, *, period: datetime, units: int) -> None:
        """Take units off that were counted and not used. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRevision:
    """One version of a stored outcome; ``rank`` is its place in the order of arrival."""

    rank: int
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingOutcome(OutcomeRevision):
    """A stored outcome that was never learned."""

    outcome: Outcome


class OutcomeStore(Protocol):
    """``outcomes``."""

    async def record(self, outcomes: Sequence[Outcome]) -> OutcomesRecorded:
        """Upsert on external_id; a row that changes after it was learned becomes corrected."""
        ...

    async def pending(self, limit: int) -> Sequence[PendingOutcome]:
        """The oldest rows that were never learned: by day, then in order of arrival."""
        ...

    async def corrected(self, limit: int) -> Sequence[OutcomeRevision]:
        """Rows that changed after they were learned."""
        ...

    async def learned(self, limit: int) -> Sequence[int]:
        """Ranks of the last learned rows, corrected ones too: by day, then in order of arrival."""
        ...

    async def read(self, ranks: Sequence[int]) -> Sequence[Outcome]:
        """The rows of these ranks as they are now: by day, then in order of arrival."""
        ...

    async def settle(self, learned: Sequence[OutcomeRevision], lease: "Lease") -> None:
        """Mark rows that a saved version knows, as ``ModelStore.save`` does. Raises LeaseLostError."""
        ...

    async def count_pending(self) -> int:
        """How many rows wait, corrected ones too."""
        ...


KEPT_VERSIONS = 20
"""Model versions that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """A model version to save: artefact bytes (npz or JSON), their SHA-256 and what it knows."""

    version: int
    artefact: bytes
    sha256: str
    feature_version: str
    observations: int
    metrics: Mapping[str, float]


class ModelStore(Protocol):
    """``models``."""

    async def save(self, model: NewModel, learned: Sequence[OutcomeRevision], lease: "Lease") -> ModelVersion:
        """In one transaction: insert the version, mark ``learned`` rows processed (corrected where
        they have changed since), write ``model.trained``. Raises LeaseLostError."""
        ...

    async def versions(self) -> Sequence[ModelVersion]:
        """The newest ``KEPT_VERSIONS`` versions, newest first."""
        ...

    async def artefact(self, version: int) -> bytes:
        """The bytes of a version; none when there is no such version any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A term of leadership: ``epoch`` guards writes, ``trusted_until`` is on the monotonic clock."""

    name: str
    holder: str
    epoch: int
    trusted_until: float


class LeaseStore(Protocol):
    """``leases``."""

    async def acquire(self, name: str, holder: str) -> Lease | None:
        """Begin a new term if the last one has expired; None while another holder's term runs."""
        ...

    async def renew(self, lease: Lease) -> Lease:
        """Prolong this very term. Raises LeaseLostError."""
        ...

    async def keep(self, name: str, holder: str, lease: Lease | None) -> Lease | None:
        """Prolong ``lease`` while it is trusted, else begin a new term; None while another's runs."""
        ...

    async def resign(self, lease: Lease) -> None:
        """End this very term, so that another host need not wait; a newer term is left alone."""
        ...


class JournalStore(Protocol):
    """``events`` and ``journal``."""

    async def number(self, lease: Lease, limit: int) -> Sequence[JournalEvent]:
        """Give the next gapless offsets to committed rows. Raises LeaseLostError."""
        ...

    async def read(self, *, since: int, epoch: str | None, limit: int) -> EventsPage:
        """Read numbered events after ``since``."""
        ...


class EventLog(Protocol):
    """The numbered events, to read."""

    async def read(self, *, since: int, epoch: str | None, limit: int) -> EventsPage:
        """Read numbered events after ``since``."""
        ...

    async def latest_steps(self) -> Sequence[JournalEvent]:
        """The newest ``pipeline.step`` of each step, as far as the newest 100,000 events tell."""
        ...


class DeadLetterStore(Protocol):
    """``dead_letters``: messages given up on, for an operator to look at."""

    async def park(
        self, *, id: UUID, actor: str, lane: str, message_type: str, payload: str, error: str, tries: int
    ) -> None:
        """Store one parked message; ``payload`` is its redacted text form."""
        ...


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account with the argon2id hash of its password; None: nobody signs in to it by password."""

    account: Account
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLogin:
    """A login to store by the SHA-256 of its token.

    ``replaces`` is the hash of a login that ends with it; logins unseen since ``idle_since`` are over.
    """

    token_hash: bytes
    created_at: datetime
    expires_at: datetime
    idle_since: datetime
    replaces: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLogin:
    """A login as it was last written; ``passwordless`` is that of the demo profile's account."""

    account: Account
    passwordless: bool
    last_seen_at: datetime
    expires_at: datetime


class AccountStore(Protocol):
    """``accounts``, ``logins`` and ``first_links``, with their audit entries."""

    async def find(self, name: str) -> StoredAccount | None:
        """The account of that name, however it is written, unless it is disabled."""
        ...

    async def list_accounts(self) -> Sequence[Account]:
        """Every account, in order of creation."""
        ...

    async def count_approvers(self) -> int:
        """How many accounts may end a halt."""
        ...

    async def create(self, account: Account, password_hash: str, *, by: str) -> None:
        """Store a new account. Raises AccountExistsError."""
        ...

    async def begin_login(self, account: Account, login: NewLogin) -> Account | None:
        """Store a login, end the one it replaces, and the account's oldest beyond ``MOST_LOGINS``.

        None if the account is disabled by now.
        """
        ...

    async def find_login(self, token_hash: bytes) -> StoredLogin | None:
        """A login that nobody has ended, of an account that is not disabled; it may be over by time."""
        ...

    async def touch_login(self, token_hash: bytes, at: datetime) -> bool:
        """Note the last sign of life, within half a second; False if the login has ended elsewhere."""
        ...

    async def end_login(self, token_hash: bytes) -> bool:
        """Delete a login; False if there is none."""
        ...

    async def renew_first_link(self, token_hash: bytes, *, always: bool) -> bool:
        """Void every unused link, and store this one if no account has a password yet, or ``always``.

        Returns whether it was stored.
        """
        ...

    async def check_first_link(self, token_hash: bytes) -> None:
        """Raises FirstLinkError unless the link is open."""
        ...

    async def redeem_first_link(
        self, token_hash: bytes, account: Account, password_hash: str | None, login: NewLogin
    ) -> Account:
        """Use the link, create the account and sign it in, all or nothing; returns it as stored.

        Without a password hash an account of that name that has no password either is signed in.
        Raises FirstLinkError, AccountExistsError.
        """
        ...


class AdPlatform(Protocol):
    """One ad account on one platform. Every call is a single attempt within its deadline.

    All raise AdPlatformError; retries and read-backs are the caller's.
    """

    @property
    def name(self) -> str:
        """The platform's name here, for example ``meta_ads``."""
        ...

    @property
    def account_id(self) -> str:
        """The ad account."""
        ...

    async def list_campaigns(self) -> Sequence[AdCampaign]:
        """Every campaign of the account that is not archived or deleted, all pages."""
        ...

    async def read_campaign(self, campaign_id: str) -> AdCampaign:
        """One campaign by a read of its own, never from the answer to a write."""
        ...

    async def pause(self, campaign_id: str) -> None:
        """Set PAUSED, an absolute state; returning means accepted, not verified. Passes no gate and
        waits behind no other traffic."""
        ...

    async def enable(self, campaign_id: str) -> None:
        """Set ACTIVE. The gate is looked at once more at the very write. Raises GateClosedError too."""
        ...


class HaltLog(Protocol):
    """The local memory of open halts, which works while the database does not. Blocking calls."""

    def read(self) -> Sequence[Halt]:
        """The open halts. Raises HaltLogError when what is there cannot be trusted."""
        ...

    def put(self, halts: Sequence[Halt], *, ended: Collection[UUID] = ()) -> None:
        """Add or replace these, forget the ended ones, and keep those that others wrote; durable on
        return. Raises HaltLogError."""
        ...

    def replace(self, halts: Sequence[Halt]) -> None:
        """Start anew with these where the log could not be read. Raises HaltLogError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableAction:
    """A row of ``actions``: a campaign that a resumed halt lets run again.

    ``state`` is ``intended``, ``sent``, ``confirmed``, ``failed`` or ``unknown``; ``intended_at`` None until
    it is stored.
    """

    id: UUID
    halt_id: UUID
    campaign: Campaign
    state: str = "intended"
    intended_at: datetime | None = None


class HaltStore(Protocol):
    """``safety``, ``halts``, ``halt_items``, ``halt_approvals`` and ``actions``."""

    async def load(self, *, resumed: int) -> Sequence[Halt]:
        """Every open halt and the last few resumed ones, newest first."""
        ...

    async def save(self, halts: Sequence[Halt], events: Sequence[NewEvent]) -> None:
        """Upsert halts with their items, and the latch; repeating it changes nothing.

        A halt that is resumed there stays so.
        """
        ...

    async def links(self, skus: Collection[str]) -> Mapping[str, Sequence[Campaign]]:
        """The campaigns linked to each of these SKUs; an unknown SKU has none."""
        ...

    async def approve(self, halt_id: UUID, *, by: str, reason: str) -> Sequence[str]:
        """Note one approval, once per person; returns all who approved since the last stop."""
        ...

    async def resume(
        self, halt: Halt, actions: Sequence[EnableAction], *, by: str, reason: str, event: NewEvent
    ) -> None:
        """Mark it resumed together with the intents to enable what it paused. Raises HaltError
        (``still_at_floor``; ``already_resumed``, also where it was asked for again meanwhile)."""
        ...

    async def unfinished_actions(self) -> Sequence[EnableAction]:
        """Actions that are neither confirmed nor failed, oldest first."""
        ...

    async def mark_sent(self, action: EnableAction) -> bool:
        """Commit that it is about to be sent; False while the latch is not ACTIVE, a halt holds the
        campaign, or it was sent three times. A trip on any host waits for this, or is seen by it."""
        ...

    async def settle_action(self, action: EnableAction, state: str, error: str | None) -> None:
        """Note what became of it, and journal it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorBreach:
    """A product whose ads must stop: ``available <= floor``, with the campaigns linked to it."""

    sku: str
    available: int
    floor: int
    campaigns: tuple[Campaign, ...]


class StockWatch(Protocol):
    """What the stock rules look at."""

    async def breaches(self, skus: Collection[str] | None = None) -> Sequence[FloorBreach]:
        """Products with linked campaigns at or below their floor; among ``skus`` where given."""
        ...
