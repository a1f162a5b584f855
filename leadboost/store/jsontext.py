"""JSON as text, for arrays of documents: the driver would look up jsonb[] on every new connection."""

import orjson

from leadboost.errors import StoreDataError


def json_text(value: object) -> str:
    """Encode a JSON value. Raises StoreDataError for what JSON cannot hold."""
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise StoreDataError(f"not JSON: {error}") from error
