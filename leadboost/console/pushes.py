"""Who may push signals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from leadboost.ports import ReceiptStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushes:
    """The live secrets by sender, and what was answered to each message."""

    receipts: ReceiptStore
    secrets: Mapping[str, Sequence[bytes]] = field(default_factory=dict, repr=False)
