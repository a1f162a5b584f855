"""Work through the daemon of a data folder: the one that runs, else one for as long as the work."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TypeVar

from leadboost.clock import Clock
from leadboost.console.auth import Role
from leadboost.folder import DataFolder, FolderInUseError
from leadboost.remote.client import START_DEADLINE_S, Remote, RemoteError, connect, find_daemon

T = TypeVar("T")

_POLL_S = 0.1


async def through_daemon(
    folder: DataFolder,
    clock: Clock,
    own: Callable[[], AbstractAsyncContextManager[str]],
    work: Callable[[Remote], Awaitable[T]],
    *,
    role: Role = Role.OPERATOR,
) -> T:
    """Do ``work``, which must be safe to repeat; ``own`` starts a daemon and yields its URL.

    Another command may take the folder first, or end its own daemon under the work: then it begins anew,
    for at most START_DEADLINE_S after the first attempt. Raises what ``work`` and ``own`` raise.
    """
    give_up_at = clock.monotonic() + START_DEADLINE_S
    while True:
        url = await find_daemon(folder, clock)
        try:
            async with (
                nullcontext(url) if url else own() as base_url,
                connect(base_url, folder, clock, role=role) as remote,
            ):
                return await work(remote)
        except FolderInUseError:
            if clock.monotonic() > give_up_at:
                raise
        except RemoteError as error:
            if not (error.remote_code == "unreachable" and url and _has_gone(folder, url)):
                raise
            if clock.monotonic() > give_up_at:
                raise
            print("the daemon ended in between; beginning anew", file=sys.stderr)
        await asyncio.sleep(_POLL_S)


def _has_gone(folder: DataFolder, url: str) -> bool:
    address = folder.running()
    return address is None or address.url != url
