"""Locks in Redis: who may lead. A hint, never a guard: an expiry is a wall clock's, a failover loses it."""

from contextlib import suppress

from leadboost.clock import Rng
from leadboost.errors import MirrorError
from leadboost.mirror import keys, scripts
from leadboost.mirror.client import RedisClients

_TOKEN_BITS = 128


class RedisElection:
    """The locks that one host holds, by name: ``SET NX PX`` with a token of its own for each attempt.

    An attempt whose reply was lost may have left a lock that nobody knows to hold. Its token is kept, so that
    it is recognised and deleted, at once or before the next attempt; it ends with its expiry in any case.
    Every method raises MirrorError.
    """

    def __init__(self, clients: RedisClients, *, rng: Rng, ttl_s: float) -> None:
        self._clients = clients
        self._rng = rng
        self._ttl_ms = round(ttl_s * 1000)
        self._held: dict[str, str] = {}
        self._ghosts: dict[str, str] = {}  # tokens to names

    async def win(self, name: str) -> bool:
        """Take the lock if nobody has it, this host neither."""
        await self._bury(name)
        token = f"{self._rng.bits(_TOKEN_BITS):032x}"
        try:
            won = await self._set(name, token)
        except MirrorError:
            with suppress(MirrorError):
                await self._bury(name)
            raise
        if won:
            self._held[name] = token
        return won

    async def _set(self, name: str, token: str) -> bool:
        answered = False
        try:
            async with self._clients.answering():
                won = await self._clients.writing.set(keys.lock(name), token, nx=True, px=self._ttl_ms)
                answered = True
        finally:  # whatever broke it off, the lock may have been taken
            if not answered:
                self._ghosts[token] = name
        return bool(won)

    async def extend(self, name: str) -> bool:
        """Prolong the lock; False when it is somebody else's, or nobody's."""
        token = self._held.get(name)
        if token is None:
            return False
        async with self._clients.answering():
            extended = await self._run(scripts.EXTEND, name, token, self._ttl_ms)
        if not extended:
            self._held.pop(name, None)
        return extended

    async def leave(self, name: str) -> None:
        """Give the lock up, so that nobody has to wait for its expiry."""
        token = self._held.pop(name, None)
        if token is not None:
            self._ghosts[token] = name
            await self._bury(name)

    async def _bury(self, name: str) -> None:
        """Delete what attempts of ours may have left."""
        for token in [token for token, named in self._ghosts.items() if named == name]:
            async with self._clients.answering():
                await self._run(scripts.RELEASE, name, token)
            self._ghosts.pop(token, None)

    async def _run(self, script: str, name: str, *arguments: str | int) -> bool:
        # EVAL sends the text each time: EVALSHA would need a second call on a server that restarted empty.
        answer: object = await self._clients.writing.eval(script, 1, keys.lock(name), *arguments)
        return bool(answer)
