"""What the process says of its own state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentHealth:
    """One component: ``state`` in a word, ``detail`` for a person, None when there is nothing to add.

    ``took_s`` is how long its start took, in seconds; None while it starts.
    """

    name: str
    state: str
    detail: str | None = None
    took_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """The whole process. ``mode`` is ``starting``, ``running``, ``safe_mode`` or ``stopping``.

    ``problems`` say what keeps it, or a part of it, from running and what to do.
    """

    mode: str
    version: str
    demo: bool
    components: Sequence[ComponentHealth]
    problems: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """``checks`` maps each check to ``ok``, ``off`` or the reason why it fails."""

    ok: bool
    checks: Mapping[str, str]
