"""Frames of the live link: one JSON object each, in the bytes that go on the wire.

Server side of RFC 6455, section 5.2: final text frames, unmasked, so that the same bytes serve every
viewer and any number of them can be joined.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson

from leadboost.domain.live.closing import Cut

_TEXT: Final = 0x81
_PONG: Final = 0x8A
_SHORT: Final = 125
_MEDIUM: Final = 0xFFFF


def text_frame(payload: bytes) -> bytes:
    """Wrap a UTF-8 payload."""
    size = len(payload)
    if size <= _SHORT:
        return bytes((_TEXT, size)) + payload
    if size <= _MEDIUM:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big") + payload


def pong_frame(payload: bytes) -> bytes:
    """Answer a ping of the protocol, whose payload has 125 bytes at most (section 5.5)."""
    return bytes((_PONG, len(payload))) + payload


def event_frame(offset: int, kind: str, at: datetime, data: Mapping[str, object]) -> bytes:
    """A journalled event, as ``GET /api/events`` writes it."""
    body = {"t": "event", "offset": offset, "kind": kind, "at": at, "data": data}
    return text_frame(orjson.dumps(body, option=orjson.OPT_UTC_Z))


def state_frame(key: str, data: bytes) -> bytes:
    """The latest ``data`` (JSON) of a state key; ``null`` withdraws the key."""
    return text_frame(b'{"t":"state","key":%b,"data":%b}' % (orjson.dumps(key), data))


def hello_frame(
    *,
    epoch: str,
    offset: int,
    recovered: bool,
    state: bytes,
    demo: bool,
    version: str,
    cut: Cut | None = None,
) -> bytes:
    """The first frame. ``offset`` is the newest event's, ``state`` a JSON object of all keys."""
    head = {"t": "hello", "epoch": epoch, "offset": offset, "recovered": recovered}
    about = orjson.dumps({"demo": demo, "version": version, **({"cut": cut} if cut else {})})
    return text_frame(b'%b,"state":%b,%b' % (orjson.dumps(head)[:-1], state, about[1:]))


def ping_frame(at: datetime) -> bytes:
    """A sign of life that a browser's script can see and is to answer."""
    return text_frame(orjson.dumps({"t": "ping", "at": at}, option=orjson.OPT_UTC_Z))
