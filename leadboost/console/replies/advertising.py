"""Replies on what campaigns did and what they advertise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Self

from leadboost.console.replies.form import Amount
from leadboost.domain.money import format_micros
from leadboost.messages.bookkeeper import AccountBook, CampaignBooks
from leadboost.messages.panic import AccountRead


@dataclass(frozen=True, slots=True)
class ResultReply:
    """What a campaign spent and earned on ``days`` days with spend; ``roi`` is (revenue - spend) / spend."""

    platform: str
    campaign_id: str
    spend: Amount
    revenue: Amount
    roi: float | None
    days: int
    last_day: date


@dataclass(frozen=True, slots=True)
class LinkReply:
    """A campaign and a product that it advertises."""

    platform: str
    campaign_id: str
    sku: str


@dataclass(frozen=True, slots=True)
class ProposalReply:
    """A product that a campaign seems to advertise: ``share`` of the product's name is in the campaign's."""

    platform: str
    campaign_id: str
    campaign_name: str
    sku: str
    title: str | None
    share: float


@dataclass(frozen=True, slots=True)
class ActionReply:
    """A campaign let run again, or its budget lowered, and what became of it."""

    platform: str
    campaign_id: str
    kind: str
    state: Literal["intended", "sent", "confirmed", "failed", "unknown"]
    error: str | None
    intended_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class BooksReply:
    """Results since ``since`` in ``currency``; links that stand, links proposed, and the last actions."""

    since: date
    currency: str
    results: Sequence[ResultReply]
    links: Sequence[LinkReply]
    proposals: Sequence[ProposalReply]
    actions: Sequence[ActionReply]

    @classmethod
    def of(cls, books: CampaignBooks, currency: str) -> Self:
        return cls(
            since=books.since,
            currency=currency,
            results=[
                ResultReply(
                    platform=each.campaign.platform,
                    campaign_id=each.campaign.campaign_id,
                    spend=Decimal(format_micros(each.spend_micros)),
                    revenue=Decimal(format_micros(each.revenue_micros)),
                    roi=_roi(each.spend_micros, each.revenue_micros),
                    days=each.days,
                    last_day=each.last_day,
                )
                for each in books.results
            ],
            links=[
                LinkReply(link.campaign.platform, link.campaign.campaign_id, link.sku) for link in books.links
            ],
            proposals=[
                ProposalReply(
                    platform=each.link.campaign.platform,
                    campaign_id=each.link.campaign.campaign_id,
                    campaign_name=each.campaign_name,
                    sku=each.link.sku,
                    title=each.title,
                    share=round(each.share, 3),
                )
                for each in books.proposals
            ],
            actions=[
                ActionReply(
                    platform=each.campaign.platform,
                    campaign_id=each.campaign.campaign_id,
                    kind=each.kind,
                    state=each.state,  # type: ignore[arg-type]  # the table holds these words alone
                    error=each.error,
                    intended_at=each.intended_at,
                    settled_at=each.settled_at,
                )
                for each in books.actions
            ],
        )


@dataclass(frozen=True, slots=True)
class LinkDecided:
    """A link stands, or its proposal is refused."""

    platform: str
    campaign_id: str
    sku: str
    accepted: bool
    trace_id: str


@dataclass(frozen=True, slots=True)
class ConnectionReply:
    """An ad account. ``state`` is ``waiting`` until it was first listed, and ``failing`` while it cannot be.

    Results are read by one host: ``results_since`` is the first day that this one has read, null where it
    has read none; ``results_days`` is what the last reading brought, and ``results_error`` why it failed.
    """

    name: str
    account_id: str
    state: Literal["ok", "waiting", "failing"]
    read_at: datetime | None
    error: str | None
    results_read_at: datetime | None
    results_since: date | None
    results_days: int
    results_tell_value: bool
    results_error: str | None


@dataclass(frozen=True, slots=True)
class ConnectionsReply:
    """Every connected ad account."""

    items: Sequence[ConnectionReply]

    @classmethod
    def of(cls, accounts: Sequence[AccountRead], books: Sequence[AccountBook]) -> Self:
        by_platform = {book.platform: book for book in books}
        return cls([_connection(each, by_platform.get(each.platform)) for each in accounts])


def _connection(account: AccountRead, book: AccountBook | None) -> ConnectionReply:
    return ConnectionReply(
        name=account.platform,
        account_id=account.account_id,
        state="failing" if account.error else "ok" if account.read_at else "waiting",
        read_at=account.read_at,
        error=account.error,
        results_read_at=book.read_at if book else None,
        results_since=book.since if book else None,
        results_days=book.days if book else 0,
        results_tell_value=bool(book and book.tells_value),
        results_error=book.error if book else None,
    )


def _roi(spend_micros: int, revenue_micros: int) -> float | None:
    return None if spend_micros == 0 else (revenue_micros - spend_micros) / spend_micros
