"""The data folder: who owns it now, where its daemon answers, and its keys."""

import contextlib
import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from leadboost.errors import LeadBoostError

_LOOKS, _LOOK_S = 20, 0.01


class FolderInUseError(LeadBoostError):
    """Another daemon runs on this data folder."""

    code = "already_running"

    def __init__(self, path: Path, address: "Address | None") -> None:
        where = f" at {address.url} (process {address.pid})" if address else ""
        super().__init__(f"another daemon uses {path}{where}; stop it, or choose another --data-dir")


class FolderError(LeadBoostError):
    """The data folder cannot be made, read or written."""

    code = "data_folder"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path}: {error.strerror or error}; choose another --data-dir")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a running daemon answers."""

    pid: int
    url: str
    started_at: str


class DataFolder:
    """``daemon.lock`` is held by the running daemon, ``daemon.json`` tells its address, ``secret.key``
    signs tokens, ``author.key`` makes pseudonyms. The files are readable by their owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Own the folder. The lock ends with the process, however it dies. Raises FolderInUseError,
        FolderError."""
        descriptor = self._open("daemon.lock", os.O_RDWR | os.O_CREAT)
        try:
            if not _lock(descriptor):
                raise FolderInUseError(self.path, self._read_address())
            self._file("daemon.json").unlink(missing_ok=True)  # a killed daemon's
            yield
            self._file("daemon.json").unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def announce(self, address: Address) -> None:
        """Write where this daemon answers. Raises FolderError."""
        self._write("daemon.json", json.dumps(asdict(address)).encode())

    def running(self) -> Address | None:
        """Return the address of the daemon that holds the lock; None when none does."""
        try:
            descriptor = os.open(self._file("daemon.lock"), os.O_RDWR)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._read_address()
        finally:
            os.close(descriptor)
        return None

    def signing_key(self) -> bytes:
        """Return the key that signs tokens, made on first use. Raises FolderError."""
        return self._key("secret.key", "delete it, and every token becomes void")

    def author_key(self) -> bytes:
        """Return the key of authors' pseudonyms, made on first use. Raises FolderError."""
        return self._key("author.key", "restore it: a new one tells no author again")

    def _key(self, name: str, way_out: str) -> bytes:
        path = self._file(name)
        with contextlib.suppress(FileNotFoundError):
            try:
                return _read_key(path, way_out)
            except OSError as error:
                if isinstance(error, FileNotFoundError):
                    raise
                raise FolderError(path, error) from error
        key = secrets.token_bytes(32)
        self._write(name, key.hex().encode(), exclusive=True)
        return _read_key(path, way_out)

    def _read_address(self) -> Address | None:
        try:
            return Address(**json.loads(self._file("daemon.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def _file(self, name: str) -> Path:
        return self.path / name

    def _open(self, name: str, flags: int) -> int:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            return os.open(self._file(name), flags | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise FolderError(self.path, error) from error

    def _write(self, name: str, content: bytes, *, exclusive: bool = False) -> None:
        """Write whole or not at all; with ``exclusive``, whoever comes first wins."""
        temporary = f"{name}.{os.getpid()}.tmp"
        descriptor = self._open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if exclusive:
                with contextlib.suppress(FileExistsError):
                    os.link(self._file(temporary), self._file(name))
                self._file(temporary).unlink()
            else:
                self._file(temporary).replace(self._file(name))
        except OSError as error:
            raise FolderError(self._file(name), error) from error


def _lock(descriptor: int) -> bool:
    """Take the lock, or tell that a daemon holds it. ``running`` holds it for an instant to look."""
    for _ in range(_LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOOK_S)
        else:
            return True
    return False


def _read_key(path: Path, way_out: str) -> bytes:
    text = path.read_text().strip()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise OSError(0, f"holds no key of 64 hexadecimal digits; {way_out}")
    return bytes.fromhex(text)
