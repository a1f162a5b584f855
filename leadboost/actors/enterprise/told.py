"""What Enterprise tells itself."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from leadboost.domain.stock import Pace
from leadboost.messages.enterprise import Answer
from leadboost.ports import Expired, Lease, StockRequest
from leadboost.runtime import Message

FIRST_WAIT_S = 0.25
NOTHING = Expired()


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp(Message[None]):
    """Read what became of changes whose COMMIT got no answer, until ``ends_at`` (monotonic)."""

    requests: tuple[StockRequest, ...]
    ends_at: float
    wait_s: float = FIRST_WAIT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp(Message[None]):
    """``found`` is None when the store could not be read."""

    look_up: LookUp
    found: Mapping[tuple[str, str], Answer] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge(Message[None]):
    """Forget answers that have been repeatable for long enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged(Message[None]):
    """A purge ended; ``error`` says why, if it failed."""

    answers: int = 0
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(Message[None]):
    """Free what reservations kept that have run out, where no other host does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept(Message[None]):
    """A sweep ended; without ``lease`` another host sweeps, ``error`` says why it failed."""

    lease: Lease | None = None
    expired: Expired = NOTHING
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPaces(Message[None]):
    """Read how fast those SKUs sell whose levels were written lately."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacesRead(Message[None]):
    """How fast ``skus`` sell, as far as that is known; none where the store could not be read."""

    skus: Collection[str] = ()
    paces: Mapping[str, Pace] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warn(Message[None]):
    """Tell of writes refused since the last warning."""
