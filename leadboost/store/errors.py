"""The one table that turns the driver's errors into ours."""

import re

import asyncpg
from asyncpg.exceptions import (
    InterfaceError,
    InternalClientError,
    OutdatedSchemaCacheError,
    PostgresError,
)
from asyncpg.exceptions._base import DataError as ArgumentError

from leadboost.errors import StoreConflictError, StoreDataError, StoreError, StoreUnavailableError

# RuntimeError: uvloop raises it ("handler is closed") where asyncio raises a connection error.
DRIVER_ERRORS = (
    PostgresError, InterfaceError, InternalClientError, OSError, EOFError, TimeoutError, RuntimeError,
)  # fmt: skip
SERVER_ANSWERED = (PostgresError, ArgumentError)  # the connection is in step: usable after a ROLLBACK

_CONFLICT = frozenset({"23505", "23P01", "40001", "40P01"})
_LOCKED = "55P03"
_UNAVAILABLE = frozenset({"57014", "25P03", "25006", "3D000"})
_ADDRESS_ERRORS = (ValueError, OverflowError, IndexError)
CONNECT_ERRORS = (*DRIVER_ERRORS, *_ADDRESS_ERRORS)
_BY_CLASS: dict[str, type[StoreError]] = {
    "08": StoreUnavailableError,  # connection
    "22": StoreDataError,  # value out of range, NUL, bad encoding
    "23": StoreDataError,  # violated constraint
    "28": StoreUnavailableError,  # password refused
    "40": StoreConflictError,  # rolled back by the server
    "53": StoreUnavailableError,  # disk, memory, connection slots
    "54": StoreDataError,  # a value beyond a limit of the server
    "57": StoreUnavailableError,  # shut down, cancelled
    "58": StoreUnavailableError,  # server's own input or output failed
    "XX": StoreUnavailableError,  # server's own fault
}


class LockTimeoutError(StoreUnavailableError):
    """Someone else holds a row locked for longer than this transaction waits; nothing was written."""


def translate(error: Exception) -> Exception:
    """Return our error for a driver's error; anything that is not the driver's comes back unchanged.

    The text never repeats a value that was sent: it may be a secret.
    """
    match error:
        case asyncpg.InvalidCachedStatementError() | OutdatedSchemaCacheError():
            return StoreConflictError("the tables changed under a prepared statement")
        case PostgresError():
            return _kind_of(error.sqlstate or "")(_server_text(error))
        case ArgumentError():
            return StoreDataError(_argument_text(error))
        case TimeoutError():
            return StoreUnavailableError("the database did not answer in time")
        case OSError() | EOFError():
            return StoreUnavailableError(f"the database cannot be reached: {error}")
        case InterfaceError() | InternalClientError() if _is_gone(str(error)):
            return StoreUnavailableError(f"the connection to the database is gone: {error}")
        case RuntimeError() if "handler is closed" in str(error):
            return StoreUnavailableError("the connection to the database is gone")
        case _:
            return error


def translate_connect(error: Exception) -> Exception:
    """Like ``translate`` for errors of connecting, where a bad address shows too."""
    if isinstance(error, TimeoutError | OSError) or not isinstance(error, _ADDRESS_ERRORS):
        return translate(error)
    # A plain ValueError quotes what stands in the wrong place, which may be part of the password.
    reason = type(error).__name__ if type(error) is ValueError else str(error)
    return StoreUnavailableError(
        f"database.url is not valid ({reason}); write it as postgresql://user:password@host:5432/database"
    )


def _kind_of(sqlstate: str) -> type[StoreError]:
    if sqlstate == _LOCKED:
        return LockTimeoutError
    if sqlstate in _CONFLICT:
        return StoreConflictError
    if sqlstate in _UNAVAILABLE:
        return StoreUnavailableError
    return _BY_CLASS.get(sqlstate[:2], StoreError)


def _server_text(error: asyncpg.PostgresError) -> str:
    text = str(error.message or type(error).__name__)  # without detail, which quotes values
    if isinstance(error, asyncpg.InvalidTextRepresentationError):
        text = text.split(":", 1)[0]
    return f"{text} (SQLSTATE {error.sqlstate})"


def _argument_text(error: ArgumentError) -> str:
    position = re.search(r"\$\d+", str(error))
    where = f"query argument {position.group()}" if position else "query arguments"
    reason = type(error.__cause__).__name__ if error.__cause__ else "wrong type or number"
    return f"{where} cannot be sent to the database ({reason})"


def _is_gone(text: str) -> bool:
    return "closed" in text or "closing" in text or "released back to the pool" in text
