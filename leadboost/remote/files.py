"""Files that the user names."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from leadboost.errors import InputError


def opener(path: Path) -> Callable[[], BinaryIO]:
    """Return a function that opens the file at its start, gzip unpacked. Raises InputError."""
    if path.is_dir():
        raise InputError("file", f"{path} is a folder; name a file")
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
    except OSError as error:
        raise InputError("file", f"{path} cannot be read: {error.strerror}") from None
    if packed:
        return lambda: cast(BinaryIO, io.BufferedReader(gzip.open(path)))
    return lambda: path.open("rb")
