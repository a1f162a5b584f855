"""Single questions that are asked at once leave as one call.

A limit on calls, not on what they hold, would let a halt of many campaigns wait for its turn.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from leadboost.errors import LeadBoostError

R = TypeVar("R")


class Together(Generic[R]):
    """Gathers what is asked in one turn of the loop, at most ``limit`` items a call.

    ``send`` takes the distinct items and tells for each its result, or the error to raise to its asker;
    what it raises itself goes to all. ``given_up`` makes the error of those whose call was cancelled.
    """

    def __init__(
        self,
        send: Callable[[Sequence[str]], Awaitable[Mapping[str, R | LeadBoostError]]],
        *,
        limit: int,
        given_up: Callable[[], LeadBoostError],
    ) -> None:
        self._send = send
        self._limit = limit
        self._given_up = given_up
        self._open: _Party[R] | None = None

    async def ask(self, item: str) -> R:
        """Ask for one item. Raises what ``send`` told or raised."""
        party = self._open
        if party is None or (len(party.items) >= self._limit and item not in party.items):
            party = self._open = _Party()
            return await self._lead(party, item)
        party.items.setdefault(item)
        return _result(await party.join(), item)

    async def _lead(self, party: "_Party[R]", item: str) -> R:
        """Wait until all that is asked in this turn has come, then call for all."""
        party.items.setdefault(item)
        try:
            await asyncio.sleep(0)
            if self._open is party:
                self._open = None
            found = await self._send(tuple(party.items))
        except LeadBoostError as error:
            party.fail(error)
            raise
        except BaseException:
            if self._open is party:
                self._open = None
            party.fail(self._given_up())
            raise
        party.succeed(found)
        return _result(found, item)


class _Party(Generic[R]):
    def __init__(self) -> None:
        self.items: dict[str, None] = {}
        self._waiting: list[asyncio.Future[Mapping[str, R | LeadBoostError]]] = []

    async def join(self) -> Mapping[str, R | LeadBoostError]:
        future: asyncio.Future[Mapping[str, R | LeadBoostError]] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return await future

    def succeed(self, found: Mapping[str, R | LeadBoostError]) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(found)

    def fail(self, error: LeadBoostError) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_exception(error)


def _result(found: Mapping[str, R | LeadBoostError], item: str) -> R:
    result = found[item]
    if isinstance(result, LeadBoostError):
        raise result
    return result
