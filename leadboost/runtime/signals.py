"""The runtime's own signals to an actor's loop; they stand in its control lane among the messages."""

from typing import Any, Final

STOP: Final = object()
"""End when the drain allows it."""


class Failure:
    """End this instance: why, and the told items that it was handling."""

    __slots__ = ("at_start", "error", "items")

    def __init__(self, error: BaseException, items: list[Any], *, at_start: bool = False) -> None:
        self.error = error
        self.items = items
        self.at_start = at_start


def is_signal(item: object) -> bool:
    """Tell a signal from a message."""
    return item is STOP or isinstance(item, Failure)
