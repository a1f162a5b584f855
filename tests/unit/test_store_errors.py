import asyncpg
import pytest
from asyncpg.exceptions import InterfaceError, OutdatedSchemaCacheError

from leadboost.errors import StoreConflictError, StoreDataError, StoreError, StoreUnavailableError
from leadboost.store.errors import LockTimeoutError, translate


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (asyncpg.CharacterNotInRepertoireError("x"), StoreDataError),
        (asyncpg.NumericValueOutOfRangeError("x"), StoreDataError),
        (asyncpg.CheckViolationError("x"), StoreDataError),
        (asyncpg.NotNullViolationError("x"), StoreDataError),
        (asyncpg.UniqueViolationError("x"), StoreConflictError),
        (asyncpg.SerializationError("x"), StoreConflictError),
        (asyncpg.DeadlockDetectedError("x"), StoreConflictError),
        (asyncpg.LockNotAvailableError("x"), LockTimeoutError),
        (asyncpg.ProgramLimitExceededError("x"), StoreDataError),
        (asyncpg.InvalidCachedStatementError("x"), StoreConflictError),
        (OutdatedSchemaCacheError("x"), StoreConflictError),
        (asyncpg.ConnectionDoesNotExistError("x"), StoreUnavailableError),
        (asyncpg.AdminShutdownError("x"), StoreUnavailableError),
        (asyncpg.CannotConnectNowError("x"), StoreUnavailableError),
        (asyncpg.TooManyConnectionsError("x"), StoreUnavailableError),
        (asyncpg.DiskFullError("x"), StoreUnavailableError),
        (asyncpg.QueryCanceledError("x"), StoreUnavailableError),
        (asyncpg.InvalidPasswordError("x"), StoreUnavailableError),
        (asyncpg.UndefinedTableError("x"), StoreError),
        (InterfaceError("connection is closed"), StoreUnavailableError),
        (InterfaceError("pool is closing"), StoreUnavailableError),
        (ConnectionResetError(), StoreUnavailableError),
        (TimeoutError(), StoreUnavailableError),
        (EOFError(), StoreUnavailableError),
        (
            RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed"),
            StoreUnavailableError,
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_translate_makes_a_drivers_error_ours(error: Exception, expected: type[StoreError]) -> None:
    assert type(translate(error)) is expected


@pytest.mark.parametrize(
    "error", [RuntimeError("Event loop is closed"), InterfaceError("another operation is in progress")]
)
def test_translate_leaves_a_bug_a_bug(error: Exception) -> None:
    assert translate(error) is error
