"""Ports of halting: ad platforms, the local log and the stored halts. Every call ends by its own deadline."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.halt import Halt
from leadboost.ports.journal import NewEvent


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
