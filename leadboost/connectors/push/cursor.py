"""How much of what a sender pushed was counted."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from leadboost.ports import Came


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyCursor:
    """The sender's tally as it stood at the last poll."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0

    @classmethod
    def load(cls, saved: Mapping[str, object]) -> "TallyCursor":
        """Read a saved cursor; a fresh one when there is none."""
        counts = {name: saved.get(name) for name in ("accepted", "duplicates", "rejected")}
        return cls(**{name: count for name, count in counts.items() if isinstance(count, int)})

    @classmethod
    def of(cls, tally: Came) -> "TallyCursor":
        """The cursor once this much is counted."""
        return cls(accepted=tally.accepted, duplicates=tally.duplicates, rejected=tally.rejected)

    def since(self, tally: Came) -> Came:
        """Return what came since."""
        return Came(
            accepted=max(tally.accepted - self.accepted, 0),
            duplicates=max(tally.duplicates - self.duplicates, 0),
            rejected=max(tally.rejected - self.rejected, 0),
        )

    def dump(self) -> dict[str, object]:
        """Return JSON values for ``load``."""
        return asdict(self)
