"""Problems (RFC 9457), and the plain sign of life."""

from collections.abc import Sequence
from dataclasses import dataclass

from leadboost.console.problems import Fault


@dataclass(frozen=True, slots=True)
class Alive:
    """The process answers."""

    status: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An error, RFC 9457; ``code`` is stable."""

    type: str
    title: str
    status: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class ProblemReply(Refused):
    """An error, RFC 9457; ``code`` is stable, ``errors`` name the fields at fault."""

    trace_id: str
    errors: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True)
class UnknownSku(Refused):
    """Nothing was sold; kept under the key and repeated byte for byte, therefore without a trace id."""

    sku: str


@dataclass(frozen=True, slots=True)
class ShortStock(Refused):
    """Nothing was sold, ``available`` is what there was; kept under the key and repeated byte for byte."""

    sku: str
    available: int


@dataclass(frozen=True, slots=True)
class ReservationEnded(Refused):
    """It was confirmed, released or has expired before, as ``state`` tells; kept and repeated."""

    state: str


@dataclass(frozen=True, slots=True)
class ReturnExceedsSale(Refused):
    """Nothing came back: only ``returnable`` units may; kept under the key and repeated byte for byte."""

    returnable: int


@dataclass(frozen=True, slots=True)
class KeyConflict(Refused):
    """The key belongs to another order."""
