"""The local halt log: two slots in one file, the newest sound one counts.

A slot has 64 KiB: magic, counter, length and SHA-256 (over counter and text) of a JSON text. Writing
goes to the older slot, so that a write cut short leaves the other; the file is made full size at
once, so that a full disk does not matter. Writers of several processes take turns by flock, for which
none waits long; readers need no turn, since the slot they trust is not the one that is written.
"""

import errno
import fcntl
import hashlib
import os
import struct
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Halt, HaltItem, ItemStatus, Scope, widened
from leadboost.errors import HaltLogError, InputError

SLOT_BYTES = 64 * 1024
_HEAD = struct.Struct(">8sQI32s")
_MAGIC = b"LBHALT1\n"
_ROOM = SLOT_BYTES - _HEAD.size
_REASON_CHARS = 120
LOCK_TRIES, LOCK_PAUSE_S = 25, 0.02
READS = 3


@dataclass(frozen=True, slots=True)
class _Slot:
    counter: int
    text: bytes


class HaltFile:
    """``HaltLog`` in one file. ``accounts`` maps platforms to our accounts there."""

    def __init__(self, path: Path, *, accounts: Mapping[str, str]) -> None:
        self._path = path
        self._accounts = accounts

    def read(self) -> Sequence[Halt]:
        if not self._path.exists():
            return ()
        with self._telling():
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                return self._load_calmly(file)
            finally:
                os.close(file)

    def put(self, halts: Sequence[Halt], *, ended: Collection[UUID] = ()) -> None:
        with self._telling(), self._opened() as file:
            counter, known = self._load(file)
            kept = {halt.id: halt for halt in (*known, *halts) if halt.is_open and halt.id not in ended}
            self._write(file, counter + 1, self._fitting(list(kept.values())))

    def replace(self, halts: Sequence[Halt]) -> None:
        with self._telling(), self._opened() as file:
            os.pwrite(file, bytes(2 * SLOT_BYTES), 0)
            self._write(file, 1, self._fitting(halts))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._trouble(error.strerror or str(error)) from error

    @contextmanager
    def _opened(self) -> Iterator[int]:
        if not self._path.exists():
            self._make()
        file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            _lock(file)
            yield file
        finally:
            os.close(file)

    def _make(self) -> None:
        """Put a whole, empty log in place; whoever comes first wins."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        file = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(file, bytes(2 * SLOT_BYTES), 0)
            self._write(file, 1, b"[]")
            with suppress(FileExistsError):
                os.link(temporary, self._path)
        finally:
            os.close(file)
            temporary.unlink()
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _load(self, file: int) -> tuple[int, Sequence[Halt]]:
        slots = [slot for place in (0, 1) if (slot := _read_slot(file, place)) is not None]
        if not slots:
            raise self._trouble("neither slot is whole", damaged=True)
        newest = max(slots, key=lambda slot: slot.counter)
        try:
            return newest.counter, [_halt(row) for row in orjson.loads(newest.text)]
        except (ValueError, TypeError, AttributeError, InputError) as error:
            raise self._trouble("it was written by another version", damaged=True) from error

    def _load_calmly(self, file: int) -> Sequence[Halt]:
        """Two writers in a row may have been at both slots while they were read."""
        for _ in range(READS - 1):
            with suppress(HaltLogError):
                return self._load(file)[1]
            time.sleep(LOCK_PAUSE_S)
        return self._load(file)[1]

    def _write(self, file: int, counter: int, text: bytes) -> None:
        slot = _HEAD.pack(_MAGIC, counter, len(text), _digest(counter, text)) + text
        if os.pwrite(file, slot, counter % 2 * SLOT_BYTES) != len(slot):
            raise OSError(errno.ENOSPC, "not all of it could be written")
        os.fsync(file)

    def _fitting(self, halts: Sequence[Halt]) -> bytes:
        """Write them. Where they do not fit, the longest lists of campaigns become whole accounts, and
        halts of one account one halt; whoever has the database takes the narrow ones from there."""
        text = _text(halts)
        halts = sorted(halts, key=lambda halt: len(halt.items), reverse=True)
        wide: dict[Scope, Halt] = {}
        while len(text) > _ROOM and halts:
            some, halts = halts[: len(halts) // 8 + 1], halts[len(halts) // 8 + 1 :]
            for halt in some:
                wider = widened(halt, self._accounts)
                wide.setdefault(wider.scope, wider)
            text = _text([*wide.values(), *halts])
        return text

    def _trouble(self, reason: str, *, damaged: bool = False) -> HaltLogError:
        return HaltLogError(f"{self._path.name}: {reason}", damaged=damaged)


def _lock(file: int) -> None:
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_PAUSE_S)
        else:
            return
    raise OSError(errno.EWOULDBLOCK, "another process keeps it locked")


def _read_slot(file: int, place: int) -> _Slot | None:
    content = os.pread(file, SLOT_BYTES, place * SLOT_BYTES)
    if len(content) < _HEAD.size:
        return None
    magic, counter, length, digest = _HEAD.unpack_from(content)
    text = content[_HEAD.size : _HEAD.size + length]
    sound = magic == _MAGIC and len(text) == length and digest == _digest(counter, text)
    return _Slot(counter, text) if sound else None


def _digest(counter: int, text: bytes) -> bytes:
    return hashlib.sha256(counter.to_bytes(8, "big") + text).digest()


def _text(halts: Sequence[Halt]) -> bytes:
    return orjson.dumps([_row(halt) for halt in halts])


def _row(halt: Halt) -> list[object]:
    return [
        halt.id.hex,
        _clean(str(halt.scope)),
        _clean(halt.reason)[:_REASON_CHARS],
        _clean(halt.tripped_by),
        halt.tripped_at.isoformat(),
        halt.last_stop.isoformat(),
        [[item.campaign.platform, item.campaign.campaign_id, item.was_active] for item in halt.items],
    ]


def _halt(row: Sequence[Any]) -> Halt:
    id, scope, reason, by, tripped_at, stopped_at, items = row
    return Halt(
        id=UUID(id),
        scope=Scope.parse(scope),
        reason=reason,
        tripped_by=by,
        tripped_at=datetime.fromisoformat(tripped_at),
        stopped_at=datetime.fromisoformat(stopped_at),
        items=tuple(
            HaltItem(
                campaign=Campaign(platform=platform, campaign_id=campaign_id),
                status=ItemStatus.REQUESTED,
                was_active=was_active,
            )
            for platform, campaign_id, was_active in items
        ),
    )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
