"""One question of a source to its API, and its answer read aside."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from leadboost.connectors.client.answer import WebAnswer
from leadboost.connectors.client.aside import run_aside
from leadboost.connectors.client.exchange import WebRequest
from leadboost.connectors.client.reading import AnswerError
from leadboost.connectors.client.refusal import Refusals
from leadboost.connectors.client.web import CallError, WebClient

READ_S = 15.0

T = TypeVar("T")


async def ask(client: WebClient, request: WebRequest, refusals: Refusals, *, timeout_s: float) -> WebAnswer:
    """Send once; any status is an answer. Redirects are not followed: the credential stays with its host.

    Raises SourceError.
    """
    try:
        return await client.call(request, deadline_s=timeout_s)
    except CallError as error:
        raise refusals.broken(error.reason, error.retry_after_s) from None


async def read_aside(read: Callable[[], T], refusals: Refusals) -> T:
    """Read a body in a thread. Raises SourceError when it takes too long or is not what was asked for."""
    try:
        async with asyncio.timeout(READ_S):
            return await run_aside(read)
    except TimeoutError as error:
        raise refusals.broken(f"takes longer than {READ_S:g} s to read") from error
    except AnswerError as error:
        raise refusals.broken(f"answered something else than expected: {error}") from None
