"""``leadboost erase``: erasure on request."""

from collections.abc import Mapping

import orjson
from pydantic import BaseModel

from leadboost.remote.client import Remote


class Erased(BaseModel):
    """The answer of ``POST /api/signals/erase``."""

    signals: int
    deletion: str | None
    trace_id: str
    dry_run: bool


async def erase(remote: Remote, wanted: Mapping[str, str | None], *, dry_run: bool) -> Erased:
    """Ask for it. Raises RemoteError."""
    body = {name: value for name, value in wanted.items() if value is not None}
    path = "/api/signals/erase" + ("?dry_run=true" if dry_run else "")
    return await remote.post(path, orjson.dumps(body), Erased)


def describe(erased: Erased) -> str:
    """Write it for a person."""
    signals = "1 signal" if erased.signals == 1 else f"{erased.signals} signals"
    if erased.dry_run:
        return f"{signals} would be erased"
    return f"{signals} erased, and not heard again; proof: deletion {erased.deletion}"
