"""Ports of selling: stock, sales and their watch. Every call ends by its own deadline."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from leadboost.domain.stock import Pace, StockAlert, StockLevel
from leadboost.messages.enterprise import Answer, Product, PutStock, StockAccount, StockChange


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRequest:
    """A command with the id of the sale or reservation that it makes if it is granted."""

    id: UUID
    command: StockChange


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesDecided:
    """One answer or error per request, in the order asked, and what was committed with them.

    ``sold`` counts the orders newly granted, ``levels`` are the stock levels written, as they are
    now, ``alerts`` those that reached their floor or zero, and ``told`` counts what else was journalled.
    """

    answers: Sequence[Answer | Exception]
    sold: int = 0
    levels: Sequence[StockLevel] = ()
    alerts: Sequence[StockAlert] = ()
    told: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPut:
    """One product or error per command, in the order asked; ``alerts`` as in SalesDecided."""

    results: Sequence[Product | Exception]
    alerts: Sequence[StockAlert] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """How many reservations ran out, and the levels written for them."""

    count: int = 0
    levels: Sequence[StockLevel] = ()


class SaleStore(Protocol):
    """Stock, sales and their idempotent answers."""

    async def decide(self, requests: Sequence[StockRequest]) -> SalesDecided:
        """Decide and commit all of them in one transaction, in the order given.

        One answer or error per request. A value that the database refuses fails its own request alone
        (the batch is halved), a SKU that someone else keeps locked only those that touch it.
        What reservations keep that have run out is free for all of them.
        Raises StoreUnavailableError when nothing was written and
        OutcomeUnknownError when the commit's fate is unknown.
        """
        ...

    async def find_answers(self, requests: Sequence[StockRequest]) -> Mapping[tuple[str, str], Answer]:
        """Look up stored answers by (principal, key); absent keys were never committed."""
        ...

    async def expire(self, *, limit: int) -> Expired:
        """End reservations that have run out, of those SKUs that nobody keeps locked, about ``limit``."""
        ...

    async def get_account(self, *, sku: str, limit: int) -> StockAccount | None:
        """The newest ``limit`` rows of a SKU's ledger; None for an unknown SKU."""
        ...

    async def purge_answers(self, *, before: datetime, limit: int) -> int:
        """Forget at most ``limit`` answers stored before then; returns how many were forgotten."""
        ...

    async def put_stock(self, commands: Sequence[PutStock]) -> StockPut:
        """Upsert products and their stock together, writing the audit trail and stock events.

        A refused command (InputError, StoreDataError) fails alone.
        """
        ...

    async def read_paces(self, skus: Collection[str]) -> Mapping[str, Pace]:
        """How fast these SKUs have sold lately, where that is known."""
        ...

    async def list_stock(self, *, after: str, limit: int) -> Sequence[Product]:
        """Products in SKU order after ``after``."""
        ...
