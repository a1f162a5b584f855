"""Which shops tell of their own orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from leadboost.ports import ReceiptStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Shops:
    """The live secrets by shop, and what was answered to each message."""

    receipts: ReceiptStore
    secrets: Mapping[str, Sequence[bytes]] = field(default_factory=dict, repr=False)
