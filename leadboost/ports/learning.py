"""Ports of learning: outcomes and model versions. Every call ends by its own deadline."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.boosted import Boosted
from leadboost.messages.trainer import ModelVersion, OutcomesRecorded
from leadboost.ports.journal import Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRevision:
    """One version of a stored outcome; ``rank`` is its place in the order of arrival."""

    rank: int
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardOutcome:
    """A stored outcome; ``heard`` are the features of its signals, averaged, as far as they are known."""

    outcome: Outcome
    heard: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingOutcome(OutcomeRevision):
    """A stored outcome that was never learned; ``heard`` as in ``HeardOutcome``."""

    outcome: Outcome
    heard: Mapping[str, float] = field(default_factory=dict)


class OutcomeStore(Protocol):
    """``outcomes``."""

    async def record(self, outcomes: Sequence[Outcome]) -> OutcomesRecorded:
        """Upsert on external_id; a row that changes after it was learned becomes corrected."""
        ...

    async def pending(self, limit: int) -> Sequence[PendingOutcome]:
        """The oldest rows that were never learned: by day, then in order of arrival.

        One whose signals are still pending waits for them, at most 10 minutes from when it was recorded.
        """
        ...

    async def corrected(self, limit: int) -> Sequence[OutcomeRevision]:
        """Rows that changed after they were learned."""
        ...

    async def learned(self, limit: int) -> Sequence[int]:
        """Ranks of the last learned rows, corrected ones too: by day, then in order of arrival."""
        ...

    async def read(self, ranks: Sequence[int]) -> Sequence[HeardOutcome]:
        """The rows of these ranks as they are now: by day, then in order of arrival."""
        ...

    async def settle(self, learned: Sequence[OutcomeRevision], version: int, lease: "Lease") -> None:
        """Mark rows that a saved version knows, as ``ModelStore.save`` does. Raises LeaseLostError."""
        ...

    async def count_pending(self) -> int:
        """How many rows wait, corrected ones too."""
        ...


KEPT_VERSIONS = 20
"""Model versions that are kept, beside the last good one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """The new version restores what version ``to`` knew; what later ones up to it learned is set aside."""

    from_version: int
    to_version: int
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """A model version to save: artefact bytes (npz or JSON), their SHA-256 and what it knows.

    ``good`` is the last good version, which is kept as long as it is that; ``drift`` is whether the world
    has changed by what the model's errors say.
    """

    version: int
    artefact: bytes
    sha256: str
    feature_version: str
    observations: int
    metrics: Mapping[str, float]
    good: int = 0
    drift: str = "none"


class ModelStore(Protocol):
    """``models``."""

    async def save(
        self,
        model: NewModel,
        learned: Sequence[OutcomeRevision],
        lease: "Lease",
        rollback: Rollback | None = None,
    ) -> ModelVersion:
        """In one transaction: insert the version, mark ``learned`` rows processed (corrected where
        they have changed since), write ``model.trained``; for a rollback ``model.rolled_back``, and set
        ``learned`` aside too. Raises LeaseLostError."""
        ...

    async def versions(self) -> Sequence[ModelVersion]:
        """The newest ``KEPT_VERSIONS`` versions and the last good one, newest first."""
        ...

    async def artefact(self, version: int) -> bytes:
        """The bytes of a version; none when there is no such version any more."""
        ...


class Fitter(Protocol):
    """Fits boosted trees somewhere else than on the event loop."""

    async def fit(self, pages: AsyncIterator[Sequence[HeardOutcome]], observations: int) -> Boosted | None:
        """Fit rows in the order in which they were learned; None when they are too few.

        ``observations`` is how many outcomes were known then. Raises FittingError.
        """
        ...
