"""Every key and channel that LeadBoost touches in Redis."""

from typing import Final

PREFIX: Final = "leadboost:"


def lock(name: str) -> str:
    """The key of the lock called ``name``; its value is its holder's token."""
    return f"{PREFIX}lock:{name}"
