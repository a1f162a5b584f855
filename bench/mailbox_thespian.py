"""The thespian actor; apart, because thespian looks actors up by module and imports at class level."""

from typing import Any

from thespian.actors import Actor


class Counter(Actor):  # type: ignore[misc]
    """Counts every message; answers ``more and tell`` and ``count``."""

    count = 0

    def receiveMessage(self, message: str, sender: Any) -> None:
        if message == "count":
            self.send(sender, self.count)
            return
        self.count += 1
        if message == "more and tell":
            self.send(sender, self.count)
