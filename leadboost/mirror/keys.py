"""Every key and channel that LeadBoost touches in Redis."""

from typing import Final

PREFIX: Final = "leadboost:"

EVENTS: Final = f"{PREFIX}events"
"""Stream of journalled events: ``epoch``, ``offset``, ``origin`` and ``payload`` {kind, at, data}."""

CONTROL: Final = f"{PREFIX}control"
"""Stream of what hosts tell one another: ``kind``, ``origin`` and ``payload``."""

ECHO: Final = f"{PREFIX}echo"
"""Pub/Sub channel on which each host calls every second, to hear itself."""

SYSTEM_EVENTS: Final = "system_events"
"""Pub/Sub channel shared with other software, under the name that it knows."""

STREAMS: Final = (CONTROL, EVENTS)
CHANNELS: Final = (ECHO, SYSTEM_EVENTS)


def lock(name: str) -> str:
    """The key of the lock called ``name``; its value is its holder's token."""
    return f"{PREFIX}lock:{name}"
