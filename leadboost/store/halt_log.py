"""The local halt log: two slots in one file, the newest sound one counts.

A slot has 64 KiB: magic, counter, length and SHA-256 (over counter and text) of a JSON text. Writing
goes to the older slot, so that a write cut short leaves the other; the file is made full size at
once, so that a full disk does not matter. Writers of several processes take turns by flock.
"""

import fcntl
import hashlib
import os
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson

from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Halt, HaltItem, ItemStatus, Scope, widened
from leadboost.errors import HaltLogError, InputError

SLOT_BYTES = 64 * 1024
_HEAD = struct.Struct(">8sQI32s")
_MAGIC = b"LBHALT1\n"
_REASON_CHARS = 200


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
        try:
            with self._opened(fcntl.LOCK_SH) as file:
                return self._load(file)[1]
        except OSError as error:
            raise self._trouble(error.strerror or str(error)) from error

    def put(self, halts: Sequence[Halt], *, ended: Collection[UUID] = ()) -> None:
        try:
            with self._opened(fcntl.LOCK_EX) as file:
                counter, known = self._load(file)
                kept = {halt.id: halt for halt in (*known, *halts) if halt.is_open and halt.id not in ended}
                self._write(file, counter + 1, self._fitting(list(kept.values())))
        except OSError as error:
            raise self._trouble(error.strerror or str(error)) from error

    def replace(self, halts: Sequence[Halt]) -> None:
        """Start the log anew where it could not be read. Raises HaltLogError."""
        try:
            with self._opened(fcntl.LOCK_EX) as file:
                os.pwrite(file, bytes(2 * SLOT_BYTES), 0)
                self._write(file, 1, self._fitting(halts))
        except OSError as error:
            raise self._trouble(error.strerror or str(error)) from error

    @contextmanager
    def _opened(self, lock: int) -> Iterator[int]:
        if not self._path.exists():
            self._make()
        file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(file, lock)
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
            raise self._trouble("neither slot is whole")
        newest = max(slots, key=lambda slot: slot.counter)
        try:
            return newest.counter, [_halt(row) for row in orjson.loads(newest.text)]
        except (ValueError, KeyError, TypeError, IndexError, InputError) as error:
            raise self._trouble("it was written by another version") from error

    def _write(self, file: int, counter: int, text: bytes) -> None:
        head = _HEAD.pack(_MAGIC, counter, len(text), _digest(counter, text))
        os.pwrite(file, head + text, counter % 2 * SLOT_BYTES)
        os.fsync(file)

    def _fitting(self, halts: Sequence[Halt]) -> bytes:
        """Write them; where they do not fit, the longest lists of campaigns become whole accounts."""
        room = SLOT_BYTES - _HEAD.size - len(b"[]")
        halts = sorted(halts, key=lambda halt: len(halt.items), reverse=True)
        rows = [orjson.dumps(_row(halt)) for halt in halts]
        size = sum(len(row) + 1 for row in rows)
        for place, halt in enumerate(halts):
            if size <= room:
                break
            narrow, rows[place] = rows[place], orjson.dumps(_row(widened(halt, self._accounts)))
            size += len(rows[place]) - len(narrow)
        if size > room:
            everything = min(halts, key=lambda halt: halt.tripped_at)
            rows = [orjson.dumps(_row(widened(everything, {})))]
        return b"[" + b",".join(rows) + b"]"

    def _trouble(self, reason: str) -> HaltLogError:
        return HaltLogError(f"{self._path.name}: {reason}; everything stays halted until approvers resume it")


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


def _row(halt: Halt) -> dict[str, object]:
    return {
        "id": str(halt.id),
        "scope": str(halt.scope),
        "reason": halt.reason[:_REASON_CHARS],
        "by": halt.tripped_by,
        "at": halt.tripped_at.isoformat(),
        "items": [
            [item.campaign.platform, item.campaign.campaign_id, item.was_active] for item in halt.items
        ],
    }


def _halt(row: dict[str, object]) -> Halt:
    items = row["items"]
    if not isinstance(items, list):
        raise TypeError("items")
    return Halt(
        id=UUID(str(row["id"])),
        scope=Scope.parse(str(row["scope"])),
        reason=str(row["reason"]),
        tripped_by=str(row["by"]),
        tripped_at=datetime.fromisoformat(str(row["at"])),
        items=tuple(
            HaltItem(
                campaign=Campaign(platform=platform, campaign_id=campaign_id),
                status=ItemStatus.REQUESTED,
                was_active=was_active,
            )
            for platform, campaign_id, was_active in items
        ),
    )
