"""SafetyEngine's private messages."""

from dataclasses import dataclass

from leadboost.runtime import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(Message[None]):
    """Look at everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated(Message[None]):
    """A look is over, at everything where it was ``whole``; ``error`` says why it saw nothing."""

    whole: bool
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced(Message[None]):
    """The rules of the API are others now."""
