"""Ports between hosts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from leadboost.messages.mirror import HostNews
from leadboost.ports.journal import Lease, NewEvent


class HostLink(Protocol):
    """The way to other hosts. It may be gone at any moment, and lose what is under way."""

    async def send(self, news: HostNews) -> None:
        """Tell all hosts. Raises MirrorError; it is then not known what arrived."""
        ...

    async def listen(self) -> None:
        """Hear until cancelled. Raises MirrorError when nothing is heard any more."""
        ...


class ForeignStore(Protocol):
    """Events of kind ``external``: what other software said."""

    async def record(self, events: Sequence[NewEvent], lease: Lease) -> None:
        """Journal these, each once by its id. Raises LeaseLostError."""
        ...

    async def digests(self, since: datetime) -> Sequence[str]:
        """The digests of what was journalled since then, oldest first."""
        ...


class SafetyVersions(Protocol):
    """``safety``: whether the halts of all hosts changed."""

    async def version(self) -> int:
        """A number that every change of a halt raises. Raises StoreError."""
        ...
