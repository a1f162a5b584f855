"""What PanicManager tells itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.halt import Halt
from leadboost.errors import AdPlatformError, StoreError
from leadboost.ports import NewEvent
from leadboost.runtime import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Pump(Message[None]):
    """Begin every step that is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked(Message[None]):
    """A read ahead of the first pause is over; ``before`` is what it said, if it answered in time."""

    campaign: Campaign
    before: AdCampaign | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Message[None]):
    """The pause of one campaign was accepted, or failed with ``error``."""

    campaign: Campaign
    attempts: int
    error: AdPlatformError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Message[None]):
    """A read-back answered, or failed."""

    campaign: Campaign
    found: AdCampaign | None = None
    error: AdPlatformError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Message[None]):
    """An account was listed, or could not be; ``asked_at`` is monotonic."""

    platform: str
    asked_at: float
    campaigns: Sequence[AdCampaign] = ()
    error: AdPlatformError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Message[None]):
    """Look at clock, log and database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled(Message[None]):
    """The database has had its time to say which halts of the log were resumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced(Message[None]):
    """``halts`` and ``events`` were written, then ``stored`` and the campaigns linked to halted SKUs
    were read; or ``error``."""

    halts: Sequence[Halt]
    events: Sequence[NewEvent]
    stored: Sequence[Halt] = ()
    links: Mapping[str, Sequence[Campaign]] = field(default_factory=dict)
    error: StoreError | None = None
