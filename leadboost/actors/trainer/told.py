"""What Trainer knows, and what it tells itself."""

from dataclasses import dataclass

from leadboost.domain.roi.boosted import Boosted
from leadboost.domain.roi.learner import Learner
from leadboost.domain.roi.model import RoiModel
from leadboost.messages.trainer import ModelVersion
from leadboost.ports import Lease, Rollback
from leadboost.runtime import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known as of ``version``: the learner (never changed, always copied) and all versions.

    ``lease`` is the last term held; whoever begins the next term after it knows that nobody else
    learned in between. ``is_whole`` is False where processed rows may be missing from the learner.
    ``good`` is the last good version's learner, None before the first.
    """

    version: int
    learner: Learner
    versions: tuple[ModelVersion, ...]
    lease: Lease | None = None
    is_whole: bool = True
    good: Learner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learn(Message[None]):
    """Look for pending outcomes and learn them, unless that is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned(Message[None]):
    """A pass ended. ``has_lease`` is False where another host holds the lease; ``rows`` were learned.

    ``model`` is what was made, None where nothing was. ``anew_s`` is how long it took to learn anew, None
    where that was not done.
    """

    has_lease: bool = True
    model: RoiModel | None = None
    rows: int = 0
    anew_s: float | None = None
    rollback: Rollback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WentBack(Message[None]):
    """A rollback that was asked for is saved, as ``version``."""

    version: int
    learned: Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Message[None]):
    """A pass failed; what it did may or may not stand in the store."""

    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Hear(Message[None]):
    """Look for signals that were never counted and process them, unless that is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard(Message[None]):
    """So many signals were processed."""

    signals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingFailed(Message[None]):
    """Signals could not be processed; whichever were not, still wait."""

    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Message[None]):
    """How many outcomes wait to be learned; None where the store is away."""

    pending: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted(Message[None]):
    """Trees were fitted anew; None when there was too little to fit, or it failed."""

    boosted: Boosted | None
