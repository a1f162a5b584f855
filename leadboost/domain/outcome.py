"""An outcome: what one campaign spent and earned on one day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One measured result. Money in micros of ``currency`` (ISO 4217); counts are whole numbers."""

    external_id: str
    platform: str
    day: date
    spend_micros: int
    revenue_micros: int
    currency: str
    clicks: int | None = None
    impressions: int | None = None
    conversions: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    signal_ids: tuple[UUID, ...] = ()
