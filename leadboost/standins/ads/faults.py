"""The faults that ad platforms are known for, on order."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from leadboost.clock import Rng

SHARES = ("error_before", "error_after", "limited", "hang")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdFaults:
    """Shares from 0 to 1 of the calls that meet a fault; the shares add up to 1 at most.

    - ``error_before``, ``error_after``: the platform's own trouble before or after the effect of a write.
    - ``limited``: too many calls, in one of the platform's ways to say so. ``regain_min`` (minutes, Meta
      alone) and ``retry_after_s`` tell when to come back; None: the answer does not say.
    - ``hang``: no answer until the client gives up, the effect of a write having taken place.

    ``partial``: the share of the campaigns of a write for several that is left undone, where the platform
    has such writes. ``revoked``: no call is let in any more. ``stale_s``: readers see the status before a
    write for so long.
    """

    error_before: float = 0.0
    error_after: float = 0.0
    limited: float = 0.0
    hang: float = 0.0
    partial: float = 0.0
    revoked: bool = False
    stale_s: float = 0.0
    regain_min: int | None = None
    retry_after_s: int | None = None

    @classmethod
    def mixed(cls, share: float) -> "AdFaults":
        """A share of trouble before the effect, trouble after it and limits, in equal parts."""
        return cls(error_before=share / 3, error_after=share / 3, limited=share / 3)

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> "AdFaults":
        """Read what ``as_json`` wrote; absent keys are the defaults. Raises TypeError for unknown ones."""
        return cls(**values)  # type: ignore[arg-type]  # the control path is for tests alone

    def as_json(self) -> Mapping[str, object]:
        return asdict(self)

    def draw(self, rng: Rng) -> str | None:
        """Decide about one call: the name of a share, or None."""
        drawn = rng.uniform(0.0, 1.0)
        for name in SHARES:
            share: float = getattr(self, name)
            if drawn < share:
                return name
            drawn -= share
        return None

    def leaves_out(self, rng: Rng) -> bool:
        """Decide about one campaign of a write for several."""
        return rng.uniform(0.0, 1.0) < self.partial
