"""Ports: what actors need from outside, as Protocols, by who needs them. Calls end by their own deadline."""

from leadboost.ports.access import AccountStore, NewLogin, StoredAccount, StoredLogin
from leadboost.ports.halting import AdPlatform, EnableAction, HaltLog, HaltStore
from leadboost.ports.hearing import (
    LEASE_PREFIX,
    Fetched,
    HearingStore,
    KnowledgeStore,
    NewSignal,
    QuotaStore,
    SignalStore,
    Source,
    SourceRow,
    SourceState,
    SourceStore,
)
from leadboost.ports.journal import DeadLetterStore, EventLog, JournalStore, Lease, LeaseStore, NewEvent
from leadboost.ports.learning import (
    KEPT_VERSIONS,
    HeardOutcome,
    ModelStore,
    NewModel,
    OutcomeRevision,
    OutcomeStore,
    PendingOutcome,
)
from leadboost.ports.selling import FloorBreach, Sale, SalesDecided, SaleStore, StockPut, StockWatch

__all__ = [
    "KEPT_VERSIONS",
    "LEASE_PREFIX",
    "AccountStore",
    "AdPlatform",
    "DeadLetterStore",
    "EnableAction",
    "EventLog",
    "Fetched",
    "FloorBreach",
    "HaltLog",
    "HaltStore",
    "HeardOutcome",
    "HearingStore",
    "JournalStore",
    "KnowledgeStore",
    "Lease",
    "LeaseStore",
    "ModelStore",
    "NewEvent",
    "NewLogin",
    "NewModel",
    "NewSignal",
    "OutcomeRevision",
    "OutcomeStore",
    "PendingOutcome",
    "QuotaStore",
    "Sale",
    "SaleStore",
    "SalesDecided",
    "SignalStore",
    "Source",
    "SourceRow",
    "SourceState",
    "SourceStore",
    "StockPut",
    "StockWatch",
    "StoredAccount",
    "StoredLogin",
]
