"""The one table that turns the errors of redis-py into ours."""

from redis import exceptions as driver

from leadboost.errors import MirrorError

# RuntimeError: uvloop raises it ("handler is closed") where asyncio raises a connection error.
DRIVER_ERRORS = (driver.RedisError, OSError, EOFError, RuntimeError)  # TimeoutError is an OSError

_REFUSED = driver.AuthenticationError | driver.AuthorizationError | driver.NoPermissionError


def is_silence(error: Exception) -> bool:
    """Tell whether nobody answered, rather than somebody refused."""
    return not isinstance(error, _REFUSED | driver.ResponseError)


def translate(error: Exception) -> Exception:
    """Return our error for a driver's error; anything that is not the driver's comes back unchanged.

    The text repeats no address: a URL may hold a password.
    """
    match error:
        case RuntimeError() if "handler is closed" not in str(error):
            return error
        case _ if isinstance(error, _REFUSED):
            return MirrorError("Redis refuses the credentials of redis.url")
        case driver.OutOfMemoryError():
            return MirrorError("Redis is out of memory and takes no writes")
        case driver.ReadOnlyError():
            return MirrorError("this Redis is a replica and takes no writes")
        case driver.TimeoutError() | TimeoutError():
            return MirrorError("Redis did not answer in time")
        case driver.ConnectionError() | OSError() | EOFError() | RuntimeError():
            return MirrorError("Redis cannot be reached")
        case _:
            return MirrorError(f"Redis answered with an error ({type(error).__name__})")
