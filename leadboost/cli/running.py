"""The daemon that does the work of a command."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, TypeVar

from leadboost.domain.role import RoleName
from leadboost.errors import InputError

if TYPE_CHECKING:
    from leadboost.config import Settings
    from leadboost.remote.client import Remote
    from leadboost.remote.report import Progress

T = TypeVar("T")


def with_daemon(
    settings: "Settings",
    work: Callable[["Remote", "Progress"], Awaitable[T]],
    *,
    as_json: bool,
    role: RoleName = RoleName.operator,
) -> T:
    """Do ``work`` through the running daemon, else through one that lives as long as the work."""
    from leadboost import log
    from leadboost.clock import SystemClock
    from leadboost.console.auth import Role
    from leadboost.folder import DataFolder
    from leadboost.remote.progress import shown_progress
    from leadboost.remote.session import through_daemon

    log.configure("warning", "auto")
    folder, clock = DataFolder(settings.data_dir), SystemClock()
    with shown_progress(quiet=as_json) as progress:
        done = through_daemon(
            folder,
            clock,
            lambda: _own_daemon(settings),
            lambda remote: work(remote, progress),
            role=Role.parse(role.value),
        )
        try:
            return asyncio.run(done)
        except (EOFError, zlib.error):
            raise InputError("file", "is damaged: its compressed data ends early or does not fit") from None


def _own_daemon(settings: "Settings") -> AbstractAsyncContextManager[str]:
    from leadboost.app import Daemon

    http = settings.http.model_copy(update={"host": "127.0.0.1", "port": 0})
    return Daemon(settings.model_copy(update={"http": http})).started()
