"""The latest state of every key: what a viewer has missed in between is not repeated."""

from typing import Final

import orjson

from leadboost.domain.live.frame import state_frame

_NULL: Final = b"null"


class StateBoard:
    """Keys in the order of their last change; ``version`` counts changes.

    Keys with a slash (``stock/cup``) are members of a family, of which the ``most_members`` last
    changed are kept; the others are few and stay.
    """

    def __init__(self, *, most_members: int) -> None:
        self._most_members = most_members
        self._entries: dict[str, tuple[int, bytes, bytes]] = {}  # version, JSON, frame
        self._members: dict[str, None] = {}
        self._snapshot: bytes | None = None
        self.version = 0

    def put(self, key: str, data: object) -> None:
        """Replace the data of a key (what orjson can write); None withdraws it."""
        json = orjson.dumps(data, option=orjson.OPT_UTC_Z)
        known = self._entries.get(key)
        if known is not None and known[1] == json:
            return
        self.version += 1
        self._entries.pop(key, None)  # the last change comes last
        self._entries[key] = (self.version, json, state_frame(key, json))
        self._snapshot = None
        if "/" in key:
            self._members.pop(key, None)
            self._members[key] = None
            if len(self._members) > self._most_members:
                oldest = next(iter(self._members))
                del self._members[oldest], self._entries[oldest]

    def snapshot(self) -> bytes:
        """All keys as one JSON object; made once per version."""
        if self._snapshot is None:
            pairs = [
                b"%b:%b" % (orjson.dumps(key), json)
                for key, (_, json, _) in self._entries.items()
                if json != _NULL
            ]
            self._snapshot = b"{%b}" % b",".join(pairs)
        return self._snapshot

    def read(self, version: int) -> bytes:
        """Join the frames of all keys that changed after ``version``."""
        frames = []
        for changed_at, _, frame in reversed(self._entries.values()):
            if changed_at <= version:
                break
            frames.append(frame)
        return b"".join(reversed(frames))
